"""Sending: at the rate, each at least once, retried with growing waits, erased with the record that it was sent."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from evaluations.messages.models import Message
from evaluations.messages.queries import waiting_letters
from evaluations.messages.rules.gateway import wait_before
from evaluations.messages.rules.kinds import Failure, MessageState, Way
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.receipts import stop_number
from evaluations.messages.services.sending import Claimed, claim, end_of_vote, record_outcome
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.service_records.models import Client
from tests.evaluations.messages.factories import SITE, deliver, drawn_round, send_all
from tests.factories import NOON, make_user
from tests.pages import exactly

pytestmark = pytest.mark.django_db
REFUSED = Outcome(Failure.REFUSED)


@pytest.fixture
def round_():
    """A round with five messages to send."""
    made = drawn_round(5)
    deliver(made)
    return made


def states():
    return list(Message.objects.values_list("state", flat=True))


class TestAMessage:
    def test_says_what_for_until_when_and_how_to_unsubscribe(self, round_, monkeypatch):
        message = send_all(monkeypatch)[0]
        client = next(client for client in Client.objects.all() if client.phone == message.phone)

        assert message.text.startswith(f"【南川评议办】{client.name}：")
        assert f"{SITE}/ballot/#" in message.text
        assert str(round_.sections.get()) in message.text
        assert "3月3日12:00截止" in message.text
        assert message.text.endswith("回复TD退订")

    def test_is_erased_with_the_record_that_it_was_sent_if_nothing_is_kept(self, round_, monkeypatch, settings):
        settings.MESSAGE_KEEP_HOURS = 0
        send_all(monkeypatch)

        assert states() == [MessageState.SENT] * 5
        assert set(Message.objects.values_list("content", "next_at")) == {(None, None)}

    @pytest.mark.parametrize(
        "fields",
        [
            {"state": MessageState.SENT, "next_at": None},
            {"state": MessageState.SENT, "number": "0" * 32},
            {"state": MessageState.SENT, "way": Way.LETTER},
            {"state": MessageState.DELIVERED},
            {"state": MessageState.STOPPED},
        ],
    )
    def test_cannot_be_kept_without_a_time_to_leave_beside_its_number_or_once_it_is_done(self, round_, fields):
        with pytest.raises(IntegrityError), transaction.atomic():
            Message.objects.update(**fields)

    def test_waits_for_the_vote_to_begin_and_is_not_sent_after_it(self, round_, monkeypatch):
        assert send_all(monkeypatch, at=round_.opens_at - timedelta(seconds=1)) == []
        assert send_all(monkeypatch, at=round_.closes_at) == []

    def test_goes_by_letter_if_its_owner_has_unsubscribed_meanwhile(self, round_, monkeypatch):
        stopped = Client.objects.first()
        stop_number(phone=stopped.phone, by=make_user("clerk"), at=NOON)

        assert len(send_all(monkeypatch)) == 4
        letter = Message.objects.get(client=stopped)
        assert (letter.way, letter.state, letter.failure) == (Way.LETTER, MessageState.QUEUED, Failure.STOP_LIST)
        assert letter.content


class TestARefusal:
    def test_is_tried_again_later_and_later_and_then_left_with_its_text(self, round_, monkeypatch, settings):
        settings.MESSAGE_RETRIES = 2
        at, tries = NOON, []
        for _ in range(4):
            tries.append(len(send_all(monkeypatch, REFUSED, at=at)))
            at += timedelta(minutes=30)

        assert tries == [5, 5, 5, 0]
        assert states() == [MessageState.FAILED] * 5
        assert set(Message.objects.values_list("failure", flat=True)) == {Failure.REFUSED}
        assert all(Message.objects.values_list("content", flat=True))

    def test_waits_twice_as_long_every_time_up_to_an_hour(self):
        assert [wait_before(n).total_seconds() / 60 for n in (1, 2, 3, 6, 7, 90)] == [1, 2, 4, 32, 60, 60]


class TestTheQueue:
    def test_keeps_the_rate_of_all_processes_together(self, round_, settings):
        settings.MESSAGE_RATE = 30

        assert isinstance(claim(at=NOON), Claimed)
        assert claim(at=NOON) == 2.0
        assert claim(at=NOON + timedelta(seconds=1.5)) == 0.5
        assert isinstance(claim(at=NOON + timedelta(seconds=2)), Claimed)

    def test_a_clock_that_was_set_back_does_not_stop_it(self, round_):
        claim(at=NOON + timedelta(hours=2))

        assert isinstance(claim(at=NOON), Claimed)

    def test_hands_a_message_over_again_whose_sender_has_died_under_the_same_number(self, round_, settings):
        lost = claim(at=NOON)
        after = NOON + timedelta(seconds=2 * settings.MESSAGE_TIMEOUT + 61)
        again = []
        while len(again) < 5:
            found = claim(at=after)
            again += [found] if isinstance(found, Claimed) else []
            after += timedelta(seconds=1)

        assert lost.outgoing in [found.outgoing for found in again]
        assert lost.tries == 1
        assert record_outcome(lost, REFUSED, at=after) is False, "the later sender decides"
        assert record_outcome(lost, Outcome(), at=after) is True, "what was accepted was sent"
        assert Message.objects.get(pk=lost.message).state == MessageState.SENT

    def test_a_late_acceptance_takes_a_letter_back_that_was_to_go_instead(self, round_):
        lost = claim(at=NOON)
        Message.objects.filter(pk=lost.message).update(state=MessageState.QUEUED, way=Way.LETTER, next_at=None)
        assert waiting_letters(round_).count() == 1

        assert record_outcome(lost, Outcome(), at=NOON) is True

        assert Message.objects.filter(pk=lost.message, way=Way.SMS, state=MessageState.SENT).exists()
        assert not waiting_letters(round_).exists()

    def test_takes_few_statements_for_a_message_however_many_wait(self, round_):
        claim(at=NOON - timedelta(minutes=1))
        with exactly(10):
            found = claim(at=NOON)
        with exactly(4):
            record_outcome(found, Outcome(), at=NOON)


class TestTheEndOfTheVote:
    def test_erases_what_was_not_sent(self, round_, monkeypatch):
        assert end_of_vote(at=NOON) == 0
        assert end_of_vote(at=round_.closes_at) == 5
        assert states() == [MessageState.STOPPED] * 5
        assert set(Message.objects.values_list("content", flat=True)) == {None}

    def test_does_the_same_for_a_void_round(self, round_):
        Round.objects.update(state=RoundState.VOID)

        assert end_of_vote(at=NOON) == 5


class TestTheCommands:
    def test_the_clock_sends(self, round_, monkeypatch, capsys, settings, time_machine):
        time_machine.move_to(NOON)
        settings.MESSAGE_RATE = 60_000
        call_command("advance_rounds")

        assert "发送短信：已发出5条" in capsys.readouterr().out
        assert states() == [MessageState.SENT] * 5

    def test_send_messages_once(self, round_, capsys, settings, time_machine):
        time_machine.move_to(NOON)
        settings.MESSAGE_RATE = 60_000
        call_command("send_messages", once=True)

        assert "已发出5条" in capsys.readouterr().out
