"""Change between two rounds, told from public figures, and around the cut over several rounds."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.nc2.cells_file import parse_cells
from evaluations.scoring.nc2.change import (
    SAME,
    AroundCut,
    Change,
    Counted,
    SectionChange,
    around_cut,
    change_document,
    compare,
    different_settings,
    gap_at_cut,
    hundredths_of_root,
    two_decimals,
)
from evaluations.scoring.nc2.index import CellFigures, Figures
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.scoring.nc2.ranking import standings
from tests.evaluations.scoring.nc2.examples import CHANGES, channels, rulebook, untimed

CODES = [f"S{n:02d}" for n in range(25)]
(VECTOR,) = CHANGES


def round_of(index: dict[str, Any], v: str = "1", n: int | None = 40, **changes: Any) -> Counted:
    """A round with the targeted channel alone, whose mean is 20; a section's index is 20 and its number."""
    book = rulebook(**({"sections": sorted(index), "list_length": 10} | changes))
    cells = {s: {"targeted": CellFigures(n, Fraction(d), Fraction(v))} for s, d in index.items()}
    figures = Figures({"targeted": Fraction(20)}, {"targeted": Fraction(1)}, Fraction(7), cells)
    return Counted(parse_method_two(book), figures, "0" * 64)


EVEN = {code: n - 12 for n, code in enumerate(CODES)}


def test_the_published_change_comes_out_of_the_files():
    old, new = (
        Counted(of, parse_cells(VECTOR[key]["cells"], of, VECTOR["change"][key]), VECTOR["change"][key])
        for key in ("old", "new")
        for of in [parse_method_two(VECTOR[key]["rulebook"])]
    )

    assert change_document(old, new) == VECTOR["change"]


def test_figures_agree_with_the_formulas():
    new = EVEN | {"S24": 0, "S00": -3}
    found = compare(round_of(EVEN), round_of(new))
    # The old indexes are 8 … 32: their variance is 1300/24, of which sampling explains 1.
    held = Fraction(1300, 24) - 1
    ratio = held / (held + 1)

    assert found.medians == (20, 20)
    assert found.sections["S24"].expected == 20 + ratio * 12
    assert found.sections["S24"].gain == ratio * 12
    assert Fraction(found.sections["S24"].width - 1, 100) ** 2 < Fraction("1.96") ** 2 * (ratio + 1)
    assert Fraction(found.sections["S24"].width, 100) ** 2 >= Fraction("1.96") ** 2 * (ratio + 1)
    assert {s: row.label for s, row in found.sections.items()} == dict.fromkeys(CODES, "无明显变化") | {
        "S24": "好转",
        "S00": "变差",
    }


def test_change_is_measured_against_the_middle_of_all():
    found = compare(round_of(EVEN), round_of({s: d + 30 for s, d in EVEN.items()}))

    assert {row.label for row in found.sections.values()} == {"无明显变化"}
    assert found.medians == (20, 50)


def test_worse_is_judged_without_the_pull_to_the_middle():
    # A rise of 2.8 is beyond 1.96·√(1 + 1) = 2.77; of 2.7 it is not.
    rises = {s: compare(round_of(EVEN), round_of(EVEN | {"S00": EVEN["S00"] + Fraction(s)})) for s in ("2.8", "2.7")}

    assert [change.sections["S00"].label for change in rises.values()] == ["变差", "无明显变化"]


@pytest.mark.parametrize(
    ("z", "rise", "label"), [("1", "1", "无明显变化"), ("1", "1.0001", "变差"), ("0", "0.5", "变差")]
)
def test_worse_begins_beyond_the_width(z: str, rise: str, label: str):
    new = EVEN | {"S00": EVEN["S00"] + Fraction(rise)}

    # z² (1/2 + 1/2) is the square of the first rise itself, and that is not more.
    assert compare(round_of(EVEN, v="1/2"), round_of(new, v="1/2", z=z)).sections["S00"].label == label


@pytest.mark.parametrize(
    ("z", "fall", "label"), [("1", "1", "无明显变化"), ("1", "1.0001", "好转"), ("0", "0.5", "好转")]
)
def test_better_begins_beyond_the_width(z: str, fall: str, label: str):
    new = EVEN | {"S24": EVEN["S24"] - Fraction(fall)}

    # Without sampling error in the old round all of its index is held: the gain is the fall, its variance 1.
    assert compare(round_of(EVEN, v="0"), round_of(new, v="1", z=z)).sections["S24"].label == label


def test_where_sampling_explains_all_differences_nothing_is_held():
    found = compare(round_of(EVEN, v="99"), round_of(EVEN, v="1"))
    exact = compare(round_of(dict.fromkeys(CODES, 0), v="0"), round_of(dict.fromkeys(CODES, 0), v="0"))

    assert {row.expected for row in found.sections.values()} == {20}
    assert {(row.gain, row.width, row.label) for row in exact.sections.values()} == {(0, 0, "无明显变化")}


def test_the_width_is_the_new_rulebooks():
    narrow = compare(round_of(EVEN, z="3"), round_of(EVEN, z="0"))

    assert {row.width for row in narrow.sections.values()} == {0}
    assert {row.width for row in compare(round_of(EVEN, z="0"), round_of(EVEN, z="3")).sections.values()} != {0}


