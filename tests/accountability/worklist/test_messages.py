"""The work list reminds of letters that wait for the printer and of messages that failed, until the vote closes."""

import pytest

from accountability.worklist.queries.items import work_items_of
from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import Failure, MessageState
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.letters import print_letters, requeue_failed
from tests.evaluations.messages.factories import deliver, drawn_round, send_all
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db


def waits(role="clerk", at=NOON):
    return {item.key.rpartition("-")[0] for item in work_items_of(make_user(role), at=at)} & {
        "letters",
        "failed-messages",
    }


def test_letters_wait_until_they_are_printed():
    round_ = drawn_round(6)
    assert waits() == set()
    deliver(round_, letters_only=True)
    assert waits() == {"letters"}
    assert waits("auditor") == set()
    print_letters(round_id=round_.pk, most=3, by=make_user("clerk"), at=NOON)
    assert waits() == {"letters"}
    print_letters(round_id=round_.pk, most=30, by=make_user("clerk"), at=NOON)
    assert waits() == set()


def test_failed_messages_wait_until_somebody_decides(monkeypatch, settings):
    settings.MESSAGE_RETRIES = 0
    round_ = drawn_round(6)
    deliver(round_)
    assert waits() == set()
    send_all(monkeypatch, Outcome(failure=Failure.REFUSED))
    assert Message.objects.filter(state=MessageState.FAILED).count() == 6
    assert waits() == {"failed-messages"}
    requeue_failed(round_id=round_.pk, as_letters=True, by=make_user("clerk"), at=NOON)
    assert waits() == {"letters"}


def test_nothing_waits_once_the_vote_has_closed():
    round_ = drawn_round(6)
    deliver(round_, letters_only=True)
    assert waits(at=round_.closes_at) == set()
