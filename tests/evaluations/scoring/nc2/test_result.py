"""result.json and cells.json of NC-2 to the byte: the published examples, a second implementation, the properties."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import BallotFileError, Line
from evaluations.scoring.method import Indicator, RulebookError
from evaluations.scoring.methods import recount
from evaluations.scoring.nc2.cells_file import rulebook_digest
from evaluations.scoring.nc2.result import recount_cells
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.scoring.nc2.examples import (
    NO_MINIMUMS,
    ROUNDS,
    Votes,
    ballots,
    ballots_csv,
    channels,
    in_file,
    judge,
    rounds,
    rulebook,
    untimed,
    veto,
)
from tests.evaluations.scoring.nc2.oracle import Oracle

INSIDE = {"lines", "vote_count", "capped", "indicators"}
CLEAR = ballots("T", {"A": "33333", "B": "22222", "C": "00000", "D": "10000"}, times=40)


def counted(book: dict[str, Any], votes: Votes) -> tuple[dict[str, Any], dict[str, Any]]:
    """result.json and cells.json, read again."""
    result, cells = recount(ballots_csv(votes), book)
    return json.loads(result), json.loads(cells)


@pytest.mark.parametrize("vector", ROUNDS, ids=lambda vector: vector["name"])
def test_a_published_round_comes_out_of_the_files(vector: dict[str, Any]):
    result, cells = (json.loads(raw) for raw in recount(in_file(vector), vector["rulebook"]))
    told = vector["result"]["sections"]
    chances = [(row.pop("p_top"), of["p_top"]) for row, of in zip(result["sections"], told, strict=True)]

    assert cells == vector["cells"]
    assert result["sections"] == [{key: row[key] for key in row if key != "p_top"} for row in told]
    assert result | {"sections": []} == vector["result"] | {"sections": []}
    assert all((a is None) == (b is None) for a, b in chances)
    assert all(abs(Fraction(a) - Fraction(b)) <= Fraction("0.0002") for a, b in chances if a is not None)


@pytest.mark.parametrize("vector", ROUNDS, ids=lambda vector: vector["name"])
def test_a_strangers_recount_gives_the_public_part_of_a_published_round(vector: dict[str, Any]):
    result = json.loads(recount(in_file(vector), vector["rulebook"])[0])
    public = [{key: value for key, value in row.items() if key not in INSIDE} for row in result["sections"]]

    assert json.loads(recount_cells(vector["cells"], vector["rulebook"])) == result | {"sections": public}


@untimed
@given(rounds())
def test_every_figure_agrees_with_an_independent_count(round_: tuple[dict[str, Any], Votes]):
    book, votes = round_
    oracle = Oracle(book, votes)
    result, cells = counted(book, votes)
    chances = {row["section"]: row.pop("p_top") for row in result["sections"]}

    assert result == oracle.result()
    assert cells["sections"] == oracle.cells()
    assert {c: (of["mean"], Fraction(of["weight"])) for c, of in cells["channels"].items()} == {
        c: (result["channel_means"][c], weight) for c, weight in oracle.w.items()
    }
    for section, chance in chances.items():
        assert (chance is None) == (section not in oracle.enough and section not in oracle.vetoed)
        assert chance is None or abs(float(chance) - oracle.p_top(section)) < 0.0001


@untimed
@given(rounds())
def test_a_strangers_recount_gives_the_public_part(round_: tuple[dict[str, Any], Votes]):
    book, votes = round_
    result, cells = counted(book, votes)
    for row in result["sections"]:
        for key in INSIDE:
            del row[key]

    assert recount_cells(cells, book) == canonical_json(result)


@untimed
@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_lines_ballots_and_sections_does_not_matter(round_: tuple[dict[str, Any], Votes], chance: Any):
    book, votes = round_
    mixed = book | {"sections": chance.sample(book["sections"], len(book["sections"]))}
    names = {
        ballot: f"x{n}" for n, ballot in enumerate(chance.sample(sorted({b for b, _ in votes}), len({*dict(votes)})))
    }
    shuffled = [(names[ballot], line) for ballot, line in chance.sample(votes, len(votes))]
    result, cells = recount(ballots_csv(shuffled), mixed)

    assert result == recount(ballots_csv(votes), book)[0]
    assert json.loads(cells)["sections"] == json.loads(recount(ballots_csv(votes), book)[1])["sections"]


def ahead(result: dict[str, Any], one: str, other: str) -> int:
    """1 if one stands before the other, 0 beside it, -1 behind it, by the figures that order sections."""
    key = {
        row["section"]: (Fraction(row["difficulty"]), Fraction(row["drawn_deviation"])) for row in result["sections"]
    }
    return (key[one] > key[other]) - (key[one] < key[other])


@untimed
@given(rounds(**NO_MINIMUMS, vetoes=[], rater_prior=1), st.data())
def test_a_harsher_answer_never_improves_a_place(round_: tuple[dict[str, Any], Votes], data: st.DataObject):
    book, votes = round_
    open_ = [
        (n, i) for n, (_, line) in enumerate(votes) for i, x in enumerate(line.answers) if (x or 0) < book["levels"]
    ]
    open_ = [(n, i) for n, i in open_ if votes[n][1].answers[i] is not None]
    if not open_:
        return
    n, i = data.draw(st.sampled_from(open_))
    ballot, line = votes[n]
    harsher = Line(line.section, line.channel, (*line.answers[:i], (line.answers[i] or 0) + 1, *line.answers[i + 1 :]))
    before, after = counted(book, votes)[0], counted(book, [*votes[:n], (ballot, harsher), *votes[n + 1 :]])[0]

    if before["channel_means"]:
        for other in {*book["sections"]} - {line.section}:
            assert ahead(after, line.section, other) >= ahead(before, line.section, other)


@untimed
@given(rounds(most=1), st.integers(0, 6))
def test_sweeps_change_nothing_where_every_ballot_has_one_line(round_: tuple[dict[str, Any], Votes], sweeps: int):
    book, votes = round_

    assert counted(book, votes)[1]["sections"] == counted(book | {"rater_sweeps": sweeps}, votes)[1]["sections"]


@untimed
@given(rounds(z="0", vetoes=[], **NO_MINIMUMS))
def test_without_width_the_interval_is_the_place_among_all(round_: tuple[dict[str, Any], Votes]):
    result, _ = counted(*round_)
    index = [row["difficulty"] for row in result["sections"]]

    for row in result["sections"]:
        if row["difficulty"] is not None and index.count(row["difficulty"]) == 1:
            assert row["rank_low"] == row["rank_high"] == row["rank"]


@untimed
@given(rounds(cell_min_lines=3), st.data())
def test_lines_of_a_cell_that_stays_hidden_tell_nothing(round_: tuple[dict[str, Any], Votes], data: st.DataObject):
    book, votes = round_
    of_cell = [(b, line) for b, line in votes if (line.section, line.channel) == ("A", next(iter(book["channels"])))]
    others = [vote for vote in votes if vote not in of_cell]
    channel = next(iter(book["channels"]))
    rows = data.draw(st.lists(st.tuples(*[st.integers(0, book["levels"])] * 5), max_size=2))
    result, cells = counted(book, others)
    fuller, same_cells = counted(book, [*others, *((f"n{n}", Line("A", channel, row)) for n, row in enumerate(rows))])
    for row in [*result["sections"], *fuller["sections"]]:
        for key in ("lines", "vote_count", "indicators"):
            del row[key]

    assert same_cells == cells
    assert fuller == result


@untimed
@given(rounds(vetoes=[], **NO_MINIMUMS), st.tuples(*[st.integers(0, 1)] * 5), st.integers(1, 9))
def test_if_all_are_alike_everybody_is_first_and_nothing_is_certain(
    round_: tuple[dict[str, Any], Votes], row: tuple[int, ...], times: int
):
    book, _ = round_
    votes = [
        (f"{channel}{n}", Line(section, channel, row))
        for channel in book["channels"]
        for n in range(times)
        for section in book["sections"]
    ]

    for found in counted(book, votes)[0]["sections"]:
        assert (found["rank"], found["listed"], found["label"]) == (1, True, "误差范围内")
        assert (found["rank_low"], found["rank_high"]) == (1, 4)


@untimed
@given(rounds(list_length=4, vetoes=[]))
def test_a_list_as_long_as_the_roster_makes_nobody_certain(round_: tuple[dict[str, Any], Votes]):
    assert "明确" not in {row["label"] for row in counted(*round_)[0]["sections"]}


def test_a_channel_nobody_used_is_dropped():
    result, cells = counted(rulebook(), [*CLEAR, *ballots("O", {"A": "11111", "B": "11111"}, times=5)])

    assert result["channel_means"] == {"targeted": "26.6667", "other": "33.3333"}
    assert {c: of["weight"] for c, of in cells["channels"].items()} == {"targeted": "5/7", "other": "2/7"}
    assert set(cells["sections"][0]["cells"]) == {"targeted", "other"}


def test_the_files_are_canonical_and_have_exactly_the_documented_keys():
    raw = recount(ballots_csv(CLEAR), rulebook())
    result, cells = map(json.loads, raw)

    assert raw == (canonical_json(result), canonical_json(cells))
    assert set(result) == {"method", "channel_means", "between_variance", "publication", "sections"}
    assert set(result["publication"]) == {"sections", "ranked", "needed", "allowed"}
    assert set(result["sections"][0]) == INSIDE | {
        *("section", "rank", "listed", "label", "difficulty", "drawn_deviation", "rank_low", "rank_high", "p_top"),
    }
    assert set(cells) == {"method", "rulebook_sha256", "between_variance", "channels", "sections"}
    assert cells["rulebook_sha256"] == rulebook_digest(rulebook())


def test_a_section_without_enough_lines_shows_counts_and_nothing_else():
    thin = judge(
        rulebook(sections=["A", "E"]), ballots("T", {"A": "11111"}, times=40), ballots("T", {"E": "33333"}, times=29)
    )

    assert thin["E"] == {
        "section": "E",
        "rank": None,
        "listed": False,
        "label": "样本不足",
        "difficulty": None,
        "drawn_deviation": None,
        "rank_low": None,
        "rank_high": None,
        "p_top": None,
        "lines": {"targeted": 29, "sampled": 0, "other": 0},
        "vote_count": 29,
        "capped": [],
        "indicators": dict.fromkeys(Indicator.values),
    }


def test_a_vetoed_section_without_enough_lines_has_a_place_and_no_figures():
    row = judge(rulebook(vetoes=[veto("D")]), [vote for vote in CLEAR if vote[1].section != "D"])["D"]

    assert (row["rank"], row["listed"], row["label"], row["p_top"]) == (1, True, "一票否决", "1.0000")
    assert row["difficulty"] is row["rank_low"] is row["rank_high"] is row["drawn_deviation"] is None


@pytest.mark.parametrize("minimums", [{}, NO_MINIMUMS], ids=["with minimums", "without"])
def test_without_a_visible_cell_nobody_is_ranked(minimums: dict[str, int]):
    result, cells = counted(rulebook(**minimums, vetoes=[veto("C"), veto("B")]), [])

    assert [(row["section"], row["rank"]) for row in result["sections"]] == [
        ("B", 1),
        ("C", 1),
        ("A", None),
        ("D", None),
    ]
    assert result["publication"] == {"sections": 4, "ranked": 0, "needed": 4, "allowed": False}
    assert (result["channel_means"], cells["channels"]) == ({}, {})
    assert recount_cells(cells, rulebook(**minimums, vetoes=[veto("C"), veto("B")]))


def test_a_rulebook_without_sections_has_an_empty_result():
    assert counted(rulebook(sections=[]), [])[0]["publication"] == {
        "sections": 0,
        "ranked": 0,
        "needed": 0,
        "allowed": True,
    }


def test_an_indicator_nobody_answered_has_no_figure():
    book = rulebook(**NO_MINIMUMS)
    row = judge(book, ballots("T", {"A": "321--", "B": "000--"}))["A"]

    assert row["indicators"]["cold"] == "54.5455"
    assert row["indicators"]["disorderly"] is row["indicators"]["greedy"] is None


def test_indicators_have_no_line_cap_and_no_strictness_and_count_invalid_lines():
    book = rulebook(**NO_MINIMUMS, prior_ballots=1, channels=channels("T", T="1"))
    row = judge(book, ballots("T", {"A": "3----", "B": "0----"}), ballots("T", {"A": "111--"}, name="c"))["A"]

    assert row["indicators"]["cold"] == "55.5555"


def test_a_bad_rulebook_or_ballot_stops_the_recount():
    with pytest.raises(RulebookError, match="line_cap"):
        recount(ballots_csv([]), rulebook(line_cap="101"))
    with pytest.raises(BallotFileError, match="第2行"):
        recount(ballots_csv(ballots("T", {"Z": "00000"})), rulebook())
