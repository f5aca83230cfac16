"""The ballot form's scale and words, and which sections, comments and digits a ballot may have."""

from dataclasses import replace

import pytest

from evaluations.ballot_form.rules.form import (
    BallotForm,
    FormSection,
    FormSign,
    as_words,
    found_by,
    level_words,
    signs_by_indicator,
    topics_of,
)
from evaluations.ballot_form.rules.votes import (
    RawLine,
    VoteErrors,
    clean_comment,
    clean_digits,
    is_valid_line,
    validate_sections,
    validate_vote,
)
from evaluations.scoring.method import Indicator

SIGNS = tuple(FormSign(f"{i.name}-1", i.value, i.label) for i in Indicator)
FORM = BallotForm(
    round_key="2020H1",
    round_name="2020年上半年",
    sections=tuple(FormSection(f"S{n}", f"科室{n}", "D", "单位", "服务") for n in range(3)),
    manifestations=SIGNS,
    levels=3,
    severe_from=2,
    min_answered=3,
    max_sections={"targeted": 2},
    comment_length=5,
)
GOOD = {i.value: ["1"] for i in Indicator}
TOPICS = (("房子过户", ("不动产", "登记")), ("看病报销", ("医保",)), ("查档", ("不动产",)))


def errors_of(check, *given, **named):
    with pytest.raises(VoteErrors) as refusal:
        check(*given, **named)
    return refusal.value.errors


def vote(*lines, **named):
    return validate_vote(FORM, "targeted", [RawLine(*line) for line in lines], **named)


def test_the_answers_are_the_levels_and_dont_know():
    assert FORM.allowed_answers == {"0", "1", "2", "3", "x"}
    assert FORM.severe_answers == {"2", "3"}
    assert FORM.mild_answers == {"0", "1", "x"}


def test_a_form_is_read_back_as_it_was_stored():
    assert BallotForm.from_json(FORM.to_json().decode()) == FORM


def test_each_indicator_has_its_own_signs():
    assert [(value, [sign.code for sign in signs]) for value, _, signs in signs_by_indicator(FORM)] == [
        (i.value, [f"{i.name}-1"]) for i in Indicator
    ]
    assert FORM.sign_codes == {i.value: (f"{i.name}-1",) for i in Indicator}


def test_a_form_is_not_of_a_demo_unless_marked():
    assert not FORM.is_demo


def test_the_levels_have_words_and_the_top_of_a_longer_scale_is_very_severe():
    words = level_words(FORM)

    assert list(words) == ["0", "1", "2", "3", "x"]
    assert words["x"] == "不了解"
    assert "级" not in "".join(words.values())
    assert {key: level_words(replace(FORM, levels=5))[key] for key in ("3", "4", "5")} == {
        "3": words["3"],
        "4": "4级",
        "5": "非常严重",
    }


@pytest.mark.parametrize(
    ("name", "topics"),
    [("不动产科", "房子过户；查档"), ("登记窗口", "房子过户"), ("医保科", "看病报销"), ("价格科", "")],
)
def test_a_topic_belongs_to_the_sections_with_one_of_its_words(name, topics):
    assert topics_of(name, TOPICS) == topics


def test_sections_are_found_by_any_of_the_words():
    assert found_by(as_words("不动产、医保，户政 车管"), ["不动产科", "价格科", "医保科"]) == ["不动产科", "医保科"]
    assert found_by([], ["价格科"]) == []


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        ([], "请至少选择一个您办过事的科室。"),
        (["S0", "S0"], "同一科室重复选择，请返回重新选择。"),
        (["S0", "S9"], "所选科室不在本轮评议范围内，请返回重新选择。"),
        (["S0", "S1", "S2"], "一张评议票最多评议2个科室，现已选择3个，请减少后重新提交。"),
    ],
)
def test_sections_that_cannot_be_rated_together_are_refused(codes, text):
    assert errors_of(validate_sections, FORM, "targeted", codes) == {"": text}


def test_as_many_sections_as_allowed_are_taken_in_the_order_of_the_form():
    assert validate_sections(FORM, "targeted", ["S2", "S0"]) == ["S0", "S2"]


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ([], "请选择一项；不清楚的请选“不了解”。"),
        (["1", "1"], "该项只能选择一个选项，请重新选择。"),
        (["1", "0"], "该项只能选择一个选项，请重新选择。"),
        (["4"], "该项选择有误，请重新选择。"),
    ],
)
def test_an_indicator_has_one_answer_of_the_scale(answers, text):
    assert errors_of(vote, ("S0", {**GOOD, "cold": answers}, [])) == {"S0.cold": text}


@pytest.mark.parametrize("signs", [["X-1"], ["COLD-1", "COLD-1"], ["COLD-1", "X-1"]])
def test_signs_are_those_of_the_form_and_each_is_ticked_once(signs):
    assert errors_of(vote, ("S0", {**GOOD, "cold": ["2"]}, signs))["S0.manifestations"] == "所选表象有误，请重新勾选。"


def test_a_severe_answer_needs_a_sign_but_not_on_paper():
    line = ("S0", {**GOOD, "cold": ["2"]}, [])

    assert list(errors_of(vote, line)) == ["S0.cold.manifestations"]
    assert vote(line, needs_ticks=False).lines[0].answers["cold"] == 2


@pytest.mark.parametrize("answer", ["2", "4"])
def test_a_line_of_nothing_but_severe_or_unknown_answers_is_refused_too(answer):
    assert len(errors_of(vote, ("S0", {i.value: [answer] for i in Indicator}, []))) == len(Indicator)


def test_a_vote_is_stored_in_chinese_with_sorted_keys_and_no_blanks():
    stored = vote(("S0", {i.value: ["x"] for i in Indicator}, []))
    line = replace(stored.lines[0], section="科室")

    assert replace(stored, lines=(line,)).as_text() == '{"lines":[{"answers":{},"manifestations":[],"section":"科室"}]}'


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        (" 态度差 ", "态度差"),
        ("一\r\n二", "一\n二"),
        ("一\u200b二\u202e", "一二"),
        ("一二三四五", "一二三四五"),
    ],
)
def test_a_comment_is_kept_without_invisible_characters(typed, kept):
    assert clean_comment(typed, 5) == kept


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("一二三四五六", "意见最多5字，现有6字，请删减后提交。"),
        ("a\x00", "意见中有系统无法识别的字符，请删除后提交。"),
        ("a\ufffd", "意见中有系统无法识别的字符，请删除后提交。"),
    ],
)
def test_a_comment_that_is_too_long_or_broken_is_refused(typed, text):
    assert errors_of(clean_comment, typed, 5) == {"comment": text}


@pytest.mark.parametrize("typed", ["1234", " 1234 ", "１２３４"])
def test_four_digits_are_taken(typed):
    assert clean_digits(typed) == "1234"


@pytest.mark.parametrize("typed", ["", "123", "12345", "12a4", "一二三四"])
def test_anything_but_four_digits_is_refused(typed):
    assert errors_of(clean_digits, typed) == {"digits": "请输入任意4位数字。"}


@pytest.mark.parametrize(("answered", "counts"), [(2, False), (3, True), (5, True)])
def test_a_line_counts_from_the_least_number_of_answers(answered, counts):
    assert is_valid_line(dict.fromkeys(Indicator.values[:answered], 1), 3) is counts
