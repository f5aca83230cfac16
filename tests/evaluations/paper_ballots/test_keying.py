"""Keyed rows are parsed into the same lines as the web form's, or explained; accounts must balance."""

import pytest

from evaluations.ballot_form.rules.form import BallotForm, FormSection, FormSign
from evaluations.ballot_form.rules.votes import VoteErrors, validate_vote
from evaluations.paper_ballots.rules.ballot_account import BallotAccount, imbalances, lacks_slip
from evaluations.paper_ballots.rules.keying import KeyingError, read_row, written_row

SIGNS = tuple(FormSign(f"{i[:4].upper()}-{n}", i, f"{i}{n}") for i in ("cold", "lazy", "greedy") for n in (1, 2, 3))
PAPER = BallotForm(
    round_key="R",
    round_name="R",
    sections=(FormSection("A-1", "甲科", "A", "甲局", "service"), FormSection("A-2", "乙科", "A", "甲局", "service")),
    manifestations=SIGNS,
    levels=3,
    severe_from=2,
    min_answered=3,
    max_sections={"targeted": 200},
    comment_length=500,
)


def keyed(keys, ticks=""):
    line = read_row(PAPER, "A-1", keys, ticks)
    return line and ("".join(value for (value,) in line.answers.values()), line.manifestations)


@pytest.mark.parametrize(
    ("keys", "answers"),
    [
        ("00120", "00120"),
        ("0", "00000"),
        ("x", "xxxxx"),
        ("0 1 X - /", "01xxx"),
        ("０１２３ｘ", "0123x"),
        (" 1 ", "11111"),
    ],
)
def test_a_row_is_five_characters_or_one_for_all(keys, answers):
    assert keyed(keys)[0] == answers


def test_an_empty_row_is_not_rated():
    assert keyed("  ") is None


def test_ticks_go_to_the_severe_answers_in_order():
    assert keyed("20003", "13 2") == ("20003", ("COLD-1", "COLD-3", "GREE-2"))
    assert keyed("23000", "1") == ("23000", ("COLD-1",))
    assert keyed("23000", "0 2") == ("23000", ("LAZY-2",))


@pytest.mark.parametrize(
    "row", [("00120", ""), ("x0x31", ""), ("23002", "0 12"), ("20003", "13 2"), ("22003", "0 0 3")]
)
def test_a_line_is_written_back_as_keyed(row):
    line = validate_vote(PAPER, "targeted", [read_row(PAPER, "A-1", *row)], needs_ticks=False).lines[0]

    assert written_row(PAPER, line) == row


@pytest.mark.parametrize(
    ("keys", "ticks", "text"),
    [
        ("001", "", "应为5位"),
        ("000000", "", "应为5位"),
        ("0004x", "", "不是有效的程度代码"),
        ("٣٣٣٣٣", "", "不是有效的程度代码"),
        ("00000", "1", "表象录入了1组"),
        ("20000", "9", "序号“9”不对"),
        ("20000", "4", "没有勾的录0"),
        ("20000", "a", "序号“a”不对"),
        ("", "1", "未录入程度代码"),
    ],
)
def test_an_unreadable_row_is_explained(keys, ticks, text):
    with pytest.raises(KeyingError, match=text):
        keyed(keys, ticks)


def test_a_missing_tick_is_an_error_online_but_not_on_paper():
    line = read_row(PAPER, "A-1", "30000")

    assert validate_vote(PAPER, "targeted", [line], needs_ticks=False).lines[0].answers["cold"] == 3
    with pytest.raises(VoteErrors, match="请至少勾选一种"):
        validate_vote(PAPER, "targeted", [line])


BALANCED = {
    "issued": 10,
    "online": 4,
    "void": 0,
    "slips": 3,
    "sheets": 3,
    "unsettled": 0,
    "returned": 3,
    "spoiled": 1,
    "missing": 2,
}


def test_a_balanced_account_has_no_fault():
    assert imbalances(BallotAccount(**BALANCED)) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"missing": 1}, "合计9张"),
        ({"spoiled": 2}, "合计11张"),
        ({"slips": 2, "sheets": 2}, "登记票号联2张"),
        ({"sheets": 4}, "录入正票4张"),
        ({"unsettled": 1}, "没有完成双人录入"),
    ],
)
def test_every_difference_is_named(change, text):
    assert text in "".join(imbalances(BallotAccount(**{**BALANCED, **change})))


def test_no_more_sheets_are_keyed_than_slips_are_registered():
    assert "请先登记票号联" in lacks_slip(3, 3)
    assert lacks_slip(3, 2) == ""
