"""Each drawn person gets one message or one letter, with a code of each section for which they are drawn."""

import json
import re

import pytest

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services.issuing import issue_together
from evaluations.draws.models import DrawEntry
from evaluations.messages.models import Message, MessageEntry, StopNumber
from evaluations.messages.rules.kinds import Failure, MessageKind, MessageState, Way
from evaluations.messages.rules.receipts import Receipt
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.letters import print_letters
from evaluations.messages.services.receipts import stop_number, take_receipts
from evaluations.protocol.codes import issue_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.service_records.models import Client
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.evaluations.messages.factories import deliver, delivered, drawn_round, send_all
from tests.evaluations.service_records.factories import make_client, make_records
from tests.factories import NOON, hold_draw, make_open_round, make_pool, make_user

pytestmark = pytest.mark.django_db
CODE = re.compile(r"#([0-9A-Z]{20})\b")


def lines_in(message):
    return json.loads(message.content)["lines"]


class TestTheCodes:
    def test_everybody_drawn_gets_one_message_with_a_code_for_each_section(self):
        round_ = drawn_round(5, 5, both=1, client_letters=6)

        made = deliver(round_)

        assert (made.messages, made.letters, made.codes) == (11, 0, 12)
        assert Credential.objects.count() == 12
        both = Message.objects.get(client=Client.objects.last())
        assert len(lines_in(both)) == 2
        assert len({line["code"] for message in Message.objects.all() for line in lines_in(message)}) == 12

    def test_each_code_is_of_the_batch_of_its_section(self):
        round_ = drawn_round(5, 5)
        deliver(round_)

        for message in Message.objects.all():
            (line,) = lines_in(message)
            batch = CodeBatch.objects.get(credentials=issue_of(round_.key, line["code"]))
            assert batch.stratum == message.entries.get().entry.stratum
            assert line["section"] == str(round_.sections.get(code=batch.stratum.partition(" ")[0]))

    def test_a_second_time_there_is_nothing_to_make(self):
        round_ = drawn_round(5)
        deliver(round_)

        with pytest.raises(RuleViolation, match="已经齐全"):
            deliver(round_)
        assert Credential.objects.count() == 5

    def test_nothing_is_made_if_anything_fails(self, monkeypatch):
        round_ = drawn_round(5)
        monkeypatch.setattr(MessageEntry.objects, "bulk_create", lambda *given, **named: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            deliver(round_)
        assert not Credential.objects.exists()
        assert not Message.objects.exists()

    def test_a_stratum_whose_codes_were_made_otherwise_is_left_alone(self):
        round_ = drawn_round(5)
        issue_together(round_id=round_.pk, counters=(), by=make_user("clerk"), at=NOON)

        with pytest.raises(RuleViolation, match="已经另行生成"):
            deliver(round_)
        assert not Message.objects.exists()

    def test_strata_with_some_codes_made_otherwise_are_named_in_one_sentence(self):
        round_ = drawn_round(6, 6, 6, 6)
        issue_together(round_id=round_.pk, counters=(), by=make_user("clerk"), at=NOON)
        for batch in round_.batches.filter(section__isnull=False):
            Credential.objects.filter(pk=batch.credentials.first().pk).update(is_void=True)

        with pytest.raises(RuleViolation, match=r"^24人的票号有一部分是另行生成的：.*等4类。") as refused:
            deliver(round_)
        assert len(refused.value.reasons) == 1
        assert not Message.objects.exists()

    def test_only_those_who_make_codes_may(self):
        with pytest.raises(policy.Denied):
            deliver(drawn_round(5), by=make_user("chief"))

    def test_after_the_vote_nothing_is_made(self):
        round_ = drawn_round(5)

        with pytest.raises(RuleViolation, match="投票截止之前"):
            deliver(round_, at=round_.closes_at)

    def test_the_log_has_figures_only(self):
        round_ = drawn_round(5)
        deliver(round_)
        codes = [line["code"] for message in Message.objects.all() for line in lines_in(message)]

        log = json.dumps(list(AuditEntry.objects.values("detail", "reason", "object_id")), ensure_ascii=False)
        assert '"messages": 5' in log
        assert not any(code in log for code in codes)
        assert not any(client.name in log or client.phone in log for client in Client.objects.all())


class TestTheWay:
    def test_letters_go_to_all_if_the_office_chooses(self):
        assert deliver(drawn_round(5), letters_only=True).letters == 5

    def test_letters_go_to_all_where_there_is_no_gateway(self, settings):
        settings.MESSAGE_GATEWAY = ""

        assert deliver(drawn_round(5)).letters == 5

    def test_a_letter_goes_to_whoever_has_unsubscribed(self):
        round_ = drawn_round(5)
        stop_number(phone=Client.objects.first().phone, by=make_user("clerk"), at=NOON)

        made = deliver(round_)

        assert (made.messages, made.letters) == (4, 1)
        assert Message.objects.get(way=Way.LETTER).client == Client.objects.first()
        assert StopNumber.objects.get().phone == Client.objects.first().phone


class TestEvaluators:
    def test_get_a_code_that_is_bound_to_no_section(self):
        round_ = make_open_round()
        Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
        round_.refresh_from_db()
        make_pool(round_)
        hold_draw(round_, DrawPurpose.EVALUATORS)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)

        made = deliver(round_, purposes=[DrawPurpose.EVALUATORS])

        assert made.codes == DrawEntry.objects.filter(is_selected=True).count()
        assert {line["section"] for message in Message.objects.all() for line in lines_in(message)} == {""}