def test_only_sections_ranked_in_both_rounds_are_compared():
    old = round_of({code: EVEN[code] for code in CODES[:22]})
    new = round_of({code: EVEN[code] for code in CODES[1:]})

    assert compare(old, new).compared == 21
    assert sorted(compare(old, new).sections) == CODES[1:22]
    assert compare(round_of(EVEN, n=None), new).compared == 0


@pytest.mark.parametrize(("sections", "is_comparable"), [(20, True), (19, False)])
def test_twenty_sections_are_enough(sections: int, is_comparable: bool):
    round_ = round_of({code: EVEN[code] for code in CODES[:sections]})
    document = change_document(round_, round_)

    assert document["comparable"] == is_comparable
    assert set(document) == {"method", "old", "new", "compared", "comparable"} | (
        {"median_old", "median_new", "sections"} if is_comparable else set()
    )


OTHER = {
    "levels": 4,
    "min_answered": 2,
    "indicator_weights": dict.fromkeys(rulebook()["indicator_weights"], 1) | {"cold": 2},
    "channels": channels("TS"),
    "line_cap": "60",
    "rater_sweeps": 1,
    "rater_prior": 2,
    "cell_min_lines": 6,
    "prior_ballots": 9,
    "follow": "1/2",
    "cap": "5",
}


@pytest.mark.parametrize("key", SAME)
def test_rounds_that_measure_differently_are_not_compared(key: str):
    old, new = round_of(EVEN), round_of(EVEN, **{key: OTHER[key]})

    assert different_settings(old, new) == [key]
    assert compare(old, new) == Change(25, None, {})


def test_sections_left_out_take_no_part_in_anything():
    fewer = {s: d for s, d in EVEN.items() if s not in {"S00", "S24"}}

    assert compare(round_of(EVEN), round_of(EVEN | {"S24": 0}), {"S00", "S24"}) == compare(
        round_of(fewer), round_of(fewer)
    )


def test_numbers_written_otherwise_and_other_settings_do_not_matter():
    assert compare(round_of(EVEN), round_of(EVEN, cap="8/2", min_lines=20, list_length=7, v_prior="1")).medians


@untimed
@given(st.fractions(min_value=0, max_value=10_000))
def test_the_width_is_the_smallest_number_of_two_decimals(square: Fraction):
    width = hundredths_of_root(square)

    assert Fraction(width, 100) ** 2 >= square
    assert not width or Fraction(width - 1, 100) ** 2 < square


@pytest.mark.parametrize(("hundredths", "text"), [(0, "0.00"), (5, "0.05"), (395, "3.95"), (1200, "12.00")])
def test_widths_have_two_decimals(hundredths: int, text: str):
    assert two_decimals(hundredths) == text


def change_of(gains: dict[str, int]) -> Change:
    rows = {s: SectionChange(Fraction(gain), Fraction(0), 0, "") for s, gain in gains.items()}
    return Change(len(rows), (Fraction(0), Fraction(0)), rows)


# Places 1 to 25 are S24 to S00; the list has 10, so places 6 to 10 are S19 to S15, 11 to 15 S14 to S10.
AROUND = {f"S{n}": gain for n, gain in zip(range(19, 9, -1), [3, 4, 5, 6, 7, 1, 1, 2, 3, 3], strict=True)}


def test_around_the_cut_five_sections_stand_against_the_next_five():
    old = round_of(EVEN)
    outcome = standings(old.method, old.figures)

    assert gap_at_cut(old.method, outcome, change_of(AROUND | {"S24": 99, "S20": 99, "S09": 99})) == (
        3,
        Fraction(5, 2) / 5 + Fraction(1) / 5,
    )


@pytest.mark.parametrize(("left_out", "is_told"), [("S19 S18", True), ("S19 S18 S17", False), ("S10 S11 S12", False)])
def test_three_sections_on_either_side_are_enough(left_out: str, is_told: bool):
    old = round_of(EVEN)
    change = change_of({s: gain for s, gain in AROUND.items() if s not in left_out.split()})

    assert (gap_at_cut(old.method, standings(old.method, old.figures), change) is not None) == is_told


def test_vetoed_sections_are_left_out_around_the_cut():
    old = round_of(EVEN)
    outcome = standings(old.method, old.figures)
    vetoing = replace(old.method, vetoes=frozenset({"S19", "S18"}))

    assert gap_at_cut(vetoing, outcome, change_of(AROUND)) == (4, Fraction(1) / 3 + Fraction(1) / 5)


@pytest.mark.parametrize(
    ("effect", "label"),
    [(2, "上榜后改进快于榜外"), (-2, "上榜后改进慢于榜外"), (1, "看不出差别"), (-1, "看不出差别"), (0, "看不出差别")],
)
def test_six_pairs_of_rounds_tell_an_effect(effect: int, label: str):
    # Width squared: z² · 6 · 24 / 36 = 1, and an effect of exactly that is not beyond it.
    assert around_cut([(Fraction(effect), Fraction(24))] * 6, Fraction(1, 2)) == AroundCut(
        6, Fraction(effect), 100, label
    )


def test_an_effect_without_width_is_told_however_small():
    assert around_cut([(Fraction(1, 2), Fraction(0))] * 7, Fraction(1)).label == "上榜后改进快于榜外"


def test_fewer_pairs_tell_nothing():
    assert around_cut([(Fraction(9), Fraction(0))] * 5, Fraction(1)) == AroundCut(5, None, None, "轮次不足")
