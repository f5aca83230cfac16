"""What is taken off a drawn ballot's lines because the ballot is strict or lenient."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from evaluations.scoring.counting import Line, line_q, parse_ballot_lines
from evaluations.scoring.nc2.ballots import count_ballots
from evaluations.scoring.nc2.index import line_parts
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.scoring.nc2.strictness import correct, within
from tests.evaluations.scoring.nc2.examples import ROUNDS, ballots, counted, in_file, method, rulebook

(VECTOR,) = [vector for vector in ROUNDS if "strictness" in vector]


def published() -> tuple[Any, dict[tuple[str, str], tuple[int, int]]]:
    """The published example's section means and, by (ballot, section), r and y'."""
    parsed = parse_method_two(VECTOR["rulebook"])
    lines = list(parse_ballot_lines(in_file(VECTOR), parsed))
    sheets = count_ballots(parsed, lines).sheets["targeted"]
    found = correct(parsed, within(sheets, VECTOR["strictness"]["section_means"]))
    by_line = {}
    for ballot in {name for name, line in lines if line.channel == "targeted"}:
        rows = [(line.section, line_q(parsed, line.answers)) for name, line in lines if name == ballot]
        sheet = tuple(sorted((section, q) for section, q in rows if q is not None))
        for (section, _), r, y in zip(sheet, found.strictness[sheet], found.scores[sheet], strict=True):
            by_line[ballot, section] = Fraction(r, 10_000), Fraction(y, parsed.unit)
    return found.means, by_line


def test_the_published_means_come_out():
    means, _ = published()

    assert means == {s: Fraction(m) * 10_000 for s, m in VECTOR["strictness"]["section_means"].items()}


def test_every_published_line_has_its_strictness_and_its_corrected_score():
    _, by_line = published()

    assert by_line == {(b, s): (Fraction(r), Fraction(y)) for b, s, r, y in VECTOR["strictness"]["lines"]}


def test_a_line_does_not_correct_itself():
    parsed = method()
    one, other = ((("A", 0), ("B", 30)), (("A", 90), ("B", 30)))
    found = correct(parsed, {one: 1, other: 1})

    # Both ballots say the same about B, so the lines about A are compared with equal strictness.
    assert found.strictness[one][0] == found.strictness[other][0] == 0
    assert found.strictness[one][1] == -found.strictness[other][1] != 0


def test_a_lenient_ballots_line_rises_at_most_half_of_the_way_to_the_cap():
    parsed = method(rater_prior=0, rater_sweeps=1)
    strict, lenient = (("A", 90), ("B", 90)), (("A", 0), ("B", 0))
    found = correct(parsed, {strict: 9, lenient: 1})

    assert [Fraction(y, parsed.unit) for y in found.scores[lenient]] == [25, 25]
    assert [Fraction(y, parsed.unit) for y in found.scores[strict]] == [45, 45]


def test_without_sweeps_nothing_is_corrected():
    parsed = method(rater_sweeps=0)
    sheet = (("A", 90), ("B", 0))
    found = correct(parsed, {sheet: 3, (("A", 0),): 1})

    assert found.means == {}
    assert found.strictness[sheet] == (0, 0)
    assert found.scores[sheet] == (parsed.points(90), 0)


def test_lines_outside_the_visible_cells_do_not_count_towards_strictness():
    sheets = Counter({(("A", 60), ("B", 0)): 2, (("A", 60),): 1, (("B", 0),): 4})

    assert within(sheets, {"A"}) == {(("A", 60),): 3}
    assert within(sheets, {"A", "B"}) == sheets
    assert within(sheets, set()) == {}


def test_only_drawn_channels_are_corrected():
    sheets = [{"A": "33333", "B": "33333"}, {"A": "00000", "B": "00000"}]
    corrected = rulebook(cell_min_lines=1)
    plain = rulebook(cell_min_lines=1, rater_sweeps=0)
    drawn = [line_parts(*counted(book, ballots("T", *sheets))) for book in (corrected, plain)]
    other = [line_parts(*counted(book, ballots("O", *sheets))) for book in (corrected, plain)]

    assert drawn[0]["A", "targeted"] != drawn[1]["A", "targeted"]
    assert other[0] == other[1]


def test_invalid_lines_are_on_no_sheet_and_equal_sheets_are_one():
    parsed = method()
    votes = [*ballots("T", {"B": "11111", "A": "22---"}, times=2), ("x", Line("A", "targeted", (None,) * 5))]

    found = count_ballots(parsed, votes)
    assert found.sheets == {"targeted": {(("B", 60),): 2}}
    assert found.cells["A", "targeted"].lines == 0
    assert set(count_ballots(parsed, ballots("O", {"A": "11111"})).sheets["targeted"]) == set()


@pytest.mark.parametrize(("prior", "strictness"), [(0, 250_000), ("1/2", 166_667), (1, 125_000), ("3/2", 100_000)])
def test_the_prior_shrinks_what_the_other_lines_say(prior: int | str, strictness: int):
    parsed = method(rater_prior=prior, rater_sweeps=1)
    found = correct(parsed, {(("A", 90), ("B", 90)): 1, (("A", 0), ("B", 0)): 1})

    # Both means are 25: the lines of one ballot lie 25 points above, those of the other 25 below.
    assert [found.strictness[sheet] for sheet in found.strictness] == [(strictness,) * 2, (-strictness,) * 2]