class TestLater:
    def test_those_drawn_since_get_theirs_and_nobody_twice(self, monkeypatch):
        round_ = drawn_round(9)
        deliver(round_)
        got = send_all(monkeypatch)
        DrawEntry.objects.filter(pk=DrawEntry.objects.filter(is_selected=False).first().pk).update(is_selected=True)

        made = deliver(round_)

        assert (len(got), made.codes) == (6, 1)
        assert not Message.objects.filter(kind=MessageKind.TOP_UP).exists()  # no further round was opened

    def test_a_code_not_sent_yet_goes_to_whoever_takes_the_place(self, monkeypatch):
        round_ = drawn_round(9)
        deliver(round_)
        removed = DrawEntry.objects.filter(is_selected=True).first()
        taker = DrawEntry.objects.filter(is_selected=False).first()
        DrawEntry.objects.filter(pk=removed.pk).update(is_selected=False)
        DrawEntry.objects.filter(pk=taker.pk).update(is_selected=True)

        assert deliver(round_).codes == 1
        assert Credential.objects.count() == 6
        assert Message.objects.get(client=removed.client).state == MessageState.STOPPED
        got = send_all(monkeypatch)
        assert removed.client.phone not in {message.phone for message in got}
        assert taker.client.phone in {message.phone for message in got}
        assert len({CODE.search(message.text)[1] for message in got}) == 6

    def test_the_delivered_are_counted_by_section(self, monkeypatch):
        round_ = drawn_round(5, 5)
        deliver(round_)
        assert delivered(round_) == [0, 0]
        send_all(monkeypatch)

        assert delivered(round_) == [5, 5]


def swap(removed):
    """Remove a drawn place, which the next of its stratum takes; returns who took it."""
    taker = DrawEntry.objects.filter(stratum=removed.stratum, is_selected=False).first()
    DrawEntry.objects.filter(pk=removed.pk).update(is_selected=False)
    if taker:
        DrawEntry.objects.filter(pk=taker.pk).update(is_selected=True)
    return taker


def able():
    return Credential.objects.filter(is_void=False).count()


