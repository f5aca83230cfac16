"""Opened ballots agree with the closing list and with ballots.csv, or the difference is named."""

import json

import pytest

from evaluations.protocol.codes import content_commitment
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.protocol.openings import ballots_fault, openings_fault
from evaluations.scoring.method import Indicator

ANSWERS = {"cold": 1, "lazy": 0, "greedy": 3}
VOTE = {"lines": [{"section": "S1", "answers": ANSWERS}, {"section": "S2", "answers": {"cold": 2}}]}
OPENINGS = [
    {"channel": channel, "counted": True, "receipt": f"{n}" * 20, "nonce": f"{n}" * 64, "vote": vote}
    for n, channel, vote in [(1, "targeted", VOTE), (2, "other", {"lines": [{"section": "S1", "answers": {}}]})]
]
LINES = [json.dumps(opening) for opening in OPENINGS]
CLOSING = [leaf(o["receipt"], content_commitment(o["receipt"], o["nonce"], o["vote"])) for o in OPENINGS]
ROOT = merkle_root(CLOSING)


def row(channel, section, answers):
    return {"channel": channel, "section": section, **{i.value: str(answers.get(i.value, "")) for i in Indicator}}


ROWS = [row("targeted", "S1", ANSWERS), row("targeted", "S2", {"cold": 2}), row("other", "S1", {})]


def test_openings_in_any_order_give_the_closing_list_and_its_root():
    assert openings_fault(LINES, CLOSING, ROOT) == ""
    assert openings_fault([*reversed(LINES), "\n"], CLOSING, ROOT) == ""


def test_another_vote_nonce_or_ballot_is_noticed():
    changed = json.dumps({**OPENINGS[0], "nonce": "3" * 64})

    for lines in ([changed, LINES[1]], LINES[:1], [*LINES, changed]):
        assert openings_fault(lines, CLOSING, ROOT) == "由开封文件算出的内容校验值与封箱清单不一致"


def test_another_root_is_noticed():
    assert openings_fault(LINES, CLOSING, "0" * 64) == "封箱清单与总校验值不符"


def test_the_rows_of_the_counted_file_are_those_of_the_counted_ballots_in_any_order():
    uncounted = json.dumps({**OPENINGS[0], "counted": False})

    assert ballots_fault([*LINES, ""], reversed(ROWS)) == ""
    assert ballots_fault([uncounted, LINES[1]], ROWS[2:]) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        row("targeted", "S1", {**ANSWERS, "cold": 2}),
        row("targeted", "S9", ANSWERS),
        row("other", "S1", ANSWERS),
    ],
)
def test_a_row_on_no_counted_ballot_is_named(wrong):
    fault = ballots_fault(LINES, [*ROWS, wrong])

    assert fault.startswith(f"计票文件多出1行，如{wrong['channel']} {wrong['section']}：")


def test_a_row_counted_twice_or_not_at_all_is_named():
    assert ballots_fault(LINES, [*ROWS, ROWS[2]]) == "计票文件多出1行，如other S1：,,,,"
    assert ballots_fault(LINES, ROWS[:2]) == "计票文件缺少1行，如other S1：,,,,"
    assert ballots_fault(LINES, []).startswith("计票文件缺少3行")
