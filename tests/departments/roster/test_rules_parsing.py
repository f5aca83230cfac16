"""Rows of a roster, as the spreadsheet reader hands them over: bounds, headings and carried cells."""

from datetime import date

import pytest

from departments.roster.rules.parsing import HEADER_WITHIN, MOST_SECTIONS, RosterError, parse_roster
from departments.roster.rules.rows import HEADINGS, LONGEST
from tests.departments.roster.files import HEADER, ROWS

OPTIONAL = ("垂直管理", "上级主管单位", "主要领导", "分管领导")
WIDE = (*HEADER, *OPTIONAL)


def row(row_number=0, **changes):
    cells = {**dict(zip(HEADER, ROWS[row_number], strict=True)), **dict.fromkeys(OPTIONAL, ""), **changes}
    return [cells[name] for name in WIDE]


def numbered(*lines, sheet="名录"):
    return [(sheet, number, cells) for number, cells in enumerate(lines, start=1)]


def parsed(*rows):
    return parse_roster(numbered(WIDE, *rows))


def faults(lines):
    with pytest.raises(RosterError) as refusal:
        parse_roster(lines)
    return refusal.value.reasons


def sections(count):
    return [row(科室代码=f"D01-{n}", 科室=f"第{n}科") for n in range(count)]


def test_the_greatest_number_of_sections_is_accepted_and_one_more_refused():
    assert MOST_SECTIONS == 5000
    assert len(parsed(*sections(5000))) == 5000
    assert faults(numbered(WIDE, *sections(5001))) == ("文件中的科室超过5000个，请确认文件是否正确。",)


def test_the_header_stands_in_the_first_twenty_rows():
    title = ("名录",)

    assert HEADER_WITHIN == 20
    assert len(parse_roster(numbered(*[title] * 19, WIDE, row()))) == 1
    assert "找不到完整的表头" in faults(numbered(*[title] * 20, WIDE, row()))[0]


def test_the_row_with_most_headings_is_taken_for_the_header_meant():
    lines = numbered(HEADER[:1], HEADER[:4], HEADER[:2], row())

    assert faults(lines) == ("工作表“名录”：找不到完整的表头，缺少列：科室、服务类型。",)


@pytest.mark.parametrize("key", HEADINGS)
def test_each_heading_of_a_field_is_known(key):
    usual = next(name for name in WIDE if name in HEADINGS[key])
    expected = parsed(row(垂直管理="是", 主要领导="赵一", 分管领导="钱二", 上级主管单位="市局"))

    for heading in HEADINGS[key]:
        header = [heading if name == usual else name for name in WIDE]
        cells = row(垂直管理="是", 主要领导="赵一", 分管领导="钱二", 上级主管单位="市局")
        assert parse_roster(numbered(header, cells)) == expected


def test_of_two_headings_of_one_field_the_usual_one_is_read():
    header = (*WIDE, "部门名称")

    assert parse_roster(numbered(header, [*row(), "别的单位"]))[0].department_name == "发改委"


@pytest.mark.parametrize(("columns", "letters"), [((0, 25), "A、Z"), ((0, 26), "A、AA"), ((0, 52), "A、BA")])
def test_a_repeated_heading_is_shown_with_its_columns(columns, letters):
    header = [*WIDE, *[""] * 50]
    header[columns[1]] = header[columns[0]]

    assert faults(numbered(header, row())) == (
        f"工作表“名录”：第1行的表头有重复的列“单位代码”（{letters}列），请只留一列。",
    )


def test_a_csv_is_called_a_file_and_a_sheet_a_sheet():
    assert faults(numbered(WIDE, row(科室=""), sheet="名录.CSV")) == ("文件“名录.CSV”第2行：“科室”为空。",)


def test_short_rows_are_filled_up_with_empty_cells():
    (one,) = parsed(row()[:6])

    assert (one.head_name, one.head_since, one.superior) == ("", None, "")


def test_the_values_of_a_department_are_carried_to_rows_that_repeat_it():
    first = row(垂直管理="是", 上级主管单位="市局", 主要领导="赵一", 分管领导="钱二")

    for given in ({}, {"单位代码": "", "单位": "", "单位性质": ""}, {"单位代码": ""}, {"单位": ""}):
        _, second = parsed(first, row(1, **given))
        assert (second.is_vertical, second.superior, second.chief_leader) == (True, "市局", "赵一")
        assert (second.department_code, second.department_name) == ("D01", "发改委")


def test_a_head_is_never_carried_down():
    _, second = parsed(row(), row(1, 单位代码="", 科室负责人="", 任职日期=""))

    assert (second.head_name, second.head_since) == ("", None)


def test_another_department_takes_nothing_from_the_one_above():
    first, second = parsed(row(主要领导="赵一"), row(2))

    assert (first.chief_leader, second.chief_leader) == ("赵一", "")


