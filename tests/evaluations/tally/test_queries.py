"""The queries over the sealed ratings give what the file gives."""

import json

import pytest

from evaluations.ballots.models import Rating
from evaluations.scoring.method import Indicator
from evaluations.scoring.methods import parse_rulebook
from evaluations.scoring.nc2.ballots import read_ballots
from evaluations.tally.files import ballots_csv, scoring_rulebook
from evaluations.tally.queries.aggregates import count_ballots
from tests.evaluations.tally.factories import BY_METHOD, SMALL, spread_answers
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
    method = parse_rulebook(json.loads(scoring_rulebook(round_)))

    counted = count_ballots(round_, method)

    assert counted == read_ballots(ballots_csv(round_), method)
    assert sum(cell.lines for cell in counted.cells.values()) < Rating.objects.count()


@pytest.mark.parametrize(("method", "channels"), [("NC-1", []), ("NC-2", ["targeted"])])
def test_only_the_drawn_ballots_of_nc_2_leave_the_database_whole(method, channels, django_assert_num_queries):
    round_ = make_sealed_round(targeted=6, sampled=5, rulebook=BY_METHOD[method])
    parsed = parse_rulebook(json.loads(scoring_rulebook(round_)))

    with django_assert_num_queries(4 if channels else 3):
        counted = count_ballots(round_, parsed)

    assert list(counted.sheets) == channels
    assert sum(counted.sheets["targeted"].values() if channels else []) == 6 * len(channels)
