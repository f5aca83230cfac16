"""The rulebook: its defaults are valid, faulty settings are refused by their label (rulebook R-A to R-K)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.rounds.rules.rulebook import (
    DEFAULTS,
    ISSUED_CODES,
    SETTINGS,
    default_rulebook,
    lookup,
    rulebook_errors,
    shares_of,
    unusual,
    with_value,
)

NUMBERS = [s for s in SETTINGS if s.choices is None and isinstance(s.default, int) and not isinstance(s.default, bool)]


def errors(**values):
    """The faults of the default rulebook with some values changed; __ stands for the dots of a path."""
    book = default_rulebook()
    for path, value in values.items():
        book = with_value(book, path.replace("__", "."), value)
    return rulebook_errors(book)


def test_the_default_rulebook_is_valid():
    assert errors() == []


def test_every_setting_has_a_default_of_its_own_path_once():
    assert len({setting.path for setting in SETTINGS}) == len(SETTINGS)
    assert [setting.default for setting in SETTINGS] == [lookup(DEFAULTS, setting.path) for setting in SETTINGS]


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.path)
def test_a_number_lies_within_its_bounds(setting):
    refusal = f"{setting.label}应为{setting.low}到{setting.high}之间的整数。"

    for value in (setting.low, setting.high):
        assert refusal not in rulebook_errors(with_value(DEFAULTS, setting.path, value))
    for value in (setting.low - 1, setting.high + 1, True, setting.low + 0.5):
        assert rulebook_errors(with_value(DEFAULTS, setting.path, value))


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"channels__targeted__weight": "0.9"}, "各渠道权重之和应为1"),
        ({"indicator_weights__cold": 97, "indicator_weights__lazy": 89}, "指标权重的组合过于复杂"),
        ({"channels__sampled__drawn": True}, "抽样渠道不能视为抽签渠道"),
        ({"channels__other__drawn": True}, "其他评议面向所有群众"),
        ({"evaluator_strata": {"服务对象": 50, "其他": 49}}, "相加为100"),
        ({"evaluator_strata": {"服务对象": 100, "其他": 0}}, "应为正整数"),
        ({"evaluator_strata": {"服务对象": 99, "其他": True}}, "应为正整数"),
        ({"evaluator_strata": {"服务对象": 99.5, "其他": 0.5}}, "应为正整数"),
        ({"supervisors": 2}, "须签名的监督员不能多于"),
        ({"cap": "100.1"}, "应在0到100之间"),
        ({"flag_points": "0"}, "渠道相差提示"),
        ({"flag_z": "1/2"}, "偏向提示"),
        ({"next_margin": "100.01"}, "下一轮误差目标"),
        ({"assessment_points": "100.01"}, "年度考核扣分（每次上榜）"),
    ],
)
def test_a_faulty_setting_is_refused(values, refusal):
    (error,) = errors(**values)

    assert refusal in error


@pytest.mark.parametrize(
    "values",
    [
        {"channels__sampled__drawn": True, "sampled_forms": ISSUED_CODES},
        {"evaluator_strata": {"服务对象": 99, "其他": 1}},
        {"supervisors": 3},
        {"cap": "0"},
        {"cap": "100"},
        {"flag_points": "100", "flag_z": "0.01", "next_margin": "100"},
        {"assessment_points": "100", "assessment_top_points": "0.25"},
    ],
)
def test_a_setting_at_its_limit_is_valid(values):
    assert errors(**values) == []


def test_the_approver_reads_every_setting_that_differs():
    book = with_value(with_value(default_rulebook(), "list_length", 9), "channels.sampled.drawn", True)

    assert unusual(default_rulebook()) == []
    assert unusual(book) == ["计分（NC-1）·公布名额：10 → 9", "评议表·抽样渠道视为抽签渠道：否 → 是"]
    assert unusual(with_value(default_rulebook(), "lottery", "")) == [
        "抽取·彩票随机数：快乐8（80选20） → 不用彩票，只用骰子"
    ]
    assert unusual(with_value(default_rulebook(), "office_phone", "1")) == ["抽取·评议办联系电话：（空） → 1"]


def test_a_changed_copy_leaves_the_rulebook_as_it_was():
    book = default_rulebook()

    changed = with_value(book, "channels.targeted.weight", "1/3")

    assert (lookup(changed, "channels.targeted.weight"), lookup(book, "channels.targeted.weight")) == ("1/3", "1/2")
    assert book == default_rulebook() == DEFAULTS


@pytest.mark.parametrize(
    ("total", "percents", "seats"),
    [
        (10, {"甲": 50, "乙": 50}, {"甲": 5, "乙": 5}),
        (3, {"甲": 50, "乙": 30, "丙": 20}, {"甲": 1, "乙": 1, "丙": 1}),
        (1, {"乙": 50, "丙": 50}, {"乙": 0, "丙": 1}),
        (5, {"a": 33, "b": 33, "c": 34}, {"a": 2, "b": 1, "c": 2}),
    ],
)
def test_left_over_seats_go_to_the_largest_remainders_then_by_name(total, percents, seats):
    assert shares_of(total, percents) == seats


@given(st.integers(0, 5000), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_all_seats_are_shared_out(total, percents):
    shares = {str(number): percent for number, percent in enumerate(percents)}
    shares["rest"] = 100 - sum(percents)
    if shares["rest"] < 1:
        return

    seats = shares_of(total, shares)

    assert sum(seats.values()) == total
    assert all(total * shares[key] // 100 <= number <= total * shares[key] // 100 + 1 for key, number in seats.items())
