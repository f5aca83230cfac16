"""The notary's openings agree with the closing list and with ballots.csv, or the difference is named."""

import json

from evaluations.protocol.codes import content_commitment
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.protocol.openings import ballots_fault, openings_fault
from evaluations.scoring.method import Indicator

ANSWERS = {"cold": 1, "lazy": 0, "greedy": 3}
VOTE = {"lines": [{"section": "S1", "answers": ANSWERS}, {"section": "S2", "answers": {"cold": 2}}]}
OPENINGS = [
    {"ballot": f"b{n}", "receipt": f"{n}" * 20, "nonce": f"{n}" * 64, "vote": vote}
    for n, vote in [(1, VOTE), (2, {"lines": [{"section": "S1", "answers": {}}]})]
]
LINES = [json.dumps(opening) for opening in OPENINGS]
CLOSING = [leaf(o["receipt"], content_commitment(o["receipt"], o["nonce"], o["vote"])) for o in OPENINGS]
ROOT = merkle_root(CLOSING)


def row(ballot, section, answers):
    return {"ballot": ballot, "section": section, **{i.value: str(answers.get(i.value, "")) for i in Indicator}}


ROWS = [row("b1", "S1", ANSWERS), row("b1", "S2", {"cold": 2}), row("b2", "S1", {})]


def test_openings_in_any_order_give_the_closing_list_and_its_root():
    assert openings_fault(LINES, CLOSING, ROOT) == ""
    assert openings_fault([*reversed(LINES), "\n"], CLOSING, ROOT) == ""


def test_another_vote_nonce_or_ballot_is_noticed():
    changed = json.dumps({**OPENINGS[0], "nonce": "3" * 64})

    for lines in ([changed, LINES[1]], LINES[:1], [*LINES, changed]):
        assert openings_fault(lines, CLOSING, ROOT) == "由开封文件算出的内容校验值与封箱清单不一致"


def test_another_root_is_noticed():
    assert openings_fault(LINES, CLOSING, "0" * 64) == "封箱清单与总校验值不符"


def test_the_rows_of_the_counted_file_are_those_of_the_openings():
    assert ballots_fault([*LINES, ""], ROWS) == ""
    assert ballots_fault(LINES, ROWS[2:]) == ""  # what is not counted needs no row


def test_a_row_that_differs_or_is_nobodys_is_named():
    for wrong in (row("b1", "S1", {**ANSWERS, "cold": 2}), row("b1", "S9", ANSWERS), row("b2", "S1", {"cold": 0})):
        assert ballots_fault(LINES, [wrong]) == f"计票文件中的票{wrong['ballot']}与开封文件不一致"
    assert ballots_fault(LINES, [row("b9", "S1", {})]) == "计票文件中的票b9与开封文件不一致"


def test_a_ballot_without_all_its_sections_is_named():
    assert ballots_fault(LINES, [ROWS[2], ROWS[0]]) == "计票文件中的票b1缺少科室"
    assert ballots_fault(LINES, [*ROWS, ROWS[2]]) == "计票文件中的票b2缺少科室"
