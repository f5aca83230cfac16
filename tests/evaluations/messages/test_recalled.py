"""Codes of a recalled batch are sent to nobody; who cannot have voted by one gets another."""

import pytest

from evaluations.codes.models import Credential
from evaluations.codes.services.voiding import recall_batch
from evaluations.messages.models import Message
from evaluations.messages.queries import deliveries_by_stratum
from evaluations.messages.rules.kinds import MessageState
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.letters import print_letters
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import deliver, drawn_round, send_all
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db
PEOPLE = 6


def recall(round_, **which):
    for batch in round_.batches.filter(is_open=True, **which):
        recall_batch(batch_id=batch.pk, reason="遗失", by=make_user("chief"), at=NOON)


def use_one(round_):
    code = Credential.objects.filter(batch__round=round_).first()
    Credential.objects.filter(pk=code.pk).update(spend="e" * 64)


def living(round_):
    return Credential.objects.filter(batch__round=round_, batch__is_open=True, is_void=False).count()


@pytest.fixture
def round_(time_machine):
    time_machine.move_to(NOON)
    return drawn_round(PEOPLE)


def test_messages_that_wait_are_stopped_and_erased(round_, monkeypatch):
    deliver(round_)
    recall(round_)

    assert send_all(monkeypatch) == []
    assert not Message.objects.exclude(state=MessageState.STOPPED, content__isnull=True).exists()


def test_letters_that_wait_are_not_printed(round_):
    deliver(round_, letters_only=True)
    recall(round_)

    with pytest.raises(RuleViolation, match="没有待打印的信函"):
        print_letters(round_id=round_.pk, most=10, by=make_user("clerk"), at=NOON)


def test_other_codes_of_the_same_message_still_go_out(time_machine, monkeypatch):
    time_machine.move_to(NOON)
    round_ = drawn_round(PEOPLE, PEOPLE, both=2)
    deliver(round_)
    recall(round_, pk=round_.batches.first().pk)

    codes = [message.text.count("/ballot/#") for message in send_all(monkeypatch)]
    assert sum(codes) == living(round_)
    assert set(codes) == {1}


def test_a_batch_recalled_before_is_not_sent_either(round_, monkeypatch):
    deliver(round_)
    round_.batches.update(is_open=False)

    assert send_all(monkeypatch) == []


def test_all_get_another_code_if_none_was_used(round_, monkeypatch):
    deliver(round_)
    send_all(monkeypatch)
    recall(round_)

    made = deliver(round_)
    assert (made.messages, made.codes) == (PEOPLE, PEOPLE)
    assert len(send_all(monkeypatch)) == living(round_) == PEOPLE


def test_once_one_was_used_nobody_gets_another_who_may_have_it(round_, monkeypatch):
    deliver(round_)
    send_all(monkeypatch)
    use_one(round_)
    recall(round_)

    with pytest.raises(RuleViolation, match="没有重复生成"):
        deliver(round_)


def test_whose_message_never_left_gets_another_even_then(round_, monkeypatch):
    deliver(round_)
    waiting = Message.objects.first()
    Message.objects.filter(pk=waiting.pk).update(next_at=None)
    send_all(monkeypatch)
    use_one(round_)
    recall(round_)

    made = deliver(round_)
    assert (made.messages, made.codes, living(round_)) == (1, 1, 1)
    assert Message.objects.get(state=MessageState.QUEUED).client == waiting.client


def test_a_message_that_a_gateway_refused_may_have_arrived(round_, monkeypatch):
    deliver(round_)
    send_all(monkeypatch, lambda message: Outcome(failure="refused"))
    use_one(round_)
    recall(round_)

    with pytest.raises(RuleViolation, match="没有重复生成"):
        deliver(round_)
    assert all(all(each) for each in deliveries_by_stratum(round_).values())
