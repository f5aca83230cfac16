"""Order, ties, vetoes and rank intervals."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evaluations.scoring.counting import Line
from evaluations.scoring.index import score_sections
from evaluations.scoring.method import parse_method
from evaluations.scoring.ranking import intervals, places, ranked_sections, trimmed_places, vote_count
from tests.evaluations.scoring.examples import (
    NO_MINIMUMS,
    cells,
    channels,
    judge,
    lines,
    method,
    rounds,
    rulebook,
    untimed,
    veto,
)
from tests.evaluations.scoring.oracle import Oracle

# A is hardest, then B, then C.
STEPS = [
    *lines("A", "T", "33333", times=40),
    *lines("B", "T", "22222", times=40),
    *lines("C", "T", "00000", times=40),
]


def ranks(book: dict[str, Any], *groups: list[Line]) -> dict[str, int | None]:
    """The ranks of result.json."""
    return {section: row["rank"] for section, row in judge(book, *groups).items()}


@untimed
@given(rounds())
def test_places_and_intervals_agree_with_an_independent_count(round_: tuple[dict[str, Any], list[Line]]):
    book, all_lines = round_
    parsed, oracle = parse_method(book), Oracle(book, all_lines)
    counted = cells(parsed, all_lines)
    scores, ranked = score_sections(parsed, counted), ranked_sections(parsed, counted)

    assert list(ranked) == oracle.ranked
    assert {s: vote_count(parsed, counted, s) for s in book["sections"]} == {
        s: oracle.votes(s) for s in book["sections"]
    }
    assert places(parsed, counted, scores, ranked) == oracle.ranks(oracle.score)
    found = intervals(parsed, counted, scores, ranked)
    assert {s: list(found[s]) for s in found} == {s: oracle.interval(s) for s in oracle.placed}


@untimed
@given(rounds(min_lines=0, min_answered=1), st.integers(1, 60))
def test_trimmed_places_agree_with_an_independent_count(round_: tuple[dict[str, Any], list[Line]], times: int):
    book, few = round_
    all_lines = [line for n, line in enumerate(few) for _ in range(1 + n * times % 12)]
    parsed, oracle = parse_method(book), Oracle(book, all_lines)
    counted = cells(parsed, all_lines)

    assert trimmed_places(parsed, counted, ranked_sections(parsed, counted)) == oracle.trimmed_ranks()


@untimed
@given(rounds(min_lines=0, min_drawn_lines=0), st.data())
def test_raising_an_answer_never_improves_a_place_against_anybody(
    round_: tuple[dict[str, Any], list[Line]], data: st.DataObject
):
    book, all_lines = round_
    raisable = [
        (n, i)
        for n, line in enumerate(all_lines)
        for i, x in enumerate(line.answers)
        if x is not None and x < book["levels"]
    ]
    assume(raisable)
    n, i = data.draw(st.sampled_from(raisable))
    line = all_lines[n]
    raised = Line(line.section, line.channel, (*line.answers[:i], line.answers[i] + 1, *line.answers[i + 1 :]))

    before, after = ranks(book, all_lines), ranks(book, [*all_lines[:n], raised, *all_lines[n + 1 :]])

    for other in book["sections"]:
        if before[line.section] <= before[other]:
            assert after[line.section] <= after[other]


@untimed
@given(rounds(z="0", basis="difficulty", min_lines=0))
def test_without_margin_the_interval_is_the_rank(round_: tuple[dict[str, Any], list[Line]]):
    rows = [row for row in judge(*round_).values() if row["rank"]]
    assume(len({row["difficulty"] for row in rows}) == len(rows))

    assert all(row["rank_low"] == row["rank"] == row["rank_high"] for row in rows)


@pytest.mark.parametrize(("v_prior", "interval"), [(2499, (1, 1)), (2500, (1, 2)), (2501, (1, 2))])
def test_clearly_harder_is_more_than_z_standard_deviations_to_the_digit(v_prior: int, interval: tuple[int, int]):
    # A lies at 75, B at 25; with k = 1 each has half the prior variance.
    book = rulebook(
        sections=["A", "B"], channels=channels("T", T="1"), prior_ballots=1, z=1, v_prior=v_prior, **NO_MINIMUMS
    )
    row = judge(book, lines("A", "T", "33333"), lines("B", "T", "00000"))["A"]

    assert (row["rank_low"], row["rank_high"]) == interval


@untimed
@given(rounds())
def test_a_rank_is_one_more_than_the_number_before_it(round_: tuple[dict[str, Any], list[Line]]):
    placed = sorted(rank for rank in ranks(*round_).values() if rank)

    assert all(rank == placed.index(rank) + 1 for rank in placed)


@pytest.mark.parametrize("basis", ["difficulty", "vote_count"])
def test_in_an_all_identical_round_every_place_is_1(basis: str):
    votes = [line for section in "ABC" for line in lines(section, "T", "11111", times=30)]

    assert ranks(rulebook(basis=basis), votes) == {"A": 1, "B": 1, "C": 1}


def test_ties_share_a_place_and_the_next_is_left_out():
    votes = [*lines("B", "T", "33333", times=30), *lines("C", "T", "33333", times=30)]
    book = rulebook(sections=["A", "B", "C", "D"])
    rest = [*lines("A", "T", "33333", "33333", times=30), *lines("D", "T", "00000", times=30)]

    assert ranks(book, votes, rest) == {"A": 1, "B": 2, "C": 2, "D": 4}


def test_an_equal_score_is_decided_by_the_drawn_deviation():
    # A is as far above the average in the drawn channel as B is in the equally weighted open one.
    book = rulebook(
        **NO_MINIMUMS,
        sections=["A", "B"],
        cap=100,
        channels={"targeted": {"weight": "1/2", "drawn": True}, "other": {"weight": "1/2", "drawn": False}},
    )
    votes = [*lines("A", "T", "33333"), *lines("A", "O", "00000"), *lines("B", "T", "00000"), *lines("B", "O", "33333")]
    rows = judge(book, votes)

    assert rows["A"]["difficulty"] == rows["B"]["difficulty"]
    assert {s: row["rank"] for s, row in rows.items()} == {"A": 1, "B": 2}


def test_an_equal_drawn_deviation_is_decided_by_the_share_of_severe_lines():
    votes = [*lines("A", "T", "11111"), *lines("B", "T", "32000")]

    assert ranks(rulebook(**NO_MINIMUMS, sections=["A", "B"]), votes) == {"A": 2, "B": 1}


def test_scores_that_differ_only_after_the_fourth_decimal_are_equal():
    weights = dict.fromkeys(["lazy", "buck_passing", "disorderly", "greedy"], 1_000_000) | {"cold": 1}
    votes = [*lines("A", "T", "21111"), *lines("B", "T", "31111")]
    book = rulebook(**NO_MINIMUMS, sections=["A", "B"], indicator_weights=weights)

    assert ranks(book, votes) == {"A": 1, "B": 1}


def test_votes_may_be_the_basis_and_then_the_score_decides_among_equals():
    votes = [
        *lines("A", "T", "33333", times=30),
        *lines("B", "T", "20000", times=31),
        *lines("C", "T", "22222", times=30),
    ]

    assert ranks(rulebook(basis="vote_count"), votes) == {"A": 2, "B": 1, "C": 3}


@pytest.mark.parametrize(
    ("total", "drawn", "is_ranked"), [(30, 10, True), (29, 10, False), (30, 9, False), (0, 0, False)]
)
def test_a_section_is_ranked_from_30_lines_with_10_drawn(total: int, drawn: int, is_ranked: bool):
    votes = [*lines("A", "T", "11111", times=drawn), *lines("A", "O", "11111", times=total - drawn)]
    parsed = method()

    assert ("A" in ranked_sections(parsed, cells(parsed, votes))) == is_ranked


@pytest.mark.parametrize(
    ("vetoed", "expected"),
    [
        ([], {"A": 1, "B": 2, "C": 3}),
        (["A"], {"A": 1, "B": 2, "C": 3}),
        (["B"], {"A": 2, "B": 1, "C": 3}),
        (["C"], {"A": 2, "B": 3, "C": 1}),
        (["B", "C"], {"A": 3, "B": 1, "C": 2}),
        (["C", "A"], {"A": 1, "B": 3, "C": 2}),
        (["A", "B", "C"], {"A": 1, "B": 2, "C": 3}),
        (["C", "C"], {"A": 2, "B": 3, "C": 1}),
    ],
)
@pytest.mark.parametrize("basis", ["difficulty", "vote_count"])
def test_a_veto_comes_first_several_by_difficulty(vetoed: list[str], expected: dict[str, int], basis: str):
    book = rulebook(vetoes=[veto(section) for section in vetoed], basis=basis)
    rows = judge(book, STEPS)

    assert {s: row["rank"] for s, row in rows.items()} == expected
    assert {s: row["trimmed_rank"] for s, row in rows.items()} == expected
    assert {s: row["difficulty"] for s, row in rows.items()} == {
        s: row["difficulty"] for s, row in judge(rulebook(), STEPS).items()
    }


def test_vetoed_sections_stand_by_difficulty_even_where_votes_are_the_basis():
    votes = [*lines("A", "T", "33333", times=30), *lines("B", "T", "20000", times=90)]
    book = rulebook(basis="vote_count", vetoes=[veto("A"), veto("B")], **NO_MINIMUMS)

    assert ranks(book, votes) == {"A": 1, "B": 2, "C": 3}


def test_a_veto_counts_as_clearly_harder_than_every_other_section():
    rows = judge(rulebook(vetoes=[veto("C")], sections=["A", "B", "C", "D"]), STEPS, lines("D", "T", "33333", times=40))

    assert {s: (row["rank_low"], row["rank_high"]) for s, row in rows.items()} == {
        "C": (1, 1),
        "A": (2, 3),
        "D": (2, 3),
        "B": (4, 4),
    }


def test_among_vetoed_sections_only_their_scores_decide_the_interval():
    close = [*lines("A", "T", "33333", "00000", times=15), *lines("B", "T", "33333", "00001", times=15)]
    rows = judge(rulebook(vetoes=[veto("A"), veto("B")]), close, lines("C", "T", "33333", times=30))

    assert {s: (row["rank"], row["rank_low"], row["rank_high"]) for s, row in rows.items()} == {
        "A": (2, 1, 2),
        "B": (1, 1, 2),
        "C": (3, 3, 3),
    }


def test_a_vetoed_section_with_too_few_lines_takes_its_place_but_changes_no_score():
    with_veto = judge(rulebook(vetoes=[veto("D")], sections=["A", "B", "C", "D"]), STEPS)
    without = judge(rulebook(sections=["A", "B", "C", "D"]), STEPS)

    assert {s: row["rank"] for s, row in with_veto.items()} == {"D": 1, "A": 2, "B": 3, "C": 4}
    assert with_veto["D"]["trimmed_rank"] == 1
    assert [row["difficulty"] for row in with_veto.values()] != []
    assert {s: row["difficulty"] for s, row in with_veto.items()} == {s: r["difficulty"] for s, r in without.items()}


def test_bought_drawn_ballots_show_in_the_trimmed_rank():
    book = rulebook(sections=["A", "B", "C"])
    bought = [*lines("A", "T", "10000", times=27), *lines("A", "T", "33333", times=3)]
    honest = [*lines("B", "T", "11000", times=30), *lines("C", "T", "00000", times=30)]
    rows = judge(book, bought, honest)

    assert (rows["A"]["rank"], rows["A"]["trimmed_rank"]) == (1, 2)


def test_open_channels_are_not_trimmed():
    open_only = rulebook(channels={"other": {"weight": 1, "drawn": False}}, min_drawn_lines=0)
    bought = [*lines("A", "O", "10000", times=27), *lines("A", "O", "33333", times=3)]
    rows = judge(open_only, bought, lines("B", "O", "11000", times=30), lines("C", "O", "00000", times=30))

    assert (rows["A"]["rank"], rows["A"]["trimmed_rank"]) == (1, 1)