class TestRemovals:
    """Whatever the order, as many codes are valid as people are drawn, and everybody drawn gets one."""

    def test_leave_alone_the_codes_of_a_draw_that_is_not_asked_for(self, monkeypatch):
        round_ = drawn_round(9)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
        round_.refresh_from_db()
        make_pool(round_)
        hold_draw(round_, DrawPurpose.EVALUATORS)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        drawn = DrawEntry.objects.filter(is_selected=True)
        alternate = drawn.filter(draw__purpose=DrawPurpose.EVALUATORS).first()
        DrawEntry.objects.filter(pk=alternate.pk).update(is_selected=False)
        deliver(round_)
        people = drawn.count()
        evaluator = swap(drawn.filter(stratum=alternate.stratum).first())
        client = swap(drawn.filter(draw__purpose=DrawPurpose.CLIENTS).first())

        assert deliver(round_, purposes=[DrawPurpose.CLIENTS]).codes == 1
        assert deliver(round_).codes == 1
        assert able() == people
        phones = [message.phone for message in send_all(monkeypatch)]
        assert len(phones) == people
        assert {evaluator.person.phone, client.client.phone} <= set(phones)

    @pytest.mark.parametrize("letters", [False, True])
    def test_make_void_the_code_of_a_place_lost_when_the_others_go_out(self, monkeypatch, letters):
        round_ = drawn_round(8, 8, both=1, client_letters=9)
        deliver(round_, letters_only=letters)
        both = Message.objects.get(client=Client.objects.last())
        lost = both.entries.first().entry
        DrawEntry.objects.filter(pk=lost.pk).update(is_selected=False)
        if letters:
            print_letters(round_id=round_.pk, most=99, by=make_user("clerk"), at=NOON)
        else:
            (text,) = [each.text for each in send_all(monkeypatch) if each.phone == both.client.phone]
            assert len(CODE.findall(text)) == 1

        assert able() == 17
        assert Credential.objects.filter(is_void=True).count() == 1
        newcomer = make_client()
        DrawEntry.objects.create(
            draw=lost.draw, stratum=lost.stratum, token="f" * 64, client=newcomer, is_selected=True, place=9
        )
        assert deliver(round_).codes == 1
        assert able() == 18

    def test_void_what_nobody_takes_over(self):
        round_ = drawn_round(5, 9)
        deliver(round_)
        swap(DrawEntry.objects.filter(stratum__startswith=round_.sections.order_by("code").first().code).first())
        assert not any(delivered(round_))
        swap(DrawEntry.objects.filter(stratum__startswith=round_.sections.order_by("code").last().code).first())

        deliver(round_)
        assert able() == DrawEntry.objects.filter(is_selected=True).count()

    def test_never_give_away_a_code_that_the_gateway_may_have_sent(self, monkeypatch, settings):
        settings.MESSAGE_RETRIES = 0
        round_ = drawn_round(9)
        deliver(round_)
        send_all(monkeypatch, Outcome(Failure.NO_ANSWER))
        swap(Message.objects.first().entries.get().entry)
        before = set(Credential.objects.values_list("pk", flat=True))

        assert deliver(round_).codes == 1
        assert Credential.objects.exclude(pk__in=before).count() == 1
        assert able() == 6

    def test_of_whom_the_message_did_not_reach_do_not_stop_the_act(self, monkeypatch):
        round_ = drawn_round(9, 9)
        deliver(round_)
        send_all(monkeypatch)
        message = Message.objects.first()
        take_receipts([Receipt(message.key, False)], at=NOON)
        swap(message.entries.get().entry)
        other = DrawEntry.objects.exclude(stratum=message.entries.get().entry.stratum).filter(is_selected=True).first()

        with pytest.raises(RuleViolation, match="1人接替的是通知已经发出的人员"):
            deliver(round_)
        Credential.objects.filter(batch__stratum=other.stratum).update(is_void=True)  # of one who gave it back
        Credential.objects.filter(
            pk__in=Credential.objects.filter(batch__stratum=other.stratum).values("pk")[:5]
        ).update(is_void=False)
        swap(other)
        assert deliver(round_).codes == 1


class TestWhatEvaluatorsAreOffered:
    def test_their_link_goes_on_with_the_sections_of_their_records(self, monkeypatch):
        round_ = make_open_round(sections=2)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
        round_.refresh_from_db()
        make_pool(round_)
        hold_draw(round_, DrawPurpose.EVALUATORS)
        Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
        person = DrawEntry.objects.filter(is_selected=True).first().person
        section = round_.sections.first()
        make_records(section.section, make_client(name=person.name, phone=person.phone))

        deliver(round_, purposes=[DrawPurpose.EVALUATORS])

        got = {message.phone: message.text for message in send_all(monkeypatch)}
        assert f".{section.code} 回复TD退订" in got[person.phone]
        assert sum(f".{section.code}" in text for text in got.values()) == 1
