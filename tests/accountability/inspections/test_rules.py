"""Visit days derived from the seed."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.inspections.rules import (
    INSPECTORS_A_VISIT,
    CheckItem,
    Conclusion,
    record_errors,
    visit_days,
    workdays_between,
)
from nanchuan_eval.workdays.rules import Calendar

DAYS = [date(2020, 7, day) for day in (20, 21, 22, 23, 24)]
CODES = [f"D{n:02}-01" for n in range(1, 39)]


@given(st.text(min_size=1, max_size=64))
def test_the_days_depend_on_the_seed_only(seed):
    days = visit_days(seed, CODES, DAYS)

    assert days == visit_days(seed, reversed(CODES), DAYS)
    assert set(days) == set(CODES)
    assert set(days.values()) <= set(DAYS)


def test_the_days_are_spread():
    assert len(set(visit_days("a" * 64, CODES, DAYS).values())) == len(DAYS)


def test_another_seed_gives_other_days():
    assert visit_days("a" * 64, CODES, DAYS) != visit_days("b" * 64, CODES, DAYS)


def test_a_day_can_be_recomputed_with_sha256sum():
    digest = hashlib.sha256(b"nanchuan-inspection/1\n" + b"00" * 32 + b"\nD01-01").hexdigest()

    assert visit_days("00" * 32, ["D01-01"], DAYS)["D01-01"] == DAYS[int(digest[:16], 16) % len(DAYS)]


def test_holidays_are_left_out_and_make_up_saturdays_included():
    calendar = Calendar(days_off=frozenset({date(2020, 7, 20)}), extra_workdays=frozenset({date(2020, 7, 25)}))

    assert workdays_between(date(2020, 7, 18), date(2020, 7, 25), calendar) == [*DAYS[1:], date(2020, 7, 25)]


COMPLETE = {
    "method": "visit",
    "arrived_at": "9:00",
    "left_at": "10:00",
    "place": "大厅",
    "interviewed": 2,
    "situation": "正常",
    "conclusion": Conclusion.SOUND,
    "checks": dict.fromkeys(CheckItem.values, "yes"),
}


@pytest.mark.parametrize(
    ("changes", "findings", "errors"),
    [
        ({}, 0, []),
        ({"place": ""}, 0, ["请填写地点或窗口。"]),
        ({"interviewed": None}, 0, ["请填写访谈人数。"]),
        ({"method": "errand", "errand": ""}, 0, ["请填写模拟事项。"]),
        ({"method": "call", "call": ""}, 0, ["请填写拨打情况。"]),
        ({"method": "hidden", "interviewed": None}, 0, []),
        ({"method": "", "situation": ""}, 0, ["请填写暗访方式。", "请填写现场情况。"]),
        ({"checks": None}, 0, [f"请选择“{item.label}”。" for item in CheckItem]),
        ({"checks": dict.fromkeys(CheckItem.values[1:], "no")}, 0, ["请选择“首问责任”。"]),
        ({}, 1, ["已记录问题的，结论不能是“无问题”。"]),
        ({"conclusion": Conclusion.AT_ONCE}, 0, ["结论为要求整改的，请至少记录一个问题。"]),
        ({"conclusion": Conclusion.BY_DATE}, 0, ["结论为要求整改的，请至少记录一个问题。"]),
        ({"conclusion": Conclusion.BY_DATE}, 1, []),
        ({"conclusion": Conclusion.TRANSFER}, 0, []),
    ],
)
def test_a_record_names_what_it_lacks(changes, findings, errors):
    assert record_errors({**COMPLETE, **changes}, findings, []) == errors


def test_every_item_of_the_plan_is_rechecked():
    assert record_errors(COMPLETE, 0, ["冷", "懒"]) == ["请填写整改事项“冷”是否到位。", "请填写整改事项“懒”是否到位。"]


def test_two_inspectors_make_a_visit():
    assert INSPECTORS_A_VISIT == 2


def test_the_last_day_of_a_span_counts():
    assert workdays_between(DAYS[0], DAYS[0], Calendar()) == DAYS[:1]
    assert workdays_between(DAYS[0], DAYS[1], Calendar()) == DAYS[:2]
