"""Names, questions and words of a round: read from a rulebook, default without, and checked."""

from copy import deepcopy

import pytest

from evaluations.scoring.questionnaire import (
    DEFAULT,
    DEFAULT_INDICATORS,
    DEFAULT_WORDS,
    questionnaire_errors,
    questionnaire_of,
)


def settings(**changes):
    found = {"indicators": deepcopy(DEFAULT_INDICATORS), "level_words": dict(DEFAULT_WORDS)}
    for path, value in changes.items():
        *way, last = path.split("__")
        inner = found
        for key in way:
            inner = inner[key]
        inner[last] = value
    return found


def test_a_rulebook_without_names_has_the_default_ones():
    assert questionnaire_of({"method": "NC-2"}) == DEFAULT
    assert (DEFAULT.listed, DEFAULT.greedy, DEFAULT.none, DEFAULT.unknown) == (
        "冷、懒、推、乱、贪",
        "贪",
        "没有",
        "不了解",
    )
    assert DEFAULT.severe(2, 3) == ["较重", "严重"]


def test_names_stand_in_the_order_of_the_places_however_they_are_stored():
    stored = settings()
    stored["indicators"] = dict(reversed(stored["indicators"].items()))

    assert questionnaire_of(stored).labels == DEFAULT.labels


def test_settings_and_questionnaire_are_the_same():
    asked = questionnaire_of(settings(indicators__cold__name="冷漠", level_words__x="不清楚"))

    assert asked.labels == ["冷漠", "懒", "推", "乱", "贪"]
    assert asked.answers(1) == {"0": "没有", "1": "轻微", "x": "不清楚"}
    assert questionnaire_of(asked.as_settings()) == asked


def test_the_default_has_no_faults():
    assert questionnaire_errors({}) == questionnaire_errors(settings()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"indicators__cold__name": ""}, "第一项指标的名称应为1到4个汉字，不含标点、数字和字母。"),
        ({"indicators__lazy__name": "办事很拖拉"}, "第二项指标的名称应为1到4个汉字，不含标点、数字和字母。"),
        ({"indicators__greedy__name": "贪1"}, "第五项指标的名称应为1到4个汉字，不含标点、数字和字母。"),
        ({"indicators__cold__name": "懒"}, "五项指标的名称不能相同。"),
        ({"indicators__cold__name": "科室"}, "指标的名称不能与表格的栏目“科室”相同。"),
        (
            {"indicators__cold__question": "态度不好。"},
            "第一项指标的含义应为1到40个字，只用汉字、顿号、逗号和括号，末尾不加标点。",
        ),
        ({"indicators__cold__question": DEFAULT.questions["lazy"]}, "五项指标的含义不能相同。"),
        ({"indicators__cold": {"name": "冷"}}, "每项指标应有名称和含义。"),
        ({"indicators": {}}, "指标应恰好为五项。"),
        ({"level_words__1": "有一点点问题"}, "1级的用语应为1到5个汉字，不含标点、数字和字母。"),
        ({"level_words__x": "x"}, "不作答的用语应为1到5个汉字，不含标点、数字和字母。"),
        ({"level_words__1": "严重"}, "各级程度和不作答的用语不能相同。"),
        ({"level_words": {"0": "没有"}}, "程度用语应有0到4级和不作答共6项。"),
        ({"level_words": "没有"}, "程度用语应有0到4级和不作答共6项。"),
    ],
)
def test_a_fault_is_told_in_chinese(changes, fault):
    assert questionnaire_errors(settings(**changes)) == [fault]
