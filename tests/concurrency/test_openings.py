"""Opening a box with cards: killed in the middle nothing has happened; of two at once one opens it."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from tests.factories import cast_ballots, make_codes, make_open_round, make_supervisors_key
from tests.paths import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
BALLOTS = 30


@pytest.fixture
def waiting():
    """A round whose vote is over in the eyes of the workers, its cards and the receipts of its ballots."""
    round_ = make_open_round(sections=1, rulebook={"box_key": "supervisors"})
    cards = make_supervisors_key(round_)
    return round_, cards, cast_ballots(round_, make_codes(round_, BALLOTS))


def opener(cards):
    """A process that opens the box; it says when it is half way."""
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else f"postgres:///{name}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.worker", "open"], cwd=ROOT, text=True,
        env={**os.environ, "DATABASE_URL": url}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(json.dumps(cards) + "\n")
    process.stdin.flush()
    return process


def said_by(process):
    return [line for line in process.communicate(timeout=120)[0].splitlines() if line != "half way"]


def test_an_opening_that_is_killed_leaves_the_spool_and_the_key_as_they_were(waiting):
    round_, cards, receipts = waiting
    key, rows = BoxKey.objects.get(key_id=round_.box_key).row_key, set(BallotSpool.objects.values_list("pk", flat=True))

    first = opener(cards[:3])
    assert first.stdout.readline().strip() == "half way"
    first.kill()
    first.wait()

    round_.refresh_from_db()
    assert (round_.state, Ballot.objects.count()) == (RoundState.OPEN, 0)
    assert set(BallotSpool.objects.values_list("pk", flat=True)) == rows
    assert BoxKey.objects.get(key_id=round_.box_key).row_key == key

    assert said_by(opener(cards[2:5])) == ["sealed"]
    assert Counter(Ballot.objects.values_list("receipt", flat=True)) == Counter(receipts)
    assert not BallotSpool.objects.exists()


def test_of_two_openings_at_once_the_second_reads_that_the_box_is_sealed(waiting):
    _, cards, receipts = waiting

    both = [opener(cards[:3]), opener(cards[2:5])]
    said = sorted(line for process in both for line in said_by(process))

    assert len(said) == 2
    assert said[1] == "sealed"
    assert "已封箱" in said[0]
    assert Round.objects.get().state == RoundState.SEALED
    assert Counter(Ballot.objects.values_list("receipt", flat=True)) == Counter(receipts)
