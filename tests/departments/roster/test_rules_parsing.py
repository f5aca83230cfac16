"""Rows of a roster: bounds, columns, carried cells, contradictions."""

from datetime import date

import pytest

from departments.models import Department, Section, Tenure
from departments.roster.rules.parsing import MOST_SECTIONS, parse_roster
from departments.roster.rules.rows import COLUMNS, LABELS
from nanchuan_eval.lists.rules.columns import Kind
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.spreadsheets import Row
from tests.departments.roster.files import HEADER, ROWS

OPTIONAL = ("垂直管理", "上级主管单位", "主要领导", "分管领导", "简称", "曾用名")
WIDE = (*HEADER, *OPTIONAL)
LIMITED = {column.key: column.most for column in COLUMNS if column.kind in {Kind.TEXT, Kind.CODE}}


def row(row_number=0, **changes):
    cells = {**dict(zip(HEADER, ROWS[row_number], strict=True)), **dict.fromkeys(OPTIONAL, ""), **changes}
    return [cells[name] for name in WIDE]


def numbered(*lines, sheet="名录"):
    return [Row(sheet, number, tuple(cells)) for number, cells in enumerate(lines, start=1)]


def parsed(*rows):
    return parse_roster(numbered(WIDE, *rows)).rows


def faults(lines):
    with pytest.raises(TableError) as refusal:
        parse_roster(lines)
    return tuple(map(str, refusal.value.faults))


def sections(count):
    return [row(科室代码=f"D01-{n}", 科室=f"第{n}科") for n in range(count)]


def test_the_greatest_number_of_sections_is_accepted_and_one_more_refused():
    assert MOST_SECTIONS == 5000
    assert len(parsed(*sections(5000))) == 5000
    assert faults(numbered(WIDE, *sections(5001))) == ("文件中的科室超过5000个，请确认文件是否正确。",)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_each_heading_of_a_field_is_known(column):
    for name in (column.label, *column.synonyms):
        header = [name if heading == column.label else heading for heading in WIDE]

        assert len(parse_roster(numbered(header, row())).rows) == 1, name


def test_the_columns_of_the_template_have_examples_that_are_a_roster():
    examples = [[column.examples[n] for column in COLUMNS] for n in range(2)]

    rows = parse_roster(numbered([column.label for column in COLUMNS], *examples)).rows

    assert [row.section_code for row in rows] == ["D01-01", "D01-02"]
    assert rows[1].head_since == date(2021, 6, 1)


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


@pytest.mark.parametrize("key", LIMITED)
def test_a_text_has_its_greatest_length(key):
    most, label = LIMITED[key], LABELS[key]

    assert getattr(parsed(row(**{label: "D" * most}))[0], key) == "D" * most
    assert faults(numbered(WIDE, row(**{label: "D" * (most + 1)}))) == (
        f"工作表“名录”第2行：“{label}”超过{most}字：{'D' * 20}…",
    )


def test_the_greatest_lengths_are_those_of_the_database():
    names = {"section_code": (Section, "code"), "section_name": (Section, "name"), "head_name": (Tenure, "name")}
    for key, most in LIMITED.items():
        model, name = names.get(key, (Department, key.removeprefix("department_")))
        assert model._meta.get_field(name).max_length == most


@pytest.mark.parametrize(
    "text", ["区发改委、发改局", "区发改委,发改局", "区发改委；发改局；", "区发改委、发改局、发 改 局"]
)
def test_short_and_former_names_are_kept_with_one_separator(text):
    (one,) = parsed(row(简称=text, 曾用名=text))

    assert (one.short_names, one.former_names) == ("区发改委、发改局", "区发改委、发改局")


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


@pytest.mark.parametrize("heading", ["单位", "主要领导", "分管领导", "上级主管单位"])
def test_two_spellings_of_a_name_are_no_contradiction(heading):
    assert len(parsed(row(**{heading: "陈刚"}), row(1, **{heading: "陈　刚"}))) == 2


def test_a_section_in_another_spelling_comes_twice_all_the_same():
    assert faults(numbered(WIDE, row(), row(1, 科室="价 格 科"))) == (
        "工作表“名录”第3行：“发改委”的科室“价 格 科”与工作表“名录”第2行重复。",
    )


def test_hidden_rows_are_read_and_pointed_out():
    file = parse_roster([Row("名录", 1, WIDE), Row("名录", 2, tuple(row()), is_hidden=True)])

    assert len(file.rows) == 1
    assert "第2行是隐藏的" in file.notices[0]
