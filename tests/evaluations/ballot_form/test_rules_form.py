"""The ballot form's scale and words, and which sections, comments and digits a ballot may have."""

from dataclasses import replace

import pytest

from evaluations.ballot_form.rules.form import (
    BallotForm,
    FormSection,
    FormSign,
    level_words,
    signs_by_indicator,
)
from evaluations.ballot_form.rules.votes import (
    RawLine,
    VoteErrors,
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


def test_the_levels_have_words_and_levels_beyond_them_their_number():
    words = level_words(FORM)

    assert list(words) == ["0", "1", "2", "3", "x"]
    assert words["x"] == "不了解"
    assert "级" not in "".join(words.values())
    assert {key: level_words(replace(FORM, levels=5))[key] for key in ("3", "4", "5")} == {
        "3": words["3"],
        "4": "非常严重",
        "5": "5级",
    }
