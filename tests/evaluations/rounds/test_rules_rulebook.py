"""The rulebook: defaults and bounds as in settings.csv, faulty settings refused by label (rulebook R-A to R-K)."""

import csv
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evaluations.rounds.rules.rulebook import (
    DEFAULTS,
    OF_METHOD,
    default_rulebook,
    lookup,
    planned_seats,
    rulebook_warnings,
    shares_of,
    with_value,
)
from evaluations.rounds.rules.rulebook_errors import LARGEST_SCALE, POINTS, rulebook_errors, seat_errors
from evaluations.rounds.rules.settings import SETTINGS, carried_over, unusual

with Path(__file__).with_name("settings.csv").open(newline="") as source:
    TABLE = list(csv.DictReader(source))
BOUNDED = [row for row in TABLE if row["low"]]
STRATA = {"服务对象": 50, "市场主体": 20, "村居干部和居民代表": 15, "两代表一委员": 10, "其他": 5}
FIXED = {"levels": 3, "z": "1.96", "nu0": 20, "v_prior": "625", "evaluator_strata": STRATA} | {
    key: {} for key in ("issued_seats", "client_seats", "client_needs")
}
DRAWN = {"targeted": True, "sampled": False, "other": False}


def errors(path, value):
    method = next((setting.method for setting in SETTINGS if setting.path == path), "")
    return rulebook_errors(with_value(default_rulebook(method or "NC-2"), path, value))


def test_the_defaults_are_those_of_the_table():
    assert [(setting.path, str(setting.default)) for setting in SETTINGS] == [
        (row["path"], row["default"]) for row in TABLE
    ]
    assert {path: DEFAULTS[path] for path in FIXED} == FIXED
    assert {name: channel["drawn"] for name, channel in DEFAULTS["channels"].items()} == DRAWN
    of_one = {"mean_min_lines"}
    assert {path.split(".")[0] for path in [*FIXED, *(row["path"] for row in TABLE)]} - of_one == set(DEFAULTS)


def test_every_setting_has_a_path_of_its_own():
    assert len({setting.path for setting in SETTINGS}) == len(SETTINGS)


def test_the_default_rulebook_has_no_faults_and_is_a_copy():
    rulebook = default_rulebook()
    rulebook["channels"]["other"]["drawn"] = True

    assert rulebook_errors(default_rulebook()) == unusual(default_rulebook()) == []
    assert rulebook_errors(rulebook) == ["其他评议面向所有群众，不能视为抽签渠道。"]


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row["path"])
def test_a_number_stays_within_its_bounds(row):
    setting = next(setting for setting in SETTINGS if setting.path == row["path"])
    low, high = int(row["low"]), int(row["high"])
    refusal = f"{setting.label}应为{low}到{high}之间的整数。"

    assert (setting.low, setting.high) == (low, high)
    assert [value for value in (low, high) if refusal in errors(row["path"], value)] == []
    assert [value for value in (low - 1, high + 1) if not errors(row["path"], value)] == []


def test_the_weights_of_the_channels_sum_to_1():
    assert errors("channels.targeted.weight", "0.9") == ["各渠道权重之和应为1，实为：7/5。"]


@pytest.mark.parametrize("value", [True, "5", 5.0, None])
def test_only_a_whole_number_is_a_number(value):
    assert errors("appeal_days", value) == ["公示后申诉期限（日）应为1到365之间的整数。"]


def test_the_weights_may_not_become_too_fine():
    assert LARGEST_SCALE == 30_000
    text = "指标权重的组合过于复杂，请改用较小的整数。"
    weights = {"cold": 1, "lazy": 1, "buck_passing": 1, "disorderly": 3, "greedy": 5}

    assert rulebook_errors({**default_rulebook(), "indicator_weights": weights}) == []
    assert text in rulebook_errors({**default_rulebook(), "indicator_weights": {**weights, "cold": 97, "lazy": 89}})


@pytest.mark.parametrize(
    ("drawn", "forms", "refused"),
    [
        (False, "open_forms", False),
        (False, "issued_codes", False),
        (True, "issued_codes", False),
        (True, "open_forms", True),
    ],
)
def test_the_sampled_channel_is_drawn_only_if_all_its_codes_are_issued_by_lot(drawn, forms, refused):
    rulebook = with_value({**default_rulebook(), "sampled_forms": forms}, "channels.sampled.drawn", drawn)

    assert rulebook_errors(rulebook) == (["抽样评议票公开领票的，抽样渠道不能视为抽签渠道。"] if refused else [])


