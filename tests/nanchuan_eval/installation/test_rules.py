"""Who the first accounts must be: every role, by different persons."""

import pytest

from nanchuan_eval.installation.rules import FirstAccount, faults, named, read_accounts, site_fault
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.spreadsheets import Row

ROLES = ("SYS", "SEC", "AUD", "H", "C", "C", "D")
FIRST = [FirstAccount(role, f"人员{n}", f"N{n}") for n, role in enumerate(ROLES)]


def changed(number, **fields):
    return [FirstAccount(**{**vars(one), **(fields if n == number else {})}) for n, one in enumerate(FIRST)]


def test_seven_persons_in_six_roles_are_enough():
    assert list(faults(FIRST)) == []


@pytest.mark.parametrize(
    ("number", "label"), [(0, "系统管理员"), (1, "安全管理员"), (3, "评议办负责人"), (6, "纪委监委")]
)
def test_every_role_is_needed(number, label):
    (text,) = faults([one for n, one in enumerate(FIRST) if n != number])

    assert text == f"“{label}”要有至少1人，现有0人，请补上。"


def test_two_clerks_are_needed():
    (text,) = faults(FIRST[:5] + FIRST[6:])

    assert text == "“评议办工作人员”要有至少2人，现有1人，请补上。"


@pytest.mark.parametrize("code", ["N3", "n3", "Ｎ３", " N 3 "])
def test_one_person_has_one_account_however_the_code_is_written(code):
    (text,) = faults(changed(4, person_code=code))

    assert text.startswith("人员3（评议办负责人）、人员4（评议办工作人员）的人员编号相同。")


@pytest.mark.parametrize("code", ["", "  ", "\u3000"])
def test_a_person_code_is_needed(code):
    assert list(faults(changed(2, person_code=code))) == ["审计员“人员2”没有人员编号，请填写工号等。"]


def test_usernames_differ_in_more_than_letter_case():
    (text,) = faults(changed(0, username="li")[:1] + changed(1, username="Li")[1:])

    assert text == "账号“li”重复，请改用不同的账号。"


def test_accounts_without_a_username_get_the_usual_one_of_their_role():
    usernames = [one.username for one in named(changed(3, username="clerk1"))]

    assert usernames == ["sysadmin", "secadmin", "auditor", "clerk1", "clerk2", "clerk3", "commission"]


def test_a_list_is_read_with_roles_in_chinese_or_as_codes():
    rows = [("角色", "姓名", "工号"), *((role, f"人员{n}", f"N{n}") for n, role in enumerate(ROLES))]
    rows[1] = ("系统管理员", "人员0", "N0")

    found = read_accounts(Row("名单", n, cells) for n, cells in enumerate(rows, start=1))

    assert [one.role for one in found] == list(ROLES)
    assert found[4].username == "clerk1"


def test_a_list_with_too_few_persons_is_refused_with_every_reason():
    rows = [("角色", "姓名", "人员编号"), ("SYS", "张三", "N1"), ("H", "张三", "N1")]

    with pytest.raises(TableError) as refusal:
        read_accounts(Row("名单", n, cells) for n, cells in enumerate(rows, start=1))

    assert len(refusal.value.faults) == 5  # SEC, AUD, C, D and one person twice


@pytest.mark.parametrize("site", ["https://pingyi.example", "https://pingyi.example:8443/", "http://localhost:8000"])
def test_addresses_for_links(site):
    assert site_fault(site) == ""


@pytest.mark.parametrize("site", ["pingyi.example", "http://pingyi.example", "https://pingyi.example/x", "https://a b"])
def test_other_addresses_are_refused(site):
    assert site_fault(site).startswith("网站地址要以 https:// 开头")
