"""Rules for passwords and for roles that exclude each other."""

from types import SimpleNamespace

import pytest

from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.users.rules import are_two_persons, conflicts, may_be_one_person, password_faults

WORDS = ("nanchuan", "wangfang", "王芳", "D05", "N20200315")
UNITS = UnitNames(
    [Unit("D01", "发改委", ("发展改革委",), ("价格科",)), Unit("D02", "公安局")], ["南川区", "区", "重庆市南川区"]
)
GOOD = [
    "Blue-river-41",
    "tree Bridge 7 lake",
    "XIAOQIAO-7.liushui",
    "9Gpz!Lq3vTbe",
    "山水有相逢Ab12-xy",
    "correct Horse battery 5",
    "a1B2c3D4e5F6",
    "Summer,rain,2031",
    "!!Quiet88mountain",
    "longer-than-64-characters-Is-Fine-0-" * 3,
]
BAD = [
    "",
    "Ab1!",
    "Ab1!Ab1!Ab1",
    "aaaaaaaaaaaa",
    "abcdefghijkl",
    "ABCDEFGHIJKL",
    "123456789012",
    "!@#$%^&*()!@",
    "abcdefABCDEF",
    "abcdef123456",
    "ABCDEF123456",
    "abcdef!@#$%^",
    "Aa1Aa1Aa1Aa1",
    "Aa1!Aa1!Aa1!Aa1!",
    "Nanchuan-2020-ok",
    "my-NANCHUAN-19",
    "Pingyi-bang-77",
    "Password-123-x",
    "wangfang-Abc-12",
    "WANGFANG-abc-12",
    "Abc-12-WangFang",
    "王芳的口令Ab12-x",
    "南川评议Ab12-xyz",
    "Abcd05-efg-1234",
    "Ab-N20200315-xy",
    "评议办Ab12-xyzkl",
    "           A1",
    "Aaaaaaaaaaa1",
    "王　芳的口令Ab12-x",
    "ｗａｎｇｆａｎｇ-Abc-12",
    "Zz1zzzzzzzzz",
    "Ab1Ab1Ab1Ab1Ab1",
]


@pytest.mark.parametrize("password", GOOD)
def test_ten_good_passwords_are_accepted(password):
    assert password_faults(password, least=12, words=WORDS) == []


@pytest.mark.parametrize("password", BAD)
def test_bad_passwords_are_refused(password):
    assert password_faults(password, least=12, words=WORDS)


def test_the_least_length_is_a_setting():
    assert password_faults("Ab1!cdef", least=8) == []


@pytest.mark.parametrize(("password", "accepted"), [("Ab1!cdAb1!cd", True), ("Ab1!cAb1!cAb", False)])
def test_a_password_has_six_different_characters(password, accepted):
    assert (password_faults(password, least=12) == []) is accepted


@pytest.mark.parametrize(
    ("name", "unit", "one"),
    [
        ("王芳", "发改委", True),
        ("王芳", "", True),
        (" 王芳 ", " 发改委 ", True),
        ("王芳", "公安局", False),
        ("王方", "发改委", False),
        ("王方", "", False),
        ("王　芳", "发 改 委", True),
        ("王\u200b芳", "\u3000", True),
        ("⺩芳", "发改委", True),
        ("王芳", "区发改委", True),
        ("王芳", "南川区发展改革委", True),
        ("王芳", "发改委价格科", True),
        ("王芳", "市发改委", True),
        ("王芳", "南川区公安局", False),
        ("王芳", "个体工商户", False),
    ],
)
def test_a_namesake_of_the_same_or_no_unit_may_be_the_liaison(name, unit, one):
    assert may_be_one_person(name, unit, "王芳", "发改委", UNITS) is one


def test_units_that_may_be_the_same_are_not_told_apart_without_the_roster():
    assert may_be_one_person("王芳", "发 改 委", "王　芳", "发改委")
    assert not may_be_one_person("王芳", "区发改委", "王芳", "发改委")


@pytest.mark.parametrize(
    "roles",
    [
        *(["SYS", other] for other in ["C", "H", "D", "L", "I", "O", "S", "SEC", "AUD"]),
        *(["SEC", other] for other in ["C", "H", "D", "L", "I", "O", "S", "AUD"]),
        *(["AUD", other] for other in ["C", "H", "D", "L", "I", "O", "S"]),
        ["D", "C"],
        ["D", "H"],
        ["D", "L"],
        ["L", "I"],
        ["L", "S"],
    ],
)
def test_roles_that_exclude_each_other(roles):
    assert conflicts(roles)
    assert conflicts(reversed(roles))


@pytest.mark.parametrize("roles", [["C"], ["C", "H"], ["D", "O"], ["SYS"], ["SYS", ""], ["H", "I"], []])
def test_roles_that_go_together(roles):
    assert conflicts(roles) == []


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [
        ("N1", "N2", True),
        ("N1", "N1", False),
        ("N1", "Ｎ１ ", False),
        ("N1", "", False),
        ("", "", False),
        ("　", "N1", False),
        ("N\u200b1", "N1", False),
        ("N 1", "n1", False),
        ("\u200b", "N1", False),
    ],
)
def test_two_persons_are_two_different_person_codes(one, other, two):
    assert are_two_persons(SimpleNamespace(person_code=one), SimpleNamespace(person_code=other)) == two