@pytest.mark.parametrize(
    ("strata", "fits"),
    [
        ({"甲": 100}, True),
        ({"甲": 99, "乙": 1}, True),
        ({"甲": 99}, False),
        ({"甲": 101}, False),
        ({"甲": 100, "乙": 0}, False),
        ({"甲": 101, "乙": -1}, False),
        ({"甲": 99, "乙": True}, False),
        ({"甲": 50.0, "乙": 50.0}, False),
    ],
)
def test_the_shares_of_the_strata_are_whole_positive_and_sum_to_100(strata, fits):
    refusal = [] if fits else ["定向评议各身份类别的比例应为正整数，相加为100。"]

    assert rulebook_errors({**default_rulebook(), "evaluator_strata": strata}) == refusal


@pytest.mark.parametrize("path", ["flag_points", "flag_z", "next_margin"])
@pytest.mark.parametrize(
    ("value", "fits"),
    [("0.01", True), ("1.5", True), ("100", True), ("0", False), ("100.1", False), ("1/2", False), ("x", False)],
)
def test_a_positive_number_is_above_0_and_at_most_100(path, value, fits):
    label = next(setting.label for setting in SETTINGS if setting.path == path)

    assert errors(path, value) == ([] if fits else [f"“{label}”应为大于0、不大于100的数。"])


@pytest.mark.parametrize(("present", "fits"), [(4, True), (5, True), (6, False)])
def test_no_more_supervisors_sign_than_are_drawn(present, fits):
    assert errors("supervisors_present", present) == ([] if fits else ["须签名的监督员不能多于监督员人数。"])


@pytest.mark.parametrize(("cap", "fits"), [("0", True), ("100", True), ("100.5", False)])
def test_the_cap_lies_between_0_and_100(cap, fits):
    assert errors("cap", cap) == ([] if fits else ["“非抽签渠道最多偏离（分）”应在0到100之间。"])


@pytest.mark.parametrize("path", POINTS)
@pytest.mark.parametrize(
    ("points", "fits"),
    [
        *((text, True) for text in ("", "0", "0.25", "9.9", "99.99", "100", "100.00")),
        *((text, False) for text in ("100.01", "101", "0.125", "-1", "01", "1/2", "x")),
    ],
)
def test_points_off_are_blank_or_at_most_100_with_two_decimals(path, points, fits):
    label = next(setting.label for setting in SETTINGS if setting.path == path)

    assert errors(path, points) == ([] if fits else [f"“{label}”应为0到100之间的数，最多两位小数，或者留空。"])


@pytest.mark.parametrize(
    ("total", "percents", "seats"),
    [
        (1000, STRATA, [500, 200, 150, 100, 50]),
        (0, STRATA, [0] * 5),
        (1, STRATA, [1, 0, 0, 0, 0]),
        (3, {"甲": 50, "乙": 50}, [1, 2]),  # equal remainders: by name, and 乙 comes first
        (10, {"甲": 33, "乙": 33, "丙": 34}, [3, 3, 4]),
        (7, {"甲": 60, "乙": 40}, [4, 3]),
        (5, {"a": 33, "b": 33, "c": 34}, [2, 1, 2]),
    ],
)
def test_left_over_seats_go_to_the_largest_remainders(total, percents, seats):
    assert list(shares_of(total, percents).values()) == seats


