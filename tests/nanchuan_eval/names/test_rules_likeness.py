"""Names that may be one person's: slips, sounds, parts, what a list could not write; never the same, only near."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accountability.promotion_freezes.queries import loose_readings, readings
from nanchuan_eval.names.rules.incomplete import is_full
from nanchuan_eval.names.rules.likeness import are_near


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈刚", "陈钢"),
        ("陈刚", "陳剛"),
        ("单红", "善洪"),
        ("曾强", "增强"),
        ("阿依努尔·买买提", "买买提"),
        ("阿依努尔·买买提", "阿依努尔"),
        ("阿依努尔·买买提", "买买提·阿依努尔"),
        ("阿依努尔·买买提", "阿依努尔买买提"),
        ("阿依努尔·买买提", "阿依努尔·买买堤"),
        ("司马相如", "司马湘茹"),
        ("司马相如", "司马相茹"),
        ("司马相如", "司马相"),
        ("陈刚", "陈刚同志"),
        ("陈刚", "陈刚、李明"),
        ("陈刚", "陈刚（兼）"),
        ("陈刚", "陈钢(大)"),
        ("张𬭎", "张？"),
        ("张𬭎", "张□"),
        ("张𬭎", "张hong"),
        ("张𬭎", "张(金宏)"),
        ("张𬭎", "张【左金右宏】"),
        ("张𬭎", "张⿰钅宏"),
        ("张𬭎", "张"),
        ("陈刚", "1.陈刚"),
        ("陈刚", "陈刚1"),
        ("陈刚", "陈钢、李明"),
        ("陈刚", "李明,陈钢"),
        ("陈祎", "陈袆"),
        ("王己", "王已"),
        ("陈刚", "李强（曾用名陈刚）"),
        ("陈刚", "李某（曾用名：陈刚）"),
        ("陈刚", "李强(陈刚)"),
        ("陈刚", "李强【原名 陈钢】"),
        ("陈刚", "李强（原陈刚）"),
        ("陈刚", "李强，别名：陈刚"),
        ("陈刚", "李强 又名陈刚"),
        ("陈刚", "李强（陈刚科长）"),
        ("陈刚", "陈钢科长"),
        ("陈刚", "陈刚副局长"),
        ("陈刚", "Chen Gang"),
        ("陈刚", "GANG CHEN"),
        ("陈刚", "chengang"),
        ("陈刚", "Chén Gāng"),
        ("吕强", "LYU Qiang"),
        ("吕强", "lv qiang"),
        ("欧阳震华", "Zhenhua Ouyang"),
        ("阿依努尔·买买提", "Ayinuer Maimaiti"),
        ("Chen Gang", "Gang Chen"),
        ("Chen Gang", "ChenGang"),
    ],
)
def test_near_names_of_any_unit(one, other):
    assert are_near(one, other, readings)
    assert are_near(other, one, readings)


@pytest.mark.parametrize(
    ("one", "other"), [("陈志刚", "陈志强"), ("陈志刚", "陈刚"), ("陈志刚", "陈刚志"), ("孙强", "孙强强")]
)
def test_a_slip_in_a_short_name_counts_in_one_unit_only(one, other):
    assert are_near(one, other, readings, in_one_unit=True)
    assert not are_near(one, other, readings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈刚", "陈××"),
        ("陈刚", "陈＊＊"),
        ("陈刚", "陈XX"),
        ("陈刚", "陈某"),
        ("陈刚", "陈某某"),
        ("陈小明", "陈某某"),
        ("陈小明", "陈某"),
        ("陈小明", "陈小某"),
        ("陈小明", "陈×明"),
        ("陈小明", "陈*明"),
        ("陈某", "陈科长"),
        ("陈刚", "某某"),
        ("陈刚", "局长"),
        ("陈刚", "陈科长"),
        ("陈刚", "陈副局长"),
        ("陈刚", "陈支队长"),
        ("陈刚", "陈总"),
        ("陈刚", "陈局"),
        ("陈刚", "陈老师"),
        ("陈刚", "陈党组书记"),
        ("陈刚", "陈科长（女）"),
        ("陈刚", "程科长"),
        ("欧阳震华", "欧阳主任"),
        ("欧阳震华", "老欧阳"),
        ("陈刚", "小陈"),
        ("陈刚", "老陈同志"),
        ("陈刚", "阿陈"),
        ("陈刚", "阿刚"),
        ("陈刚", "刚陈"),
        ("陈志刚", "志刚陈"),
        ("陈刚", "Chen"),
        ("陈刚", "Chen G."),
        ("陈志刚", "C. Zhigang"),
        ("阿依努尔·买买提", "Maimaiti"),
        ("张𬭎", "张金宏"),
        ("张𬭎", "张钅宏"),
        ("李䶮", "李龙天"),
        ("郝玥", "郝王月"),
        ("王堃", "王方方土"),
    ],
)
def test_what_is_no_full_name_may_be_anybody_of_the_unit_whom_it_does_not_exclude(one, other):
    for asked, registered in ((one, other), (other, one)):
        assert are_near(asked, registered, loose_readings, in_one_unit=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("李龙", "李尤"),
        ("陈刚", "阵刚"),
        ("陈刚", "陈网"),
        ("陈刚", "陈则"),
        ("田中", "由中"),
        ("由华", "田华"),
        ("申华", "甲华"),
        ("任伟", "仼伟"),
        ("段军", "叚军"),
        ("祝军", "视军"),
        ("郑军", "邓军"),
        ("兖军", "衮军"),
        ("王琛", "王深"),
        ("王琛", "王探"),
        ("周睿", "周容"),
        ("刘昊", "刘旻"),
        ("刘昊", "刘吴"),
        ("吴昊", "吴昱"),
        ("汤明", "阳明"),
        ("张彬", "张杉"),
        ("张彬", "张林"),
        ("李爽", "李夹"),
    ],
)
def test_characters_of_like_shape_are_near_in_any_unit(one, other):
    assert are_near(one, other, readings)
    assert are_near(other, one, readings)


def test_characters_that_look_like_a_third_one_are_not_alike_themselves():
    assert are_near("刘任", "刘壬", readings)
    assert are_near("刘壬", "刘玉", readings)
    assert not are_near("刘任", "刘玉", readings)


@pytest.mark.parametrize(
    "written",
    [
        "张hóng",
        "张 Hóng",
        "张ho\u0301ng",
        "张hónɡ",
        "张hong2",
        "张U+2CB4E",
        "张u+2cb4e",
        "张&#183118;",
        "张&#x2CB4E;",
        "张\\uD872\\uDF4E",
        "张\\u{2CB4E}",
        "张&#57345;",
        "张\ue001",
        "张&#9999999;",
        "张.",
        "张。",
        "张．",
    ],
)
@pytest.mark.parametrize("in_one_unit", [True, False])
def test_what_stands_for_a_character_that_could_not_be_written_is_near(written, in_one_unit):
    assert are_near("张𬭎", written, readings, in_one_unit=in_one_unit)
    assert are_near(written, "张𬭎", readings, in_one_unit=in_one_unit)
    assert not are_near("李𬭎", written, readings, in_one_unit=in_one_unit)


def test_two_escapes_of_one_character_are_near_and_of_others_are_not():
    assert are_near("张&#183118;", "张U+2CB4E", readings)
    assert are_near("张&#183118;", "张&#x2CB4E;", readings)
    assert not are_near("张&#183118;", "张刚", readings)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("王小明", "Xiaoming"),
        ("王小明", "Xiǎo Míng"),
        ("王小明", "Ming"),
        ("王小明", "明"),
        ("王小明", "小明"),
        ("陈刚", "刚"),
        ("陈刚", "钢"),
        ("陈刚", "Gang"),
        ("陈刚", "ɡānɡ"),
        ("欧阳震华", "Zhenhua"),
    ],
)
def test_a_given_name_alone_may_be_anybody_of_the_unit_who_bears_it(name, part):
    assert are_near(name, part, loose_readings, in_one_unit=True)
    assert are_near(part, name, loose_readings, in_one_unit=True)
    assert not are_near(name, part, readings)
    assert not are_near("李强", part, loose_readings, in_one_unit=True)


def test_huang_and_wang_are_confused_by_loose_readings_only():
    assert are_near("黄刚", "王刚", loose_readings, in_one_unit=True)
    assert are_near("黄刚", "Wang Gang", loose_readings, in_one_unit=True)
    assert not are_near("黄刚", "王刚", readings)


@pytest.mark.parametrize("name", ["陈某", "陈科长", "小陈", "刚陈", "Chen", "CG", "陈总"])
def test_what_is_no_full_name_is_nobody_of_another_unit(name):
    assert not are_near("陈刚", name, readings)
    assert not are_near("陈小明", name, readings)


@pytest.mark.parametrize(
    ("name", "is_whole"),
    [
        ("陈刚", True),
        ("欧阳震华", True),
        ("阿依努尔·买买提", True),
        ("张𬭎", True),
        ("陈", False),
        ("陈某", False),
        ("陈××", False),
        ("陈XX", False),
        ("陈科长", False),
        ("小陈", False),
        ("陈总", False),
        ("Chen Gang", False),
        ("科长", False),
    ],
)
def test_full_names_are_told_from_others(name, is_whole):
    assert is_full(name) is is_whole


@pytest.mark.parametrize(
    ("one", "other"), [("陈刚", "程刚"), ("王兰", "王南"), ("张志", "章自"), ("胡明", "符明"), ("李兴", "李新")]
)
def test_sounds_of_the_dialect_are_near_only_where_they_are_asked_for(one, other):
    assert are_near(one, other, loose_readings)
    assert not are_near(one, other, readings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("陈刚", "李明"),
        ("陈刚", "陈明"),
        ("陈刚", "刘刚"),
        ("", "陈刚"),
        ("陈刚", "陈 刚"),
        ("陈", "刘"),
        ("演示科长0101", "演示科长0102"),
        ("王小明", "张小红"),
        ("陈刚", "李某"),
        ("陈刚", "李科长"),
        ("陈刚", "小李"),
        ("小陈", "李某"),
        ("陈刚", "李××"),
        ("陈刚", "Li Ming"),
        ("陈刚", "Chen Ming"),
        ("陈刚", "明陈"),
        ("陈刚", "陈小明"),
        ("陈小明", "陈某刚"),
        ("张𬭎", "李金宏"),
        ("张刚", "张金宏"),
        ("陈刚", "李强（科长）"),
        ("陈刚", "李强（主持工作）"),
        ("陈刚", "李强（女，汉族）"),
        ("陈刚", "李强（曾用名李刚）"),
        ("Chen Gang", "Li Ming"),
    ],
)
def test_other_names_and_the_same_name_are_not_near(one, other):
    assert not are_near(one, other, readings, in_one_unit=True)


@given(one=st.text(max_size=8), other=st.text(max_size=8), in_one_unit=st.booleans())
def test_nearness_goes_both_ways(one, other, in_one_unit):
    asked = are_near(one, other, readings, in_one_unit=in_one_unit)

    assert asked == are_near(other, one, readings, in_one_unit=in_one_unit)
    assert not are_near(one, one, readings, in_one_unit=in_one_unit)
