"""A list of accounts compared with what is there: units by all their names, persons by their code."""

import pytest

from nanchuan_eval.account_lists.rules import COLUMNS, Known, compare
from nanchuan_eval.lists.rules.tables import read_table
from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.spreadsheets import Row

UNITS = UnitNames(
    [Unit("D05", "公安局", ("公安",)), Unit("D06", "民政局"), Unit("D07", "卫生健康委员会"), Unit("D08", "卫生监督所")],
    ["南川区"],
)
HEADINGS = ("单位", "姓名", "人员编号", "账号", "角色")


def compared(*rows, known=(), answers=None):
    cells = [HEADINGS, *rows]
    table = read_table([Row("名单", n, row) for n, row in enumerate(cells, start=1)], COLUMNS)
    return compare(table.records, known, UNITS, answers or {})


def faults(*rows, **more):
    return [fault.text for fault in compared(*rows, **more).faults]


@pytest.mark.parametrize("unit", ["公安局", "公安", "南川区公安局", "公 安 局"])
def test_a_liaison_belongs_to_the_unit_however_it_is_written(unit):
    (one,) = compared((unit, "张三", "N1", "", "")).wanted

    assert (one.role, one.unit_code, one.unit, one.username) == ("L", "D05", "公安局", "d05-1")


def test_a_doubtful_unit_is_asked_about():
    found = compared(("卫健委", "张三", "N1", "", ""))
    (question,) = found.questions

    (one,) = compared(("卫健委", "张三", "N1", "", ""), answers={question.key: "D07"}).wanted
    assert one.unit_code == "D07"


def test_an_unknown_unit_and_a_missing_one_are_faults():
    assert faults(("气象台", "张三", "N1", "", ""), ("", "李四", "N2", "", "")) == [
        "名录中没有单位“气象台”，请核对，或者先导入名录。",
        "单位联络员没有填写单位，请填写。",
    ]


@pytest.mark.parametrize(("role", "code"), [("暗访督查员", "I"), ("组织/考核部门", "O"), ("C", "C"), ("联络员", "L")])
def test_other_ordinary_roles_stand_in_their_column(role, code):
    (one,) = compared(("公安局", "张三", "N1", "", role)).wanted

    assert (one.role, one.unit_code) == (code, "D05" if code == "L" else "")


@pytest.mark.parametrize("role", ["系统管理员", "评议办负责人", "纪委监委", "监督员"])
def test_roles_that_are_granted_one_by_one_are_refused(role):
    with pytest.raises(ValueError, match="无法识别"):
        compared(("", "张三", "N1", "", role))


def test_usernames_go_on_where_the_present_ones_end():
    known = [Known("D05-1", "n9", "L", "D05", True)]
    wanted = compared(
        ("公安局", "张三", "N1", "", ""), ("公安局", "李四", "N2", "", ""), ("", "王五", "N3", "", "I"), known=known
    ).wanted

    assert [one.username for one in wanted] == ["d05-2", "d05-3", "inspector1"]


def test_whoever_has_the_account_already_gets_no_second_one():
    found = compared(("公安局", "张三", "Ｎ１", "", ""), known=[Known("zhang", "n1", "L", "D05", True)])

    assert (found.wanted, found.present) == ((), 1)


def test_one_person_may_be_liaison_of_two_units():
    found = compared(("公安局", "张三", "N1", "", ""), ("民政局", "张三", "N1", "", ""))

    assert (len(found.wanted), found.faults) == (2, ())


def test_one_person_twice_is_a_fault():
    assert faults(("公安局", "张三", "N1", "", ""), ("公安局", "张三", "n1", "", "")) == [
        "人员编号n1在名单中重复，请删去一行。"
    ]


def test_roles_that_exclude_each_other_are_a_fault_against_accounts_and_within_the_list():
    known = [Known("d", "n1", "D", "", True)]

    assert len(faults(("公安局", "张三", "N1", "", ""), known=known)) == 1
    assert len(faults(("公安局", "张三", "N2", "", ""), ("", "张三", "N2", "", "督查员"))) == 1


def test_a_disabled_account_stands_in_nobodys_way():
    assert faults(("公安局", "张三", "N1", "", ""), known=[Known("d", "n1", "D", "", False)]) == []


def test_a_username_belongs_to_one_account():
    known = [Known("zhang", "n9", "L", "D06", True)]

    assert faults(("公安局", "张三", "N1", "Zhang", ""), known=known) == [
        "账号“Zhang”已经使用，请改用其他账号，或者不填由系统起名。"
    ]
    assert len(faults(("公安局", "张三", "N1", "x", ""), ("民政局", "李四", "N2", "x", ""))) == 2
