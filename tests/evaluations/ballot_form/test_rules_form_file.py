"""The ballot form as a file: what print_ballots takes without the database."""

import json

import pytest

from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign
from evaluations.ballot_form.rules.form_file import FormFileError, read_form

FORM = BallotForm(
    round_key="2026H1",
    round_name="2026年上半年",
    sections=(FormSection("D01-01", "价格科", "D01", "发改委", "行政审批"),),
    manifestations=(FormSign("C1", "cold", "态度冷漠"),),
    levels=3,
    severe_from=2,
    min_answered=3,
    max_sections={"targeted": 10},
    comment_length=200,
)


def document(**changes):
    return json.loads(FORM.to_json()) | changes


def test_the_file_of_a_form_is_that_form():
    assert read_form(document()) == FORM
    assert read_form(document()).digest == FORM.digest


@pytest.mark.parametrize("needless", ["is_demo", "office_phone"])
def test_a_form_from_before_a_field_was_added_is_taken(needless):
    old = document()
    del old[needless]

    assert read_form(old) == FORM


@pytest.mark.parametrize("other", [None, [], "x", {}, {"round_key": "2026H1"}, {**document(), "more": 1}])
def test_another_file_is_refused(other):
    with pytest.raises(FormFileError, match="不是评议表文件"):
        read_form(other)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"round_name": 1}, "“round_name”应为文字，现为：1"),
        ({"office_phone": None}, "“office_phone”应为文字"),
        ({"levels": 21}, "“levels”应为0到20的整数，现为：21"),
        ({"levels": True}, "“levels”"),
        ({"min_answered": -1}, "“min_answered”应为0到10000的整数"),
        ({"is_demo": "否"}, "“is_demo”"),
        ({"max_sections": [1]}, "“max_sections”"),
        ({"max_sections": {"targeted": "1"}}, "“max_sections”"),
        ({"sections": []}, "“sections”应为列表"),
        ({"sections": [{"code": "D01-01"}]}, "“sections”的第1项"),
        ({"sections": [{**document()["sections"][0], "name": 1}]}, "“sections”的第1项"),
        ({"manifestations": "x"}, "“manifestations”应为列表"),
        ({"manifestations": [{"code": "1", "indicator": "warm", "text": "x"}]}, "“warm”不是五项指标之一"),
    ],
)
def test_a_field_of_another_kind_is_named(changes, told):
    with pytest.raises(FormFileError, match=told):
        read_form(document(**changes))
