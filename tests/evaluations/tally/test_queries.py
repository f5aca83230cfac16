"""The query over the sealed ratings gives the cells that the file gives."""

import json

import pytest

from evaluations.ballots.models import Rating
from evaluations.scoring.counting import count_lines, parse_ballots
from evaluations.scoring.method import Indicator, parse_method
from evaluations.tally.files import ballots_csv, scoring_rulebook
from evaluations.tally.queries.aggregates import count_cells
from tests.evaluations.tally.factories import SMALL, spread_answers
from tests.factories import make_sealed_round

pytestmark = pytest.mark.django_db
# The largest whole line scores a rulebook may have: 27,720 to a level.
HEAVIEST = {"disorderly": 3, "greedy": 5}


@pytest.mark.parametrize(
    "weights", [{}, {"cold": 3, "lazy": 3, "buck_passing": 2}, {"greedy": 7, "lazy": 2}, HEAVIEST], ids=str
)
def test_the_query_gives_the_cells_of_the_file(weights):
    defaults = dict.fromkeys(Indicator.values, 1)
    round_ = make_sealed_round(targeted=13, rulebook={**SMALL, "indicator_weights": {**defaults, **weights}})
    spread_answers(round_)
    method = parse_method(json.loads(scoring_rulebook(round_)))

    cells = count_cells(round_, method)

    assert cells == count_lines(method, parse_ballots(ballots_csv(round_), method))
    assert sum(cell.lines for cell in cells.values()) < Rating.objects.count()
