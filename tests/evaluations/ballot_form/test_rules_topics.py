"""Which sections a service topic leads to, and what staff are told about the list of topics."""

import pytest

from evaluations.ballot_form.rules.topics import (
    Topic,
    as_words,
    found_by,
    in_words,
    parts_of,
    topics_of,
    topics_of_unit,
    warnings,
)

HOUSE = Topic("房子过户", ("不动产", "登记"))
POWER_BILL = Topic("电费、电表", ("抄表收费",), ("供电",), ("欠费",))
EDUCATION = Topic("教育局", (), ("教委",))
ELSEWHERE = Topic("残疾证", (), ("残联",), (), "残疾证由残联办理。")
PLACES = [("不动产科", "规划局"), ("抄表收费科", "供电公司"), ("抄表收费科", "自来水公司"), ("基础教育科", "教委")]


@pytest.mark.parametrize(
    ("section", "department", "expected"),
    [
        ("不动产科", "规划局", [HOUSE]),
        ("婚姻登记处", "民政局", [HOUSE]),
        ("抄表收费科", "供电公司", [POWER_BILL]),
        ("抄表收费科", "自来水公司", []),
        ("基础教育科", "教委", []),
    ],
)
def test_a_topic_belongs_to_the_sections_with_one_of_its_words_in_one_of_its_units(section, department, expected):
    assert topics_of(section, department, [HOUSE, POWER_BILL, EDUCATION]) == expected


def test_a_topic_of_units_alone_is_another_name_of_the_whole_unit():
    assert topics_of_unit("教委", [HOUSE, POWER_BILL, EDUCATION]) == [EDUCATION]
    assert found_by(EDUCATION, PLACES) == ["基础教育科"]


def test_spellings_of_a_name_make_no_difference():
    assert Topic("税", ("办税服务厅)",)).leads_to("第一税务所（办税服务厅）", "税务局")


def test_a_topic_without_any_word_leads_nowhere():
    assert not Topic("空").leads_to("综合科", "发改委")


def test_staff_see_where_a_topic_leads():
    assert in_words(POWER_BILL, PLACES) == "供电公司抄表收费科"
    assert in_words(HOUSE, PLACES) == "不动产科"
    assert in_words(EDUCATION, PLACES) == "教委的全部1个科室"
    assert in_words(ELSEWHERE, PLACES) == "不在评议范围，查找时提示：残疾证由残联办理。"
    assert in_words(Topic("无", ("没有的",)), PLACES) == "没有匹配的科室，请更换关键词"


def test_staff_are_warned_of_topics_that_lead_nowhere_and_sections_that_no_topic_leads_to():
    assert warnings([HOUSE, POWER_BILL, ELSEWHERE, Topic("没人管的事", ("没有的",))], PLACES) == [
        "有1个办事事项没有匹配的科室，请更换关键词或者删除：没人管的事。",
        "有2个科室只能按名称查找，请补充办事事项：自来水公司抄表收费科、教委基础教育科。",
    ]
    assert warnings([HOUSE], []) == []


def test_words_stand_between_blanks_and_commas():
    assert as_words("不动产、医保，户政 车管") == ("不动产", "医保", "户政", "车管")
    assert parts_of("车辆上牌、年检；税务所（办税）") == ["车辆上牌", "年检", "税务所", "办税"]
