"""A vote is valid if every answer is given once, in range, and ticked where severe; all errors come at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign
from evaluations.ballot_form.rules.votes import RawLine, VoteErrors, is_stored_comment, is_stored_vote, validate_vote
from evaluations.scoring.method import Indicator
from nanchuan_eval.core.canonical import protocol_json

SIGNS = [FormSign(f"{i.name}-{n}", i.value, f"{i.label}的表象{n}") for i in Indicator for n in (1, 2)]
PAPER = BallotForm(
    round_key="2020H1",
    round_name="2020年上半年",
    sections=tuple(FormSection(f"S{n}", f"科室{n}", "D", "单位", "服务") for n in range(3)),
    manifestations=tuple(SIGNS),
    levels=3,
    severe_from=2,
    min_answered=3,
    max_sections={"targeted": 3},
    comment_length=500,
)
TYPED = st.lists(st.sampled_from(["0", "1", "2", "3", "x", "4", "", "٣", "1_0"]), max_size=2)
LINES = st.builds(
    RawLine,
    section=st.sampled_from(["S0", "S1", "S2"]),
    answers=st.dictionaries(st.sampled_from(Indicator.values), TYPED),
    manifestations=st.lists(st.sampled_from([*(sign.code for sign in SIGNS), "X-1"]), max_size=3),
)
RIGHT = st.builds(
    RawLine,
    section=st.sampled_from(["S0", "S1", "S2"]),
    answers=st.fixed_dictionaries(
        {i.value: st.sampled_from(["0", "1", "2", "3", "x"]).map(lambda a: [a]) for i in Indicator}
    ),
    manifestations=st.just([sign.code for sign in SIGNS]) | st.just([]),
)
GOOD = {i.value: ["1"] for i in Indicator}


def is_right(line):
    """The rule, stated independently."""
    answers = [line.answers.get(i.value, []) for i in Indicator]
    signs = line.manifestations
    if any(len(a) != 1 or a[0] not in {"0", "1", "2", "3", "x"} for a in answers):
        return False
    if len(set(signs)) < len(signs) or "X-1" in signs:
        return False
    severe = [i for i in Indicator if line.answers[i.value][0] in {"2", "3"}]
    return all(any(sign.startswith(i.name) for sign in signs) for i in severe)


@given(LINES | RIGHT)
def test_a_line_is_accepted_exactly_when_every_answer_is_valid(line):
    try:
        vote = validate_vote(PAPER, "targeted", [line])
    except VoteErrors as refusal:
        assert not is_right(line)
        assert all(refusal.errors.values())
    else:
        assert is_right(line)
        expected = {key: int(value) for key, (value,) in line.answers.items() if value != "x"}
        assert vote.lines[0].answers == expected


@given(RIGHT.filter(is_right))
def test_the_stored_text_is_what_the_protocol_commits_to(line):
    vote = validate_vote(PAPER, "targeted", [line])

    assert vote.as_text().encode() == protocol_json(vote.as_json())


def test_a_tick_under_an_answer_that_is_no_longer_severe_is_dropped():
    line = RawLine("S0", {**GOOD, "cold": ["2"]}, ["COLD-1", "LAZY-1"])

    assert validate_vote(PAPER, "targeted", [line]).lines[0].manifestations == ("COLD-1",)


def test_lines_are_in_the_order_of_the_form_and_all_errors_come_at_once():
    vote = validate_vote(PAPER, "targeted", [RawLine("S2", GOOD), RawLine("S0", GOOD)])
    with pytest.raises(VoteErrors) as refusal:
        validate_vote(PAPER, "targeted", [RawLine("S0", {**GOOD, "cold": []}), RawLine("S1", {**GOOD, "lazy": ["9"]})])

    assert [line.section for line in vote.lines] == ["S0", "S2"]
    assert set(refusal.value.errors) == {"S0.cold", "S1.lazy"}


class TestAStoredVote:
    @given(st.lists(RIGHT, min_size=1, max_size=3, unique_by=lambda line: line.section))
    def test_every_valid_vote_is_one(self, lines):
        vote = validate_vote(PAPER, "targeted", lines, needs_ticks=False)

        assert is_stored_vote(PAPER, "targeted", vote.as_json())

    @pytest.mark.parametrize(
        "line",
        [
            {"section": "S9"},
            {"section": ["S0"]},
            {"answers": {"cold": 4}},
            {"answers": {"cold": -1}},
            {"answers": {"cold": True}},
            {"answers": {"cold": 1.0}},
            {"answers": {"cold": "1"}},
            {"answers": {"cold": [1]}},
            {"answers": {"warm": 1}},
            {"answers": []},
            {"manifestations": ["X-1"]},
            {"manifestations": [SIGNS[0].code, SIGNS[0].code]},
            {"manifestations": [SIGNS[1].code, SIGNS[0].code]},
            {"answers": {"cold": 1}, "manifestations": [SIGNS[0].code]},
            {"manifestations": "COLD-1"},
            {"more": 1},
        ],
        ids=str,
    )
    def test_anything_else_is_none(self, line):
        right = {"section": "S0", "answers": {"cold": 2}, "manifestations": [SIGNS[0].code]}
        assert is_stored_vote(PAPER, "targeted", {"lines": [right]})

        assert not is_stored_vote(PAPER, "targeted", {"lines": [right | line]})

    @pytest.mark.parametrize(
        "vote", [None, [], {}, {"lines": []}, {"lines": {}}, {"lines": [None]}, {"lines": [], "a": 1}], ids=str
    )
    def test_a_vote_has_lines_and_nothing_else(self, vote):
        assert not is_stored_vote(PAPER, "targeted", vote)

    def test_lines_stand_once_in_the_order_of_the_form(self):
        first, second = ({"section": code, "answers": {}, "manifestations": []} for code in ("S0", "S1"))

        assert is_stored_vote(PAPER, "targeted", {"lines": [first, second]})
        assert not is_stored_vote(PAPER, "targeted", {"lines": [second, first]})
        assert not is_stored_vote(PAPER, "targeted", {"lines": [first, first]})


@pytest.mark.parametrize(
    ("text", "fits"), [("", True), ("好\n", True), ("四个字了", False), ("\0", False), ("\ud800", False)]
)
def test_a_stored_comment_fits_into_a_database_and_its_length(text, fits):
    assert is_stored_comment(text, 3) == fits
