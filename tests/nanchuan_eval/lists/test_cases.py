"""Real files of the untidy kinds, read from their bytes: what is taken, what is pointed out, what is refused."""

from pathlib import Path

import pytest

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import TableError, read_table
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.spreadsheets import read_rows

CASES = Path(__file__).parent / "cases"
PEOPLE = (
    Column("name", "姓名", is_required=True),
    Column("phone", "手机号", ("手机", "联系电话"), Kind.PHONE, is_required=True),
    Column("unit", "单位"),
    Column("dealt", "办过事的科室", (), Kind.CODES),
)
SECTIONS = (Column("section", "科室", is_required=True), Column("since", "任职日期", (), Kind.DATE))
POLICE = Unit("D05", "公安局", sections=("治安管理科",))


def table(name, columns=PEOPLE):
    return read_table(read_rows((CASES / name).read_bytes(), name), columns)


def refusal(name, columns=PEOPLE):
    with pytest.raises((TableError, RuleViolation)) as caught:
        table(name, columns)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("01-semicolon.csv", {f"办事人{n}": f"1380000000{n}" for n in range(1, 6)}),
        ("02a-heading-space.xlsx", {"张三": "13800000001"}),
        ("04-full.xlsx", {"张三": "13800000011"}),
        ("04-plus86.xlsx", {"张三": "13800000001"}),
        ("20-utf16.csv", {"张三": "13800000001"}),
        ("21-utf16-no-mark.csv", {"张𬭎": "13800000001"}),
        ("22-gbk-private-use.csv", {"张䶮": "13800000001"}),
        ("24-title-with-commas.csv", {"张三": "13800000001"}),
        ("26-hidden-and-struck.xlsx", {"张三": "13800000001", "李四": "13800000002", "王五": "13800000003"}),
    ],
)
def test_an_untidy_list_is_taken_as_people_read_it(name, people):
    assert {record["name"]: record["phone"] for record in table(name).records} == people


def test_several_codes_of_one_cell_are_taken_each():
    assert {record["dealt"] for record in table("01-semicolon.csv").records} == {
        ("D01-01", "D01-02", "D01-03", "D02-01", "D02-02")
    }


@pytest.mark.parametrize(("name", "spellings"), [("05a-padded.xlsx", 2), ("05b-dots.xlsx", 4), ("25-radicals.csv", 2)])
def test_the_spellings_of_one_name_have_one_key(name, spellings):
    names = {record["name"] for record in table(name).records}
    assert len(names) == spellings
    assert len(set(map(name_key, names))) == 1


def test_every_way_to_write_a_unit_is_recognised_or_asked_about():
    units = UnitNames([POLICE], ["重庆市南川区", "南川区", "区"])
    written = [record["unit"] for record in table("07-units.xlsx").records]
    sure = [unit for unit in written if units.recognise(unit).sure]
    assert sure[:4] == ["公安局", "区公安局", "南川区公安局", "重庆市南川区公安局"]
    assert all(units.recognise(unit).all == (POLICE,) for unit in written)


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("03a-two-phones.xlsx", PEOPLE, "都是“手机号”：“手机号”（C列）、“联系电话”（E列），请只留一列"),
        ("13a-2019.10.xlsx", SECTIONS, "第2行：“任职日期”的单元格是数值2019.1，显示或者可读作2019.10"),
        ("23-user-defined.csv", PEOPLE, "第2行：“姓名”中有造字区的字（U+E000）"),
        ("27-accounting-format.xlsx", SECTIONS, "第2行：“任职日期”的单元格是数值2027.12，显示或者可读作2027.1"),
        ("28-day-shown-as-month.xlsx", SECTIONS, "第3行：“任职日期”的单元格是数值2019-03-15，显示或者可读作2019-03"),
        ("29-two-lines-of-headings.xlsx", SECTIONS, "第2行B列的“任职日期”不能确定是不是“任职日期”"),
        ("30-strict.xlsx", PEOPLE, "另存为“Excel 工作簿(.xlsx)”"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused_with_its_place(name, columns, said):
    assert said in refusal(name, columns)


def test_what_the_reader_passes_over_or_doubts_is_pointed_out():
    assert table("26-hidden-and-struck.xlsx").notices == (
        "工作表“旧名单”是隐藏的，没有读取。",
        "工作表“名单”第4行是隐藏的（或被筛选掉），已照常读取，请核对是否应当列入。",
        "工作表“名单”第5行有划了删除线的内容，已照常读取，请核对是否应当列入。",
    )
