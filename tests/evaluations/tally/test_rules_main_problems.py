"""Main problems: proposed from the ticks, never 贪, never from fewer than five."""

import json

import pytest

from evaluations.tally.models import SectionResult
from tests.evaluations.tally.factories import SMALL, count
from tests.factories import make_sealed_round

pytestmark = pytest.mark.django_db


def test_main_problems_are_the_most_ticked_and_never_allege_greed():
    round_ = make_sealed_round(targeted=6, level="3", rulebook=SMALL)

    count(round_)

    result = SectionResult.objects.filter(is_listed=True).first()
    texts = {sign["code"]: sign["text"] for sign in json.loads(round_.ballot_form)["manifestations"]}
    assert result.main_problems.split("；") == [texts[code] for code in ("BUCK-3", "COLD-1", "DISO-4")]
    assert result.ticks["GREE-5"] == 6


def test_fewer_than_five_ticks_are_never_published():
    round_ = make_sealed_round(targeted=4, level="3", rulebook=SMALL)

    count(round_)

    assert "问题较为集中" in SectionResult.objects.filter(is_listed=True).first().main_problems
