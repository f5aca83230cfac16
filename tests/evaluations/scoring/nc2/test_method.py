"""The scoring part of a rulebook for NC-2 is read exactly, or refused in Chinese."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import line_q
from evaluations.scoring.method import Indicator, RulebookError, parse_method
from evaluations.scoring.nc2.method import parse_method_two, ten_thousandths
from tests.evaluations.scoring.nc2.examples import LINE_SCORES, method, rulebook, rulebooks, untimed, veto
from tests.evaluations.scoring.nc2.oracle import r4


def test_the_default_rulebook_is_read_exactly():
    parsed = method(vetoes=[veto("B")])

    assert (parsed.line_cap, parsed.rater_sweeps, parsed.rater_prior, parsed.cell_min_lines) == (50, 2, 1, 5)
    assert (parsed.follow, parsed.cap, parsed.publish_share) == (1, 4, Fraction(4, 5))
    assert (parsed.pair_min_lines, parsed.pair_min_count) == (10, 20)
    assert (parsed.between_prior, parsed.between_weight) == (4, Fraction(3, 4))
    assert (parsed.drawn_channels, parsed.vetoes) == (("targeted",), {"B"})


@pytest.mark.parametrize("key", sorted(rulebook()))
def test_every_key_must_be_there(key: str):
    book = rulebook()
    del book[key]

    with pytest.raises(RulebookError, match=key):
        parse_method_two(book)


BAD = [
    ("method", ["NC-1", None, 2]),
    ("basis", ["vote_count", None, []]),
    ("line_cap", ["0", "-1", "100.01", 101, 50.0, None]),
    ("rater_sweeps", [-1, 7, "2", True]),
    ("rater_prior", ["-1", 1.5, "x"]),
    ("cell_min_lines", [0, "5", 5.0, False]),
    ("prior_ballots", [0, -1]),
    ("follow", ["-1/2", "1.01", 2]),
    ("cap", ["-1", "100.5", 101]),
    ("pair_min_lines", [0, "10"]),
    ("pair_min_count", [0, None]),
    ("between_prior", ["-4", None]),
    ("between_weight", ["-1", "5/4"]),
    ("publish_share", ["-1", "6/5"]),
    ("min_lines", [-1]),
    ("levels", [0, 5]),
]
ENDS = [
    *(("line_cap", value) for value in ("0.01", 100)),
    *(("rater_sweeps", value) for value in (0, 6)),
    *((key, 0) for key in ("rater_prior", "between_prior", "cap")),
    *((key, value) for key in ("follow", "between_weight", "publish_share") for value in (0, 1)),
    *((key, 1) for key in ("cell_min_lines", "pair_min_lines", "pair_min_count", "prior_ballots")),
    ("cap", 100),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD for value in values])
def test_a_value_out_of_range_is_refused_by_name(key: str, value: Any):
    with pytest.raises(RulebookError, match=key):
        method(**{key: value})


@pytest.mark.parametrize(("key", "value"), ENDS)
def test_both_ends_of_a_range_are_allowed(key: str, value: Any):
    assert getattr(method(**{key: value}), key) == Fraction(value)


def test_a_rulebook_must_be_an_object():
    with pytest.raises(RulebookError, match="对象"):
        parse_method_two([])  # type: ignore[arg-type]


def test_each_method_reads_its_own_rulebooks_only():
    with pytest.raises(RulebookError, match="NC-1"):
        parse_method(rulebook())
    with pytest.raises(RulebookError, match="NC-2"):
        parse_method_two(rulebook(method="NC-1"))


@pytest.mark.parametrize("example", LINE_SCORES, ids=lambda example: str(example["x"]))
def test_a_published_line_has_its_score(example: dict[str, Any]):
    changed = {key: example[key] for key in ("levels", "line_cap", "indicator_weights") if key in example}
    parsed = method(**changed)
    q = line_q(parsed, tuple(example["x"]))

    assert (None if q is None else Fraction(parsed.points(q), parsed.unit)) == (
        None if example["y"] is None else Fraction(example["y"])
    )


@untimed
@given(rulebooks(), st.tuples(*[st.none() | st.integers(0, 4)] * 5))
def test_lines_and_the_way_to_the_cap_are_whole_parts_of_a_point(book: dict[str, Any], row: tuple[int | None, ...]):
    parsed = parse_method_two(book)
    answers = tuple(None if x is None else min(x, parsed.levels) for x in row)
    q = line_q(parsed, answers)
    if q is None:
        return
    given_ = [
        (Fraction(book["indicator_weights"][i]), x) for i, x in zip(Indicator, answers, strict=True) if x is not None
    ]
    y = 100 * sum(w * x for w, x in given_) / (parsed.levels * sum(w for w, _ in given_))

    assert Fraction(parsed.points(q), parsed.unit) == min(y, parsed.line_cap)
    assert (parsed.points(q) + parsed.most) % 2 == 0
    assert parsed.unit % 10_000 == 0
    assert Fraction(parsed.most, parsed.unit) == parsed.line_cap


@untimed
@given(st.integers(), st.integers(min_value=1))
def test_ten_thousandths_are_rounded_half_away_from_zero(numerator: int, denominator: int):
    assert Fraction(ten_thousandths(numerator, denominator), 10_000) == r4(Fraction(numerator, denominator))


@pytest.mark.parametrize(("numerator", "denominator", "rounded"), [(1, 20_000, 1), (-1, 20_000, -1), (1, 20_001, 0)])
def test_halves_go_away_from_zero(numerator: int, denominator: int, rounded: int):
    assert ten_thousandths(numerator, denominator) == rounded


@pytest.mark.parametrize("cap", ["1/16", "1/3", "0.03125"])
def test_half_of_the_way_to_any_cap_is_a_whole_number_of_parts(cap: str):
    parsed = method(line_cap=cap)

    assert parsed.most % 2 == 0
    assert Fraction(parsed.most, parsed.unit) == Fraction(cap)
