"""Which section of the roster an earlier list means: for certain, possibly, or none; never somebody else's."""

from datetime import date

import pytest

from accountability.history.rules.matching import Known, Sections
from nanchuan_eval.names.rules.units import Unit, UnitNames

ON = date(2019, 7, 1)
LATER, EARLIER = date(2020, 3, 1), date(2018, 3, 1)
UNITS = UnitNames(
    [
        Unit("D01", "公安局", ("公安", "公安分局"), ("户政科", "治安管理科", "办公室")),
        Unit("D02", "市场监督管理局", ("市监局", "工商局"), ("登记科", "办公室")),
        Unit("D03", "教育委员会", ("教委",), ("招生科",)),
    ],
    ["南川区", "重庆市南川区", "区"],
)
NOW = (
    Known(1, "D01-01", "公安局", "户政科"),
    Known(2, "D01-02", "公安局", "治安管理科"),
    Known(3, "D01-03", "公安局", "办公室"),
    Known(4, "D02-01", "市场监督管理局", "登记科"),
    Known(5, "D02-02", "市场监督管理局", "办公室"),
    Known(6, "D03-01", "教育委员会", "招生科"),
)


def match(department, section, *former, on=ON, now=NOW):
    found = Sections([*now, *former], UNITS).match(department, section, on)
    return found.sure and found.sure.section, [known.section for known in found.possible]


def test_a_name_that_is_only_of_the_same_unit_is_told_from_a_near_one():
    assert Sections(NOW, UNITS).match("公安局", "户政科窗口", ON).is_near
    assert not Sections(NOW, UNITS).match("公安局", "督察队", ON).is_near


@pytest.mark.parametrize(
    "written",
    [
        *("治安支队", "治安大队", "治安股", "治安窗口", "治安管理支队", "治安管理", "管理科", "公安局治安支队"),
        *("治安管里科", "治管科", "治安行政管理科"),
    ],
)
def test_a_name_like_that_of_a_section_is_near_it(written):
    match = Sections(NOW, UNITS).match("公安局", written, ON)

    assert match.is_near
    assert [known.section for known in match.possible] == [2]


@pytest.mark.parametrize("written", ["督察队", "法制支队", "刑侦大队", "科", "窗口"])
def test_a_name_unlike_all_sections_is_near_none(written):
    assert not Sections(NOW, UNITS).match("公安局", written, ON).is_near


@pytest.mark.parametrize(("department", "section"), [("公安局交警支队", "督察队"), ("市教委", "贷款科")])
def test_of_a_unit_that_is_not_certain_every_section_is_asked_about(department, section):
    match = Sections(NOW, UNITS).match(department, section, ON)

    assert match.is_near
    assert match.possible


def test_a_name_like_a_former_one_of_a_dissolved_unit_is_near_it():
    moved = Known(4, "D02-01", "物价局", "收费科", until=LATER)

    assert match("物价局", "收费管理科", moved) == (None, [4])


@pytest.mark.parametrize(
    ("department", "section"),
    [
        ("公安局", "户政科"),
        ("公 安 局", "户　政科"),
        ("区公安局", "户政科"),
        ("重庆市南川区公安局", "户政科"),
        ("公安", "户政科"),
        ("公安分局", "户政科"),
        ("公安局", "公安局户政科"),
        ("区公安局", "公安户政科"),
        ("公安局户政科", "户政科"),
    ],
)
def test_a_section_is_recognised_by_all_names_of_its_unit(department, section):
    assert match(department, section) == (1, [])


def test_radicals_typed_for_characters_make_no_difference():
    assert match("教⾩委", "招生科")[0] is None
    assert match("教委", "招⽣科") == (6, [])


def test_sections_of_one_name_belong_to_their_units():
    assert match("公安局", "办公室")[0] == 3
    assert match("工商局", "办公室")[0] == 5


@pytest.mark.parametrize(
    ("department", "section", "possible"),
    [
        ("公安局", "治安科", [2]),
        ("公安局", "督察队", [1, 2, 3]),
        ("公安局", "治安管理", [2]),
        ("公安局", "户政科窗口", [1]),
        ("公安局交警支队", "户政科", [1]),
        ("教育局", "招生科", [6]),
        ("气象局", "招生科", []),
        ("水务局", "户政科", []),
        ("", "", []),
    ],
)
def test_what_is_not_certain_is_possible_or_nobody(department, section, possible):
    assert match(department, section) == (None, possible)


def test_a_former_name_counts_for_lists_of_its_time():
    renamed = Known(4, "D02-01", "市场监督管理局", "企业注册科", until=LATER)

    assert match("市监局", "企业注册科", renamed) == (4, [])
    assert match("市监局", "企业注册科", renamed, on=LATER) == (None, [4])


def test_a_former_unit_that_no_longer_exists_is_known_by_its_own_name():
    moved = Known(4, "D02-01", "物价局", "收费科", until=LATER)

    assert match("物 价局", "收费科", moved) == (4, [])


def test_a_name_of_two_sections_is_asked_about():
    """What was 登记科 in 2019 is 户政科 today, and another section bears its name."""
    before = Known(1, "D01-01", "市场监督管理局", "登记科", until=LATER)

    assert match("市场监督管理局", "登记科", before) == (None, [4, 1])


def test_a_name_that_a_section_has_only_since_then_is_asked_about():
    new = Known(7, "D03-02", "教育委员会", "考试科", since=LATER)

    assert match("教委", "考试科", now=[*NOW, new]) == (None, [7])
    assert match("教委", "考试科", now=[*NOW, new], on=LATER) == (7, [])
    assert match("教委", "考试科", now=[*NOW, Known(7, "D03-02", "教育委员会", "考试科", since=EARLIER)]) == (7, [])
