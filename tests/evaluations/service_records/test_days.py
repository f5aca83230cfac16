"""The day of a record however a system writes it, without a database."""

from datetime import date

import pytest

from evaluations.service_records.rules.columns import COLUMNS
from evaluations.service_records.rules.parsing import Bounds, RecordReader
from nanchuan_eval.spreadsheets import Row

BOUNDS = Bounds(date(2026, 1, 1), date(2026, 12, 31), "早", "晚")


class AnySection:
    """Takes every section for the same one."""

    def find(self, text, unit):
        return "D01-01", ""


def day_of(text):
    cells = {"number": "1", "section": "D01-01", "finished_on": text, "name": "张三"}
    rows = [tuple(column.label for column in COLUMNS), tuple(cells.get(column.key, "") for column in COLUMNS)]
    reader = RecordReader(AnySection(), BOUNDS)
    lines = list(reader.lines(Row("办件", number, row) for number, row in enumerate(rows, start=1)))
    return lines[0].finished_on if lines else reader.faults[0].text


@pytest.mark.parametrize(
    "text",
    ["2026-07-01", "2026-07-01 09:30", "2026-07-01T00:30:00", "2026/7/1 9:30:05", "2026年7月1日 23:59", "20260701"],
)
def test_a_time_of_day_says_nothing(text):
    assert day_of(text) == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-06-30T15:59:59Z", date(2026, 6, 30)),
        ("2026-06-30T16:00:00Z", date(2026, 7, 1)),
        ("2026-06-30T16:00:00.000+00:00", date(2026, 7, 1)),
        ("2026-07-01 00:30:00+08:00", date(2026, 7, 1)),
        ("2026-07-01T00:30:00+0800", date(2026, 7, 1)),
    ],
)
def test_a_time_of_another_zone_is_of_the_day_in_china(text, day):
    """A half-year ends at midnight in Beijing, whatever clock the system that exports has."""
    assert day_of(text) == day


def test_what_only_looks_like_a_zone_is_no_day():
    assert "不是日期" in day_of("昨天 9:30Z")