@given(st.integers(0, 5000), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_all_seats_are_shared_out(total, percents):
    shares = {str(number): percent for number, percent in enumerate(percents)}
    shares["rest"] = 100 - sum(percents)
    assume(shares["rest"] > 0)

    seats = shares_of(total, shares)

    assert sum(seats.values()) == total
    assert all(total * shares[key] // 100 <= number <= total * shares[key] // 100 + 1 for key, number in seats.items())


def test_a_changed_setting_is_named_with_both_values():
    changes = {"appeal_days": 5, "repeat_prompt": False, "office_phone": "71400000", "sampled_forms": "issued_codes"}

    assert unusual({**default_rulebook(), **changes}) == [
        "评议表·抽样评议票来源：通过报纸、网站、服务大厅等公开领票 → 只用抽签发放的票号",
        "抽取·评议办联系电话：（空） → 71400000",
        "公示与问责期限·公示后申诉期限（日）：10 → 5",
        "公示与问责期限·连续两次居前提示免职建议：提示 → 不提示",
    ]
    drawn = with_value(default_rulebook(), "channels.sampled.drawn", True)
    assert unusual(drawn) == ["评议表·抽样渠道视为抽签渠道：否 → 是"]
    assert unusual({**default_rulebook(), "lottery": ""}) == ["抽取·彩票随机数：快乐8（80选20） → 不用彩票，只用骰子"]


def test_one_value_is_changed_and_the_rulebook_given_stays():
    rulebook = default_rulebook()

    assert lookup(with_value(rulebook, "channels.other.weight", "1"), "channels.other.weight") == "1"
    assert rulebook == default_rulebook()


@pytest.mark.parametrize(
    ("mode", "supervisors", "needed", "warns"),
    [("supervisors", 5, 3, False), ("supervisors", 5, 5, True), ("supervisors", 2, 2, True), ("server", 5, 5, False)],
)
def test_cards_without_slack_are_allowed_with_a_warning(mode, supervisors, needed, warns):
    rulebook = {**default_rulebook(), "box_key": mode, "supervisors": supervisors, "box_needed": needed}

    assert bool(rulebook_warnings(rulebook)) is warns
    assert [text for text in rulebook_warnings(rulebook) if "没有备余，任何一张卡遗失都要动用备用卡" not in text] == []
    assert rulebook_errors({**rulebook, "supervisors_present": 2}) == []


PLANNED = {"sampled_forms": "issued_codes", "issued_quota": "planned", "issued_ballots": 9}


@pytest.mark.parametrize(
    ("seats", "refusal"),
    [
        ({"D01-01": 4, "D01-02": 5}, ""),
        ({"D01-01": 9, "D01-02": 0}, ""),
        ({}, "应先在“评议计划”中采用各科室名额"),
        ({"D01-01": 4}, "合计4张，与抽样评议票发放张数不同"),
        ({"D01-01": -9, "D01-02": 18}, "应为不小于0的整数"),
        ({"D01-01": 4.5, "D01-02": 4.5}, "应为不小于0的整数"),
        ({"D01-01": True, "D01-02": 8}, "应为不小于0的整数"),
        ([9], "应为不小于0的整数"),
    ],
)
def test_planned_seats_are_whole_and_add_up_to_the_ballots_issued(seats, refusal):
    found = rulebook_errors({**default_rulebook(), **PLANNED, "issued_seats": seats})

    assert bool(found) == bool(refusal)
    assert refusal in "".join(found)


def test_seats_are_of_no_account_while_the_draw_has_another_quota():
    rulebook = {**default_rulebook(), "issued_seats": {"D01-01": 4}}

    assert rulebook_errors(rulebook) == seat_errors(rulebook, ["D01-02"]) == []
    assert planned_seats(rulebook) == {}


def test_a_section_that_came_after_the_plan_has_no_seats():
    rulebook = {**default_rulebook(), **PLANNED, "issued_seats": {"D01-01": 4, "D01-02": 5}}

    assert seat_errors(rulebook, ["D01-01"]) == []
    assert "没有D01-03的发放名额" in seat_errors(rulebook, ["D01-01", "D01-03"])[0]


@pytest.mark.parametrize(("method", "other"), [("NC-1", "NC-2"), ("NC-2", "NC-1")])
def test_a_rulebook_carried_over_to_the_other_method_keeps_what_both_have(method, other):
    rulebook = default_rulebook(method) | {"min_lines": 44, "list_length": 12}

    carried, differences = carried_over(rulebook, other)

    assert carried == default_rulebook(other) | {"min_lines": 44, "list_length": 12}
    assert rulebook_errors(carried) == []
    assert len(differences) == len(set(differences)) >= len(OF_METHOD["NC-2"])
    assert carried_over(rulebook, method) == (rulebook, [])


@pytest.mark.parametrize("key", ["client_seats", "client_needs"])
@pytest.mark.parametrize("numbers", [{"D01-01": -1}, {"D01-01": 4.5}, {"D01-01": True}, {"D01-01": "4"}, [4]])
def test_what_is_planned_of_clients_is_whole_numbers_by_section(key, numbers):
    assert rulebook_errors({**default_rulebook(), key: {"D01-01": 0, "D01-02": 2700}}) == []
    assert "应为不小于0的整数" in "".join(rulebook_errors({**default_rulebook(), key: numbers}))


def test_clients_are_drawn_only_where_the_targeted_channel_counts_as_drawn():
    rulebook = {**default_rulebook(), "client_draw": True}
    undrawn = with_value(rulebook | {"min_drawn_lines": 0}, "channels.targeted.drawn", False)

    assert rulebook_errors(rulebook) == []
    assert "定向渠道应视为抽签渠道" in "".join(rulebook_errors(undrawn))


def test_of_no_section_fewer_clients_are_drawn_than_get_bound_codes():
    rulebook = {**default_rulebook(), "client_draw": True, "client_batch_min": 20}

    assert rulebook_errors({**rulebook, "client_letters": 20, "client_seats": {"D01-01": 20, "D01-02": 0}}) == []
    assert "首次抽取办事群众不应少于20人" in "".join(rulebook_errors({**rulebook, "client_letters": 19}))
    assert "D01-02的办事群众名额不足20人" in "".join(rulebook_errors({**rulebook, "client_seats": {"D01-02": 19}}))


def test_a_rulebook_older_than_the_draw_among_clients_has_none_and_no_fault():
    earlier = {key: value for key, value in default_rulebook().items() if "client" not in key and key != "prelist_most"}

    assert rulebook_errors(earlier) == unusual(earlier) == []


def test_what_was_planned_of_clients_stays_with_its_round():
    carried, _ = carried_over(
        {**default_rulebook(), "client_seats": {"D01-01": 9}, "client_needs": {"D01-01": 3}}, "NC-2"
    )

    assert (carried["client_seats"], carried["client_needs"]) == ({}, {})


def test_planned_seats_stay_with_the_round_they_were_planned_for():
    carried, _ = carried_over({**default_rulebook(), **PLANNED, "issued_seats": {"D01-01": 9}}, "NC-2")

    assert (carried["issued_seats"], carried["issued_quota"]) == ({}, "proportional")


@pytest.mark.parametrize(
    ("path", "low", "high", "outside"),
    [
        ("line_cap", "30", "100", ["29.9", "100.1"]),
        ("follow", "0", "1", ["-0.1", "1.1"]),
        ("between_weight", "0", "1", ["4/3"]),
        ("publish_share", "1/2", "1", ["0.49", "1.01"]),
        ("z", "1", "4", ["0.99", "4.1"]),
    ],
)
def test_a_setting_that_is_no_whole_number_lies_within_its_span(path, low, high, outside):
    assert errors(path, low) == errors(path, high) == []
    assert all("应在" in "".join(errors(path, value)) for value in [*outside, "x", "1e1", "1/0"])


@pytest.mark.parametrize(("drawn", "least", "fits"), [(True, 10, True), (True, 0, False), (False, 0, True)])
def test_drawn_lines_are_asked_for_exactly_where_a_channel_is_drawn(drawn, least, fits):
    rulebook = with_value(default_rulebook() | {"min_drawn_lines": least}, "channels.targeted.drawn", drawn)

    assert bool(rulebook_errors(rulebook)) is not fits


STEP = {"repetition": "within_year", "times": 2, "measure": "summons", "actor": "unit", "workdays": 10}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"times": 1}, "次数应为2到10之间的整数。"),
        ({"times": 2.0}, "次数应为2到10之间的整数。"),
        ({"times": True}, "次数应为2到10之间的整数。"),
        ({"workdays": 0}, "期限应为1到60个工作日。"),
        ({"workdays": "10"}, "期限应为1到60个工作日。"),
        ({"repetition": "ever"}, "请选择情形。"),
        ({"measure": ""}, "请选择措施。"),
        ({"actor": "office"}, "“约谈科室负责人”由单位党委（党组）办理。"),
        ({"measure": "special_inspection", "actor": "commission"}, "“专项督查”由单位党委（党组）或者评议办办理。"),
        ({"more": 1}, "应有情形、次数、措施、办理单位、期限五项。"),
    ],
)
def test_a_step_of_repeated_listing_is_validated_with_its_line(changes, fault):
    assert errors("repeat_steps", [STEP, {**STEP, "times": 3, **changes}]) == [f"再次上榜的措施第2行：{fault}"]


@pytest.mark.parametrize("steps", ["", {}, None, [STEP] * 9])
def test_the_steps_are_a_table_of_few_lines(steps):
    assert errors("repeat_steps", steps) == ["“再次上榜的措施”应为不超过8行的表。"]


def test_the_same_step_stands_once():
    assert errors("repeat_steps", [STEP, {**STEP, "workdays": 5}])
    assert errors("repeat_steps", [STEP, {**STEP, "times": 3}]) == []
    assert errors("repeat_steps", []) == []


def test_changed_steps_are_told_to_the_approver_in_words():
    told = unusual({**default_rulebook(), "repeat_steps": [STEP]})

    assert [line.endswith("→ 一年内上榜2次：约谈科室负责人，由单位党委（党组）办理，10个工作日") for line in told] == [
        True
    ]


def test_a_rulebook_older_than_the_steps_has_none_and_no_fault():
    earlier = {key: value for key, value in default_rulebook().items() if key != "repeat_steps"}

    assert rulebook_errors(earlier) == []
    assert [line.endswith("→ （无）") for line in unusual(earlier)] == [True]
