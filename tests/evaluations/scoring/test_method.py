"""The scoring part of rulebook.json is read exactly, or refused in Chinese."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import line_q
from evaluations.scoring.method import Channel, Indicator, RulebookError, parse_method
from tests.evaluations.scoring.examples import channels, method, rulebook, rulebooks, untimed, veto

WEIGHTS = dict.fromkeys(Indicator.values, 1)


def test_the_default_rulebook_is_read_exactly():
    parsed = method(vetoes=[veto("B")])

    assert parsed.z == Fraction(49, 25)
    assert parsed.cap == 5
    assert parsed.channels["sampled"].weight == Fraction(3, 10)
    assert parsed.drawn_channels == ("targeted",)
    assert parsed.vetoes == {"B"}


def test_indicators_and_channels_keep_their_order():
    assert Indicator.values == ["cold", "lazy", "buck_passing", "disorderly", "greedy"]
    assert Channel.labels == ["定向评议", "抽样评议", "其他评议"]


def test_channels_and_sections_stand_in_order_however_the_file_orders_them():
    book = rulebook(sections=["C", "A", "B"], channels=dict(reversed(channels("T").items())))

    assert parse_method(book) == method()
    assert list(parse_method(book).channels) == Channel.values


@pytest.mark.parametrize("number", [5, "5", "5.0", "5.00", "10/2", "005"])
def test_a_number_may_be_whole_decimal_or_a_fraction(number: Any):
    assert method(cap=number, nu0=number, v_prior=number, z=number).cap == 5


def test_further_keys_are_ignored():
    assert method(comment_length=500, anything={"x": [1.5]}) == method()


def test_any_of_the_channels_may_be_left_out():
    assert list(method(channels=channels("", O="1")).channels) == ["other"]


@pytest.mark.parametrize("key", sorted(rulebook()))
def test_every_key_must_be_there(key: str):
    book = rulebook()
    del book[key]

    with pytest.raises(RulebookError, match=key):
        parse_method(book)


BAD = [
    ("method", ["NC-2", None, 1]),
    ("levels", [0, 5, "3", 3.0, True, None]),
    ("severe_from", [0, 4, True, "2"]),
    ("min_answered", [0, 6, 2.5, False]),
    ("indicator_weights", [None, [], 5, {}, {**WEIGHTS, "slow": 1}, {"cold": 1}]),
    ("prior_ballots", [0, -1, True, "5", 5.0]),
    ("cap", ["-1", -1, 5.0, None, True, "x", "", " 5", "5 ", "1_0", "٣", "５", "1e3", "1/0", "1/-2", "inf", "nan"]),
    ("mean_min_lines", [-1, "5", True]),
    ("min_lines", [-1, 30.0, None]),
    ("min_drawn_lines", [-1, [], True]),
    ("list_length", [0, "10", True]),
    ("z", ["-1.96", 1.96, "1,96", {}]),
    ("nu0", [-1, 20.0, "1e999999999"]),
    ("v_prior", ["-625", 625.0, "9" * 41]),
    ("basis", ["votes", None, 1, []]),
    ("sections", ["A", None, {"A": 1}, ["A", "A"], ["A", 1], ["A", ""]]),
    ("vetoes", [None, {}, ["A"], [veto("Z")], [{}], [{"section": ["A"]}]]),
]


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD for value in values])
def test_a_bad_setting_is_refused_by_name(key: str, value: Any):
    with pytest.raises(RulebookError, match=key) as refusal:
        method(**{key: value})

    assert any("\u4e00" <= letter <= "\u9fff" for letter in str(refusal.value))


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (None, "channels"),
        ({}, "channels"),
        ({"mail": {"weight": 1, "drawn": True}}, "channels"),
        ({"other": {"weight": 1}}, "other"),
        ({"other": {"drawn": True}}, "other"),
        ({"other": [1, True]}, "other"),
        ({"other": {"weight": 1, "drawn": 1}}, "other"),
        ({"other": {"weight": 1.0, "drawn": True}}, r"channels\.other\.weight"),
        ({"other": {"weight": True, "drawn": True}}, r"channels\.other\.weight"),
        (channels("", T="3/2", O="-1/2"), "大于0"),
        (channels("", T="1", O="0"), "大于0"),
        (channels("", T="1/2", O="1/3"), "之和应为1"),
        (channels("", T="0.33", S="0.33", O="0.33"), "之和应为1"),
    ],
)
def test_bad_channels_are_refused(table: Any, text: str):
    with pytest.raises(RulebookError, match=text):
        method(channels=table)


@pytest.mark.parametrize(
    ("weight", "text"), [(0, "大于0"), ("-1/2", "大于0"), (0.5, "cold"), ("one", "cold"), (True, "cold")]
)
def test_bad_indicator_weights_are_refused(weight: Any, text: str):
    with pytest.raises(RulebookError, match=text):
        method(indicator_weights={**WEIGHTS, "cold": weight})


@pytest.mark.parametrize("book", [None, [], "NC-1", 1])
def test_a_rulebook_that_is_no_object_is_refused(book: Any):
    with pytest.raises(RulebookError, match="对象"):
        parse_method(book)


@pytest.mark.parametrize("weight", [1, 20, "1/5", "0.2"])
def test_equal_indicator_weights_have_scale_60(weight: Any):
    assert method(indicator_weights=dict.fromkeys(Indicator.values, weight)).scale == 60


@untimed
@given(rulebooks(), st.tuples(*[st.none() | st.integers(0, 4)] * 5))
def test_the_scale_leaves_no_rest(book: dict[str, Any], answers: tuple[int | None, ...]):
    parsed = parse_method(book)
    weights = parsed.whole_weights.values()
    pairs = [(w, x) for w, x in zip(weights, answers, strict=True) if x is not None]
    q = line_q(parsed, answers)

    assert (q is None) == (len(pairs) < parsed.min_answered)
    assert q is None or q * sum(w for w, _ in pairs) == parsed.scale * sum(w * x for w, x in pairs)


@untimed
@given(rulebooks())
def test_a_rulebook_survives_its_json_form(book: dict[str, Any]):
    assert parse_method(json.loads(json.dumps(book))) == parse_method(book)
