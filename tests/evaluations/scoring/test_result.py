"""result.json to the byte, from the files."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.counting import BallotFileError, Line
from evaluations.scoring.method import Indicator, RulebookError, parse_method
from evaluations.scoring.methods import recount
from evaluations.scoring.result import build_result, decimal
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.scoring.examples import (
    NO_MINIMUMS,
    ROUNDS,
    ballots_csv,
    cells,
    channels,
    judge,
    line_score,
    lines,
    published_lines,
    published_rulebook,
    rounds,
    rulebook,
    untimed,
    veto,
)
from tests.evaluations.scoring.oracle import Oracle

STEPS = [
    *lines("A", "T", "33333", times=40),
    *lines("B", "T", "22222", times=40),
    *lines("C", "T", "00000", times=40),
]


@pytest.mark.parametrize("vector", ROUNDS, ids=lambda vector: vector["name"])
def test_a_published_round_comes_out_of_the_files(vector: dict[str, Any]):
    found = recount(ballots_csv(published_lines(vector)), published_rulebook(vector)).result
    rows = {row["section"]: row for row in json.loads(found)["sections"]}

    assert set(rows) == set(vector["expected"]["sections"])
    for section, expected in vector["expected"]["sections"].items():
        row = rows[section]
        assert (row["rank"] is not None) == expected["ranked"]
        assert (row["difficulty"], row["drawn_deviation"]) == (expected["S"], expected["e"])
        assert (row["rank"], row["listed"], row["label"]) == (
            expected["rank"],
            expected["listed"],
            expected["label"],
        )
        assert [row["rank_low"], row["rank_high"]] == expected["interval"]
        assert row["capped"] == expected["capped"]
        assert sum(row["lines"].values()) == expected["n"]


@untimed
@given(rounds())
def test_the_files_give_the_same_bytes_as_the_cells(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    parsed = parse_method(book)

    written = canonical_json(build_result(parsed, cells(parsed, all_lines)))
    assert recount(ballots_csv(all_lines), book).result == written


@untimed
@given(rounds(), st.randoms(use_true_random=False))
def test_the_order_of_ballots_does_not_matter(round_: tuple[dict[str, Any], list[Line]], chance: Any):
    book, all_lines = round_
    header, *rows = ballots_csv(all_lines)
    shuffled = chance.sample(rows, len(rows))

    assert recount([header, *shuffled], book).result == recount([header, *rows], book).result


@untimed
@given(rounds())
def test_every_row_agrees_with_an_independent_count(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    oracle = Oracle(book, all_lines)
    by_difficulty = book["basis"] == "difficulty"
    ranks, trimmed = oracle.ranks(oracle.score), oracle.trimmed_ranks()
    indicators = {i.value: oracle.indicator(place) for place, i in enumerate(Indicator)}

    for section, row in judge(book, all_lines).items():
        placed = section in ranks
        rank = ranks.get(section)
        listed = placed and (rank <= book["list_length"] or section in oracle.vetoed)
        interval = oracle.interval(section) if placed and by_difficulty else [None, None]
        p_top = row.pop("p_top")
        assert (p_top is None) == (not placed or not by_difficulty)
        assert row == {
            "section": section,
            "rank": rank,
            "listed": listed,
            "label": label(oracle, section, listed, interval[1]),
            "difficulty": decimal(oracle.score[section]["S"]),
            "drawn_deviation": decimal(oracle.score[section]["e"]),
            "severe_share": decimal(oracle.severe_share(section)),
            "rank_low": interval[0],
            "rank_high": interval[1],
            "lines": {c: len(oracle.valid[section, c]) for c in book["channels"]},
            "vote_count": oracle.votes(section),
            "capped": oracle.score[section]["capped"],
            "trimmed_rank": trimmed.get(section),
            "indicators": {i: decimal(scores[section]) for i, scores in indicators.items()},
        }


def label(oracle: Oracle, section: str, listed: bool, high: int | None) -> str:
    """The label by the table of method.md 3.3."""
    if section in oracle.vetoed:
        return "一票否决"
    if section not in oracle.placed:
        return "样本不足"
    if not listed or high is None:
        return ""
    return "明确" if high <= oracle.book["list_length"] else "误差范围内"


@untimed
@given(rounds())
def test_sections_stand_by_rank_then_code_and_unranked_last(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    parsed = parse_method(book)
    keys = [(row["rank"] or 99, row["section"]) for row in build_result(parsed, cells(parsed, all_lines))["sections"]]

    assert keys == sorted(keys)


def test_result_json_is_canonical_and_has_exactly_the_documented_keys():
    raw = recount(ballots_csv(STEPS), rulebook()).result
    result = json.loads(raw)

    assert raw == json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert set(result) == {"method", "channel_means", "sections"}
    assert result["channel_means"] == {"targeted": "55.5556"}
    assert set(result["sections"][0]) == {
        *("section", "rank", "listed", "label", "difficulty", "drawn_deviation", "severe_share", "rank_low"),
        *("rank_high", "p_top", "lines", "vote_count", "capped", "trimmed_rank", "indicators"),
    }


def test_lines_name_every_channel_of_the_rulebook():
    assert judge(rulebook(), STEPS)["A"]["lines"] == {"targeted": 40, "sampled": 0, "other": 0}


def test_capped_channels_are_named_in_the_rulebooks_order():
    votes = [
        *lines("A", "O", "33333", times=40),
        *lines("A", "S", "33333", times=40),
        *lines("B", "O", "00000", times=40),
        *lines("B", "S", "00000", times=40),
    ]
    both = [line for section in "AB" for line in lines(section, "T", "11111", times=20)]

    assert judge(rulebook(), votes, both)["A"]["capped"] == ["sampled", "other"]


def test_a_section_with_too_few_lines_is_listed_as_such():
    row = judge(rulebook(), STEPS[:40], lines("B", "T", "33333", times=29))["B"]

    assert {key: row[key] for key in ("rank", "rank_low", "rank_high", "p_top", "trimmed_rank")} == dict.fromkeys(
        ("rank", "rank_low", "rank_high", "p_top", "trimmed_rank")
    )
    assert (row["listed"], row["label"], row["vote_count"]) == (False, "样本不足", 29)


def test_certain_places_and_places_within_the_margin_differ_in_their_label():
    rows = judge(rulebook(list_length=2), STEPS)
    mixed = [*lines("A", "T", "33333", "00001", times=20), *lines("B", "T", "33333", "00000", times=20)]
    close = judge(rulebook(list_length=1), mixed)

    assert [rows[s]["label"] for s in "ABC"] == ["明确", "明确", ""]
    assert [close[s]["label"] for s in "ABC"] == ["误差范围内", "", "样本不足"]


def test_a_tie_across_the_cut_lists_all_of_it():
    tied = [line for section in "AB" for line in lines(section, "T", "22222", times=40)]

    assert [row["listed"] for row in judge(rulebook(list_length=1), tied).values()] == [True, True, False]


def test_a_list_by_votes_has_no_interval_of_the_index():
    row = judge(rulebook(basis="vote_count", list_length=1), STEPS)["A"]

    assert (row["rank"], row["listed"], row["label"]) == (1, True, "")
    assert row["rank_low"] is row["rank_high"] is row["p_top"] is None


def test_a_veto_is_certain_and_the_places_left_are_fewer():
    rows = judge(rulebook(vetoes=[veto("C")], list_length=1), STEPS)

    assert {s: (row["p_top"], row["listed"], row["label"]) for s, row in rows.items()} == {
        "C": ("1.0000", True, "一票否决"),
        "A": ("0.0000", False, ""),
        "B": ("0.0000", False, ""),
    }


def test_vetoed_sections_are_listed_even_beyond_the_places():
    rows = judge(rulebook(vetoes=[veto("B"), veto("C")], list_length=1), STEPS)

    places = {s: (row["rank"], row["listed"]) for s, row in rows.items()}
    assert places == {"B": (1, True), "C": (2, True), "A": (3, False)}


def test_indicators_also_count_lines_with_too_few_answers():
    row = judge(rulebook(**NO_MINIMUMS, prior_ballots=1), lines("A", "T", "3----"), lines("B", "T", "0----"))["A"]

    assert row["difficulty"] == "0.0000"
    assert row["indicators"] == {"cold": "75.0000"} | dict.fromkeys(Indicator.values[1:], "0.0000")


@pytest.mark.parametrize(
    "votes",
    [[], lines("A", "T", "-----", times=50), lines("A", "T", "33333"), lines("A", "O", "33333", times=99)],
    ids=["no ballots", "all 不了解", "one ballot", "only an open channel"],
)
def test_a_round_with_too_little_ranks_nobody(votes: list[Line]):
    rows = judge(rulebook(), votes)

    assert {row["label"] for row in rows.values()} == {"样本不足"}
    assert not any(row["listed"] for row in rows.values())


def test_without_ballots_and_minimums_everybody_is_first():
    rows = judge(rulebook(**NO_MINIMUMS), [])

    assert {(row["rank"], row["rank_low"], row["rank_high"]) for row in rows.values()} == {(1, 1, 3)}
    assert {row["difficulty"] for row in rows.values()} == {"0.0000"}


def test_a_rulebook_without_sections_has_an_empty_result():
    assert build_result(parse_method(rulebook(sections=[])), {})["sections"] == []


def test_a_bad_rulebook_or_ballot_stops_the_recount():
    with pytest.raises(RulebookError, match="levels"):
        recount(ballots_csv([]), rulebook(levels=5))
    with pytest.raises(BallotFileError, match="第2行"):
        recount(ballots_csv(lines("Z", "T", "00000")), rulebook())


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        ("0", "0.0000"),
        ("-1/100000", "0.0000"),
        ("-1/20000", "-0.0001"),
        ("1/20000", "0.0001"),
        ("-375/64", "-5.8594"),
        ("2/3", "0.6667"),
        ("100", "100.0000"),
        ("-123456789/1000", "-123456.7890"),
        ("99.99995", "100.0000"),
    ],
)
def test_decimals_are_four_and_never_a_negative_zero(exact: str, text: str):
    assert decimal(Fraction(exact)) == text


@untimed
@given(st.tuples(*[st.none() | st.integers(0, 3)] * 5))
def test_one_section_with_one_line_has_that_lines_score(answers: tuple[int | None, ...]):
    book = rulebook(**NO_MINIMUMS, sections=["A"], channels=channels("T", T="1"))
    line = Line("A", "targeted", answers)
    score = line_score(parse_method(book), answers)

    assert judge(book, [line])["A"]["difficulty"] == decimal(score or Fraction(0))
