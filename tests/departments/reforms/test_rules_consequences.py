"""Consequences of a reform as they are shown before it is confirmed."""

from datetime import date

import pytest

from departments.reforms.rules.consequences import FINAL, KEPT, LOCKED, abolished, merged, moved, renamed, split
from departments.reforms.rules.lineage import Title

ON = date(2020, 3, 1)
OLD, SECOND, HEIR = Title("价格科", "发改委"), Title("收费科", "发改委"), Title("综合科", "发改委")
NEW_HEIR = "新设发改委“综合科”，单位和服务类型与原科室相同；负责人请在办理后到该科室的页面填写。"


def test_a_renamed_section_keeps_its_ranks():
    assert renamed(OLD, "物价科", ON) == [
        "发改委“价格科”自2020年3月1日起更名为“物价科”，代码、单位和负责人不变。",
        KEPT,
        LOCKED,
        FINAL,
    ]


def test_moved_sections_answer_to_the_new_unit():
    assert moved([OLD, SECOND], "市场监管局", ON) == [
        "发改委“价格科”、发改委“收费科”自2020年3月1日起转隶到“市场监管局”，名称、代码和负责人不变。",
        KEPT,
        "以后锁定的轮次，上榜时由“市场监管局”及其领导承担责任。",
        LOCKED,
        FINAL,
    ]


@pytest.mark.parametrize(("is_new", "first"), [(True, [NEW_HEIR]), (False, [])])
def test_merged_sections_leave_their_ranks_to_the_one_they_join(is_new, first):
    assert merged([OLD, SECOND], HEIR, ON, is_new=is_new) == [
        *first,
        "发改委“价格科”、发改委“收费科”自2020年3月1日起并入发改委“综合科”，此后不再参评，资料和任职记录保留。",
        "以前各轮的位次由发改委“综合科”延续：计算上榜次数、连续上榜时，"
        "发改委“价格科”、发改委“收费科”的上榜均计入该科室。",
        LOCKED,
        FINAL,
    ]


@pytest.mark.parametrize(
    ("stays", "fate", "heirs"),
    [
        (True, "发改委“价格科”保留，继续参评", "发改委“价格科”、发改委“收费科”、发改委“综合科”"),
        (False, "发改委“价格科”此后不再参评，资料和任职记录保留", "发改委“收费科”、发改委“综合科”"),
    ],
)
def test_the_parts_of_a_section_and_the_rest_of_it_continue_its_ranks(stays, fate, heirs):
    assert split(OLD, [SECOND, HEIR], ON, new=[HEIR], stays=stays) == [
        NEW_HEIR,
        f"发改委“价格科”自2020年3月1日起拆分出发改委“收费科”、发改委“综合科”；{fate}。",
        f"以前各轮的位次由{heirs}分别延续：计算上榜次数、连续上榜时，发改委“价格科”的上榜分别计入各科室。",
        LOCKED,
        FINAL,
    ]


def test_a_split_into_existing_sections_sets_up_none():
    assert not split(OLD, [SECOND], ON, new=[], stays=True)[0].startswith("新设")


def test_nobody_continues_the_ranks_of_an_abolished_section():
    assert abolished([OLD], ON) == [
        "发改委“价格科”自2020年3月1日起撤销，此后不再参评，资料和任职记录保留。",
        "没有科室延续其位次；以前各轮的位次和已公布的公示不变。职责由其他科室承接的，请改用“合并”或者“拆分”办理。",
        LOCKED,
        FINAL,
    ]
