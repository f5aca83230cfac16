"""A key on cards: put in force by its record, replaced before the first ballot, its cards confirmed."""

import json

import pytest

from evaluations.box_key.queries import key_faults
from evaluations.sealing.services.opening import open_box
from tests.factories import cast_ballots, make_codes, make_open_round, make_supervisors_key, make_user

pytestmark = pytest.mark.django_db


def test_ballots_sealed_to_a_key_on_cards_open_with_enough_of_them():
    round_ = make_open_round(rulebook={"box_key": "supervisors"})
    cards = make_supervisors_key(round_)
    assert key_faults(round_) == []
    cast_ballots(round_, make_codes(round_, 3))

    opened = open_box(round_id=round_.pk, typed=cards[:3], by=make_user("clerk"), at=round_.closes_at)

    assert json.loads(opened.closing)["ballots"] == 3
