"""Processes that send at once, on connections of their own: each message goes out once, at one rate for all."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Lock

import pytest
from django.db import connection
from django.utils import timezone

from evaluations.codes.models import Credential
from evaluations.messages.models import Message
from evaluations.messages.rules.kinds import MessageState
from evaluations.messages.services import gateways
from evaluations.messages.services.gateways import Outcome
from evaluations.messages.services.keeping import digest_of
from evaluations.messages.services.letters import print_letters
from evaluations.messages.services.making import deliver_new
from evaluations.messages.services.sending import send_due
from evaluations.rounds.models import Round
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import SITE, drawn_round
from tests.factories import make_user

THREADS = 4
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(work):
    """Do the work in every thread at the same moment; returns the results."""
    start = Barrier(THREADS)

    def run(number):
        start.wait()
        try:
            return work(number)
        except RuleViolation as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(THREADS)))


@pytest.fixture
def round_():
    """A round that votes now, whose clients are drawn."""
    made, now = drawn_round(12, client_letters=12), timezone.now()
    Round.objects.update(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    return made


def deliver(round_, by, **given):
    return deliver_new(round_id=round_.pk, site=SITE, by=by, at=timezone.now(), **given)


def test_senders_share_the_queue_and_the_rate(round_, monkeypatch, settings):
    settings.MESSAGE_RATE = 1200
    deliver(round_, make_user("clerk"))
    got, lock = [], Lock()

    def hand_over(message):
        with lock:
            got.append((timezone.now(), message.key))
        return Outcome()

    monkeypatch.setitem(gateways.ADAPTERS, "console", hand_over)
    began = timezone.now()
    done = at_once(lambda _: send_due())

    assert sum(sent.accepted for sent in done) == 12
    assert len({key for _, key in got}) == len(got) == 12
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}
    assert set(Message.objects.values_list("receipt", flat=True)) == {digest_of(number) for _, number in got}
    assert timezone.now() - began >= timedelta(seconds=11 * 60 / 1200)


def test_two_clerks_make_the_codes_once(round_):
    clerks = [make_user("clerk") for _ in range(THREADS)]
    done = at_once(lambda number: deliver(round_, clerks[number]))

    assert sum(not isinstance(each, str) for each in done) == 1
    assert Credential.objects.count() == Message.objects.count() == 12


def test_a_letter_is_printed_by_one_of_them(round_):
    clerks = [make_user("clerk") for _ in range(THREADS)]
    deliver(round_, clerks[0], letters_only=True)

    def work(number):
        return print_letters(round_id=round_.pk, most=5, by=clerks[number], at=timezone.now()).letters

    done = at_once(work)
    assert sorted(each for each in done if isinstance(each, int)) == [2, 5, 5]
