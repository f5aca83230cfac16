"""Invented service records: the same for the same seed, as uneven as real ones."""

from collections import Counter, defaultdict
from datetime import date

import pytest

from accountability.demo.records import Rated, Records

SECTIONS = [Rated(f"D{number:02d}-01", f"第{number}科", f"第{number}局") for number in range(1, 106)]
PERIOD = date(2020, 1, 1), date(2020, 6, 30)
BEFORE = date(2019, 7, 1), date(2019, 12, 31)
KNOWN = [(f"演示评议员{number:04d}", str(13900100000 + number)) for number in range(1, 301)]


@pytest.fixture(scope="module")
def rows():
    return list(Records(SECTIONS, PERIOD, BEFORE, 7, KNOWN).rows(6000))


def test_the_seed_determines_them(rows):
    assert list(Records(SECTIONS, PERIOD, BEFORE, 7, KNOWN).rows(6000)) == rows
    assert list(Records(SECTIONS, PERIOD, BEFORE, 8, KNOWN).rows(6000)) != rows


def test_they_are_of_two_half_years_on_working_days_and_in_order(rows):
    days = [date.fromisoformat(row["办结日期"]) for row in rows]

    assert len(rows) == 6000
    assert days == sorted(days)
    assert days[0] >= BEFORE[0]
    assert days[-1] <= PERIOD[1]
    assert all(day.weekday() < 5 for day in days)
    assert sum(day < PERIOD[0] for day in days) == 2700


def test_no_number_stands_twice(rows):
    assert len({row["办件编号"] for row in rows}) == len(rows)


def test_the_next_half_years_story_has_other_numbers(rows):
    later = Records(SECTIONS, (date(2020, 7, 1), date(2020, 12, 31)), PERIOD, 7, KNOWN).rows(600)

    assert not {row["办件编号"] for row in rows} & {row["办件编号"] for row in later}


def test_a_few_sections_are_nearly_never_needed(rows):
    records = Counter(row["科室"] for row in rows)
    few = [records[section.name] for section in SECTIONS]

    assert sorted(few)[2] < 10
    assert max(few) > 20 * sorted(few)[len(few) // 10]


def test_people_come_again_and_to_several_sections(rows):
    sections = defaultdict(list)
    for row in rows:
        if row["手机号"]:
            sections[row["姓名"], row["手机号"]].append(row["科室"])

    assert any(len(set(of)) > 1 for of in sections.values())
    assert any(len(of) > len(set(of)) for of in sections.values())


def test_agents_of_a_firm_share_its_phone(rows):
    firms = {(row["工作单位"], row["手机号"], row["姓名"]) for row in rows if row["类别"] == "企业"}
    agents = Counter((unit, phone) for unit, phone, _ in firms)

    assert max(agents.values()) in (2, 3)
    assert len({unit for unit, _ in agents}) == len(agents)


def test_some_have_no_phone_and_some_are_staff_of_a_rated_unit(rows):
    units = {section.unit for section in SECTIONS}

    assert 0.01 < sum(not row["手机号"] for row in rows) / len(rows) < 0.06
    assert any(row["工作单位"] in units for row in rows)


def test_people_of_the_other_list_come_too(rows):
    assert {row["手机号"] for row in rows} & {phone for _, phone in KNOWN}