def test_two_departments_may_have_sections_of_one_name():
    assert len(parsed(row(), row(2, 科室="价格科"))) == 2


def test_a_department_value_missing_in_some_rows_contradicts_nothing():
    codes = ("D01-01", "D01-02", "D01-03")
    leaders = ("", "赵一", "赵一")

    rows = [row(科室代码=code, 科室=code, 主要领导=leader) for code, leader in zip(codes, leaders, strict=True)]
    assert len(parsed(*rows)) == 3


@pytest.mark.parametrize("key", LONGEST)
def test_a_text_has_its_greatest_length(key):
    heading = next(name for name in WIDE if name in HEADINGS[key])

    assert getattr(parsed(row(**{heading: "D" * LONGEST[key]}))[0], key) == "D" * LONGEST[key]
    assert faults(numbered(WIDE, row(**{heading: "D" * (LONGEST[key] + 1)}))) == (
        f"工作表“名录”第2行：“{HEADINGS[key][0]}”超过{LONGEST[key]}字：{'D' * 20}…",
    )


def test_the_greatest_lengths_are_those_of_the_columns():
    assert LONGEST == {
        "department_code": 20,
        "department_name": 60,
        "section_code": 20,
        "section_name": 60,
        "superior": 60,
        "chief_leader": 40,
        "leader_in_charge": 40,
        "head_name": 40,
    }


@pytest.mark.parametrize(
    ("heading", "reason"),
    [
        ("科室代码", "“科室代码”只能用字母、数字和短横线：{}"),
        ("服务类型", "服务类型“{}”无法识别，应为：行政审批、行政服务、行政执法、公用事业。"),
        ("垂直管理", "垂直管理应填“是”或“否”，不能填“{}”。"),
        ("任职日期", "任职日期“{}”格式有误，请按“2019-03-01”的格式填写。"),
    ],
)
def test_a_wrong_cell_is_shown_up_to_its_thirtieth_character(heading, reason):
    assert faults(numbered(WIDE, row(**{heading: "?" * 31}))) == (f"工作表“名录”第2行：{reason.format('?' * 30)}",)


@pytest.mark.parametrize("code", ["D01-01", "d01", "1-2-3"])
def test_a_code_has_letters_digits_and_hyphens(code):
    assert parsed(row(科室代码=code))[0].section_code == code


@pytest.mark.parametrize("code", ["-", "D_1", "D 1", "é1", "丁1"])
def test_a_code_has_nothing_else(code):
    assert faults(numbered(WIDE, row(科室代码=code)))[0].endswith(f"只能用字母、数字和短横线：{code}")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1950-01-01", date(1950, 1, 1)),
        ("2100.12.31", date(2100, 12, 31)),
        ("2019年3月1日", date(2019, 3, 1)),
        ("2019年3月", date(2019, 3, 1)),
        ("2019/3/2", date(2019, 3, 2)),
        ("2019.3.", date(2019, 3, 1)),
        ("", None),
    ],
)
def test_a_day_in_office_lies_between_1950_and_2100(text, day):
    assert parsed(row(任职日期=text))[0].head_since == day


@pytest.mark.parametrize("text", ["1949-12-31", "2101-01-01", "2019", "2019-02-30", "2019-1-1-1", "去年"])
def test_any_other_day_is_refused(text):
    assert "任职日期" in faults(numbered(WIDE, row(任职日期=text)))[0]


def test_a_day_in_office_needs_a_head_and_a_head_no_day():
    assert faults(numbered(WIDE, row(科室负责人=""))) == ("工作表“名录”第2行：填了任职日期，没有填科室负责人。",)
    assert parsed(row(任职日期=""))[0].head_since is None


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("是", True), ("√", True), ("1", True), ("否", False), ("0", False), ("×", False), ("", None)],
)
def test_vertical_management_is_yes_no_or_open(word, meaning):
    assert parsed(row(垂直管理=word))[0].is_vertical is meaning


@pytest.mark.parametrize(
    ("heading", "first", "second"),
    [("单位", "发改委", "物价局"), ("单位性质", "行政部门", "事业单位"), ("垂直管理", "是", "否")]
    + [(heading, "甲", "乙") for heading in OPTIONAL[1:]],
)
def test_the_rows_of_a_department_agree(heading, first, second):
    rows = row(**{heading: first}), row(1, **{heading: second})

    assert faults(numbered(WIDE, *rows)) == (f"工作表“名录”第3行：单位代码“D01”前后的“{heading}”不一致。",)


def test_a_sheet_of_one_line_has_no_header():
    assert faults(numbered(["填表说明"], sheet="说明"))[0].startswith("工作表“说明”：找不到完整的表头")
