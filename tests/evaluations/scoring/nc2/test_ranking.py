"""Places, intervals, labels and the publication gate from published figures alone."""

from fractions import Fraction

import pytest

from evaluations.scoring.nc2.index import CellFigures, Figures
from evaluations.scoring.nc2.ranking import Publication, chances, publication, sampling_variance, standings
from tests.evaluations.scoring.nc2.examples import method, veto

BOTH = {"targeted": Fraction(1, 2), "other": Fraction(1, 2)}


def drawn_only(n: dict[str, int | None], d: dict[str, str], v: str = "0", between: str = "0") -> Figures:
    """A round with the targeted channel alone."""
    cells = {s: {"targeted": CellFigures(n[s], Fraction(d[s]), Fraction(v))} for s in d}
    return Figures({"targeted": Fraction(20)}, {"targeted": Fraction(1)}, Fraction(between), cells)


ENOUGH = dict.fromkeys("ABCD", 30)
APART = {"A": "9", "B": "6", "C": "3", "D": "0"}


def test_the_index_is_the_mean_and_the_deviations():
    found = standings(method(), drawn_only(ENOUGH, APART))

    assert [found[s].score.index for s in "ABCD"] == [29, 26, 23, 20]
    assert [found[s].place for s in "ABCD"] == [1, 2, 3, 4]


def test_equal_indexes_are_ordered_by_the_drawn_deviation_then_share_a_place():
    cells = {
        s: {"targeted": CellFigures(30, Fraction(t), Fraction(0)), "other": CellFigures(None, Fraction(o), Fraction(0))}
        for s, t, o in (("A", 0, 4), ("B", 2, 2), ("C", 2, 2), ("D", 0, 0))
    }
    found = standings(method(), Figures(dict.fromkeys(BOTH, Fraction(0)), BOTH, Fraction(0), cells))

    assert {found[s].score.index for s in "ABC"} == {2}
    assert [found[s].place for s in "ABCD"] == [3, 1, 1, 4]
    assert [found[s].is_listed for s in "ABCD"] == [False, True, True, False]


@pytest.mark.parametrize(
    ("targeted", "other", "has_enough"),
    [(10, 20, True), (9, 21, False), (10, 19, False), (30, None, True), (29, None, False)],
)
def test_ranked_is_who_reaches_both_minimums(targeted: int, other: int | None, has_enough: bool):
    cells = {
        s: {
            "targeted": CellFigures(targeted, Fraction(0), Fraction(0)),
            "other": CellFigures(other, Fraction(0), Fraction(0)),
        }
        for s in "ABCD"
    }
    found = standings(method(), Figures(dict.fromkeys(BOTH, Fraction(0)), BOTH, Fraction(0), cells))

    assert found["A"].score.has_enough == has_enough
    assert found["A"].place == (1 if has_enough else None)


def test_the_interval_is_among_all_sections_ranked_or_not():
    found = standings(method(), drawn_only(ENOUGH | {"A": None}, APART))

    assert found["A"].place is None
    assert (found["B"].place, found["B"].interval) == (1, (2, 2))
    assert (found["A"].label, found["A"].is_listed) == ("样本不足", False)


def test_clearly_harder_needs_more_than_the_width():
    # 3² · (0.5 + 0.5) is the square of the gap itself, and that is not more.
    wide, narrow = (standings(method(z="3"), drawn_only(ENOUGH, APART, v=v)) for v in ("0.5", "0.4999"))

    assert [wide[s].interval for s in "ABCD"] == [(1, 2), (1, 3), (2, 4), (3, 4)]
    assert [narrow[s].interval for s in "ABCD"] == [(1, 1), (2, 2), (3, 3), (4, 4)]


@pytest.mark.parametrize(("v", "is_clear"), [("24.5", False), ("24.4999", True), ("25", False)])
def test_a_width_that_is_a_fraction_is_compared_exactly(v: str, is_clear: bool):
    # (1/7)² · (24.5 + 24.5) is the square of the gap itself.
    found = standings(method(z="1/7"), drawn_only(ENOUGH, {"A": "3", "B": "2", "C": "1", "D": "0"}, v=v))

    assert found["A"].interval == ((1, 1) if is_clear else (1, 2))


def test_without_width_the_smallest_gap_is_clear():
    found = standings(method(), drawn_only(ENOUGH, {"A": "0.0001", "B": "0", "C": "0", "D": "0"}))

    assert [found[s].interval for s in "AB"] == [(1, 1), (2, 4)]


def test_disagreement_widens_the_interval_by_its_weight():
    weighed = standings(method(between_weight="1/2"), drawn_only(ENOUGH, APART, v="2", between="3"))

    assert {found.score.variance for found in weighed.values()} == {Fraction(7, 2)}
    assert sampling_variance(drawn_only(ENOUGH, APART, v="2", between="3"), "A") == 2


def test_a_channels_variance_enters_with_the_square_of_its_weight():
    cells = {s: dict.fromkeys(BOTH, CellFigures(30, Fraction(0), Fraction(4))) for s in "ABCD"}

    assert sampling_variance(Figures(dict.fromkeys(BOTH, Fraction(0)), BOTH, Fraction(9), cells), "A") == 2


@pytest.mark.parametrize(
    ("length", "v", "labels"),
    [
        (2, "0", ["明确", "明确", "", ""]),
        (2, "1.5", ["明确", "误差范围内", "", ""]),
        (1, "1.5", ["误差范围内", "", "", ""]),
        (4, "0", ["误差范围内"] * 4),
        (3, "0", ["明确"] * 3 + [""]),
    ],
)
def test_a_label_says_whether_the_listing_is_beyond_chance(length: int, v: str, labels: list[str]):
    found = standings(method(list_length=length), drawn_only(ENOUGH, APART, v=v))

    assert [found[s].label for s in "ABCD"] == labels


def test_vetoed_sections_stand_first_and_are_clearly_harder_than_the_others():
    found = standings(method(list_length=1, vetoes=[veto("D"), veto("C")]), drawn_only(ENOUGH | {"C": None}, APART))

    assert [(found[s].place, found[s].interval) for s in "CDAB"] == [(1, (1, 1)), (2, (2, 2)), (3, (3, 3)), (4, (4, 4))]
    assert [found[s].is_listed for s in "CDAB"] == [True, True, False, False]
    assert [found[s].label for s in "CDAB"] == ["一票否决", "一票否决", "", ""]


def test_chances_are_over_all_sections_without_a_veto_and_the_seats_left():
    book = method(vetoes=[veto("D")], list_length=2)
    found = chances(book, standings(book, drawn_only(ENOUGH | {"A": None}, APART, v="0.01")))

    assert {s: round(p, 4) for s, p in found.items()} == {"A": 1, "B": 0, "C": 0, "D": 1}


@pytest.mark.parametrize(("share", "needed"), [("0", 0), ("1/2", 2), ("501/1000", 3), ("4/5", 4), ("3/4", 3), ("1", 4)])
def test_the_gate_rounds_up(share: str, needed: int):
    book = method(publish_share=share)
    few = publication(book, standings(book, drawn_only({"A": 30, "B": 30, "C": 30, "D": None}, APART)))

    assert few == Publication(4, 3, needed)
    assert few.is_allowed == (needed <= 3)


def test_the_gate_counts_vetoed_sections_by_their_lines():
    book = method(vetoes=[veto("A"), veto("B")])
    found = publication(book, standings(book, drawn_only(ENOUGH | {"A": None}, APART)))

    assert (found.ranked, found.needed, found.is_allowed) == (3, 4, False)
