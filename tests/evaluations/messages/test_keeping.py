"""What a sent message says is kept, locked, until its receipt: it can be sent again, and nobody can read it before."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from evaluations.codes.models import Credential
from evaluations.draws.models import DrawEntry
from evaluations.messages.models import Message
from evaluations.messages.queries import failures, not_delivered_by_section, waiting_letters
from evaluations.messages.rules.gateway import Gateway, gateway_faults, kept_until
from evaluations.messages.rules.kinds import Failure, MessageState, Way
from evaluations.messages.rules.receipts import Receipt
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.keeping import digest_of, locked, new_number, opened
from evaluations.messages.services.letters import print_letters, requeue_failed
from evaluations.messages.services.making import deliver_new
from evaluations.messages.services.receipts import take_receipts
from evaluations.messages.services.sending import end_of_vote, forget_kept, message_jobs
from evaluations.protocol.codes import issue_of
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import SITE, deliver, delivered, drawn_round, send_all
from tests.factories import NOON, cast_ballots, make_user

HOUR = timedelta(hours=1)


class TestTheLock:
    def test_opens_with_each_of_its_numbers_and_with_nothing_else(self):
        ours, gateways = new_number(), "msg-1"
        kept = locked("号码", (ours, gateways, ""))

        assert [opened(kept, number) for number in (ours, gateways)] == ["号码", "号码"]
        assert [opened(kept, number) for number in (digest_of(ours), new_number(), "")] == [None, None, None]
        assert opened(None, ours) is None

    def test_is_another_one_every_time_and_shows_no_time(self):
        number = new_number()

        assert locked("号码", (number,)) != locked("号码", (number,))
        assert {len(part) for part in json.loads(locked("号码", (number, "b")))} == {len("x" * 48)}

    def test_digest_of_nothing_finds_nothing(self):
        assert digest_of("") == ""
        assert len({digest_of(new_number()) for _ in range(9)}) == 9


@pytest.mark.parametrize(("hours", "until"), [(0, None), (1, 1), (72, 72)])
def test_the_time_to_leave_is_a_full_hour(hours, until):
    at = NOON.replace(minute=0) + timedelta(minutes=17, seconds=4)

    assert kept_until(at, hours) == (None if until is None else NOON.replace(minute=0) + until * HOUR)


@pytest.mark.parametrize(("hours", "is_fault"), [(-1, True), (0, False), (144, False), (145, True)])
def test_the_setting_is_checked_at_the_start(hours, is_fault):
    faults = gateway_faults(Gateway("console", keep_hours=hours), is_production=False)

    assert bool(faults) == is_fault
    assert all("MESSAGE_KEEP_HOURS" in fault for fault in faults)


@pytest.fixture
def sent(db, monkeypatch):
    """A round with five messages sent; the texts by the numbers under which the gateway has them."""
    round_ = drawn_round(5)
    deliver(round_)
    return round_, {message.key: message.text for message in send_all(monkeypatch)}


def code_in(text):
    return text.partition("#")[2][:20]


def lose(number, at=NOON):
    take_receipts([Receipt(number, False)], at=at)
    return Message.objects.get(receipt=digest_of(number))


def requeue(round_, as_letters=False, at=NOON):
    return requeue_failed(round_id=round_.pk, as_letters=as_letters, by=make_user("clerk"), at=at)


class TestWhatDidNotArrive:
    def test_is_sent_again_with_the_same_link_under_another_number(self, sent, monkeypatch):
        round_, texts = sent
        number = next(iter(texts))
        lost = lose(number)
        assert (lost.state, lost.failure) == (MessageState.FAILED, Failure.UNDELIVERED)
        assert delivered(round_) == [4]
        assert [(one.codes, one.waiting) for one in not_delivered_by_section(round_).values()] == [(1, 1)]

        requeue(round_)
        (again,) = send_all(monkeypatch, at=NOON + HOUR)

        assert (again.text, again.key == number) == (texts[number], False)
        assert delivered(round_) == [5]
        take_receipts([Receipt(again.key, True)], at=NOON + HOUR)
        lost.refresh_from_db()
        assert (lost.state, lost.content, lost.next_at) == (MessageState.DELIVERED, None, None)

    def test_goes_by_letter_with_the_same_code_or_not_at_all_if_it_arrives_late(self, sent):
        round_, texts = sent
        first, second = list(texts)[:2]
        code = code_in(texts[first])
        lost = lose(first)
        lose(second)
        requeue(round_, as_letters=True)
        assert code in lost.content
        take_receipts([Receipt(second, True)], at=NOON)

        assert [letter.pk for letter in waiting_letters(round_)] == [lost.pk]
        assert print_letters(round_id=round_.pk, most=9, by=make_user("clerk"), at=NOON).letters == 1
        lost.refresh_from_db()
        assert (lost.way, lost.state, lost.content) == (Way.LETTER, MessageState.SENT, None)
        assert delivered(round_) == [5]

    def test_is_told_of_as_beyond_help_once_the_hours_are_over(self, sent, settings):
        round_, texts = sent
        after = NOON + timedelta(hours=settings.MESSAGE_KEEP_HOURS + 1)
        assert forget_kept(at=after - HOUR * 2) == 0
        assert forget_kept(at=after) == 5

        lost = lose(next(iter(texts)), at=after)

        assert (lost.state, lost.content) == (MessageState.FAILED, None)
        assert failures(round_) == {Failure.UNDELIVERED.label: 1}
        assert [(one.codes, one.waiting) for one in not_delivered_by_section(round_).values()] == [(1, 0)]
        with pytest.raises(RuleViolation, match="不能再发"):
            requeue(round_)

    def test_is_known_by_the_gateways_own_number_too(self, db, monkeypatch):
        round_ = drawn_round(5)
        deliver(round_)
        send_all(monkeypatch, Outcome("", "msg-1"))
        Message.objects.exclude(pk=Message.objects.first().pk).update(gateway_id="")
        take_receipts([Receipt("msg-1", False)], at=NOON)

        assert Message.objects.get(state=MessageState.FAILED).content.startswith('{"site"')

    def test_makes_no_second_code(self, sent, monkeypatch):
        round_, texts = sent
        lose(next(iter(texts)))
        requeue(round_)
        send_all(monkeypatch, at=NOON + HOUR)

        assert Credential.objects.filter(is_void=False).count() == 5
        with pytest.raises(RuleViolation, match="没有重复生成"):
            deliver_new(round_id=round_.pk, site=SITE, by=make_user("clerk"), at=NOON)

    def test_of_somebody_removed_meanwhile_is_void_and_whoever_takes_the_place_gets_another(self, db, monkeypatch):
        round_ = drawn_round(9)
        deliver(round_)
        texts = {message.key: message.text for message in send_all(monkeypatch)}
        number = next(iter(texts))
        removed = Message.objects.get(receipt=digest_of(number)).entries.get().entry
        DrawEntry.objects.filter(pk=removed.pk).update(is_selected=False)
        taker = DrawEntry.objects.filter(is_selected=False).exclude(pk=removed.pk).first()
        DrawEntry.objects.filter(pk=taker.pk).update(is_selected=True)
        with pytest.raises(RuleViolation, match="请收回原来的票号"):
            deliver(round_)

        lose(number)

        assert deliver(round_).codes == 1
        assert Credential.objects.get(is_void=True).issue == issue_of(round_.key, code_in(texts[number]))
        assert Message.objects.get(receipt=digest_of(number)).state == MessageState.STOPPED


class TestNobodyReadsIt:
    def test_neither_before_nor_after_the_ballot_is_cast_and_no_ballot_changes_it(self, sent):
        round_, texts = sent
        code = code_in(next(iter(texts.values())))
        before = list(Message.objects.order_by("pk").values_list())
        cast_ballots(round_, [code])

        assert list(Message.objects.order_by("pk").values_list()) == before
        kept = [message.content for message in Message.objects.all()]
        # FIELD_KEY has opened the column already; what is left has no code in it, nor any number that opens it.
        assert not any(code in text or number in text for text in kept for number in texts)
        assert not any(number in repr(before) for number in texts)

    def test_a_receipt_says_that_it_arrived_and_the_text_is_gone(self, sent):
        _, texts = sent
        take_receipts([Receipt(number, True) for number in texts], at=NOON)

        assert set(Message.objects.values_list("state", "content", "next_at")) == {(MessageState.DELIVERED, None, None)}

    def test_the_end_of_the_vote_erases_it(self, sent):
        round_, _ = sent
        assert end_of_vote(at=round_.closes_at) == 0, "all were sent"

        assert set(Message.objects.values_list("state", "content", "next_at")) == {(MessageState.SENT, None, None)}

    def test_the_clock_erases_it_when_the_hours_are_over(self, sent, settings):
        after = NOON + timedelta(hours=settings.MESSAGE_KEEP_HOURS + 1)
        for job in message_jobs(after):
            job.run()

        assert not Message.objects.filter(content__isnull=False).exists()


def test_the_upgrade_finds_messages_sent_before_by_their_keys_and_going_back_keeps_no_text(sent):
    migration = import_module("evaluations.migrations.0018_kept_messages")
    before = list(Message.objects.values_list("key", flat=True))
    Message.objects.update(number="", receipt="", gateway_id="")

    migration.digest_numbers(apps, None)
    assert take_receipts([Receipt(key, True) for key in before[:4]], at=NOON).matched == 4
    assert Message.objects.filter(content__isnull=False).count() == 1
    migration.erase_kept(apps, None)

    assert not Message.objects.filter(content__isnull=False).exists()
