"""A unit's own counts as they are typed or pasted: every line that is no day and number is told."""

from datetime import date

import pytest

from evaluations.service_records.rules.stated import MOST_DAYS, read_counts
from nanchuan_eval.core.errors import RuleViolation


@pytest.mark.parametrize(
    "line",
    ["2026-07-01 12", "2026/7/1\t12", "2026年7月1日，12件", "20260701 12.0", "2026-7-1 星期三 １２", " 2026.7.1: 12 "],
)
def test_a_day_and_a_number_are_read_however_they_are_written(line):
    assert read_counts(f"{line}\n\n") == {date(2026, 7, 1): 12}


@pytest.mark.parametrize(
    "line",
    ["日期 件数", "2026-07-01", "2026-07 12", "2026-07-01 1,234", "2026-07-01 -3", "12 2026-07-01", "2026-02-30 1"],
)
def test_what_is_none_is_told_with_its_line(line):
    with pytest.raises(RuleViolation, match=r"第2行.*不是一个日期和一个件数"):
        read_counts(f"2026-07-02 1\n{line}")


def test_a_day_that_stands_twice_too_many_days_and_none_are_refused():
    with pytest.raises(RuleViolation, match="2026-07-01填写了两次"):
        read_counts("2026-07-01 1\n2026年7月1日 1")
    with pytest.raises(RuleViolation, match=f"一次最多填写{MOST_DAYS}天，现有{MOST_DAYS + 1}行"):
        read_counts("日期\n" * (MOST_DAYS + 1))
    with pytest.raises(RuleViolation, match="没有填写件数"):
        read_counts(" \n")


def test_of_many_faults_the_first_are_told():
    with pytest.raises(RuleViolation) as refused:
        read_counts("无\n" * 30)

    assert len(refused.value.reasons) == 11 and refused.value.reasons[-1] == "另有20行有误。"
