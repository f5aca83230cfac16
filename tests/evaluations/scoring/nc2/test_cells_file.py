"""cells.json is read back exactly, tells nothing about a cell under the minimum, and is refused if it is faulty."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from evaluations.scoring.nc2.cells_file import CellsFileError, cells_document, parse_cells, rulebook_digest
from evaluations.scoring.nc2.index import score_ballots
from evaluations.scoring.nc2.result import recount_cells
from tests.evaluations.scoring.nc2.examples import ROUNDS, Votes, ballots, channels, counted, rounds, rulebook, untimed

VECTOR = next(vector for vector in ROUNDS if vector["name"].startswith("09"))


@untimed
@given(rounds())
def test_the_file_is_read_back_exactly(round_: tuple[dict[str, Any], Votes]):
    book, votes = round_
    method, cast = counted(book, votes)
    figures, _ = score_ballots(method, cast)
    document = json.loads(json.dumps(cells_document(figures, rulebook_digest(book))))

    assert parse_cells(document, method, rulebook_digest(book)) == figures


def test_a_hidden_cell_looks_like_an_empty_one():
    full = ballots("T", {"A": "31111", "B": "21000", "C": "10000"}, times=12)
    some = ballots("O", {"A": "00000", "B": "30000"}, times=9)
    of_c = (ballots("O", {"C": "33333"}, times=4), ballots("T", {"D": "33333"}, times=4))
    without, with_few = [
        cells_document(score_ballots(*counted(rulebook(), *votes))[0], "")
        for votes in ((full, some), (full, some, *of_c))
    ]

    assert with_few == without
    assert without["sections"][2]["cells"]["other"]["n"] is without["sections"][3]["cells"]["targeted"]["n"] is None


def test_a_cell_that_reaches_the_minimum_is_seen():
    votes = ballots("T", {"A": "11111", "B": "22222"}, times=5)
    cells = cells_document(score_ballots(*counted(rulebook(), votes))[0], "")

    assert [row["cells"]["targeted"]["n"] for row in cells["sections"]] == [5, 5, None, None]


def changed(change: Callable[[dict[str, Any]], Any]) -> Any:
    """The published file after one change."""
    document = copy.deepcopy(VECTOR["cells"])
    return change(document) or document


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one value."""

    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


FIRST = ("sections", 0, "cells", "targeted")
FAULTS = [
    (lambda document: [document], "文件"),
    (lambda document: document.pop("method") and None, "文件"),
    (put("note", value=1), "文件"),
    (put("method", value="NC-1"), "method"),
    (put("rulebook_sha256", value="0" * 64), "rulebook_sha256.*不是同一轮"),
    (put("between_variance", value="-4.0000"), "between_variance.*不能是负数"),
    (put("between_variance", value=4), "between_variance.*四位小数"),
    (put("channels", value=[]), "channels"),
    (put("channels", "hall", value={"mean": "1.0000", "weight": "1/2"}), "channels"),
    (put("channels", "targeted", "mean", value="21.13580"), "channels.targeted.mean"),
    (put("channels", "targeted", "mean", value="021.1358"), "channels.targeted.mean"),
    (put("channels", "targeted", "weight", value="0.5"), "channels.targeted.weight.*应为 1/2"),
    (put("channels", "targeted", value={"mean": "21.1358"}), "channels.targeted"),
    (put("sections", value={}), "sections"),
    (lambda document: document["sections"].pop() and None, "sections.*5个科室"),
    (lambda document: document["sections"].reverse(), r"sections\[0\]\.section.*应为 D01-01"),
    (put("sections", 0, value="D01-01"), r"sections\[0\]"),
    (lambda document: document["sections"][1]["cells"].pop("other") and None, "D01-02.cells"),
    (put(*FIRST, value=None), "D01-01.targeted"),
    (put(*FIRST, "n", value=4), "D01-01.targeted.n.*不小于5"),
    (put(*FIRST, "n", value=25.0), "D01-01.targeted.n"),
    (put(*FIRST, "n", value=True), "D01-01.targeted.n"),
    (put(*FIRST, "n", value="25"), "D01-01.targeted.n"),
    (put(*FIRST, "d", value="-0.0000"), "D01-01.targeted.d"),
    (put(*FIRST, "d", value="1e5"), "D01-01.targeted.d"),
    (put(*FIRST, "d", value=None), "D01-01.targeted.d"),
    (put(*FIRST, "v", value="-1.0000"), "D01-01.targeted.v"),
    (put("sections", 0, "cells", "sampled", "d", value="11.6063"), "D01-01.sampled.d.*11.6063"),
    (put("sections", 0, "cells", "other", "d", value="15.6063"), "D01-01.other.d.*15.6063"),
    (put("sections", 1, "cells", "sampled", "v", value="20.2731"), "D01-02.sampled.v.*20.2731"),
    (put(*FIRST, "n", value=None), "D01-01.targeted.d"),
]


@pytest.mark.parametrize(("change", "told"), FAULTS)
def test_a_faulty_file_is_refused_by_place(change: Any, told: str):
    with pytest.raises(CellsFileError, match=told):
        recount_cells(changed(change), VECTOR["rulebook"])


def test_a_deviation_may_lie_at_the_cap_itself():
    assert recount_cells(changed(put("sections", 0, "cells", "other", "d", value="15.6062")), VECTOR["rulebook"])


def test_where_no_channel_is_drawn_an_empty_cell_has_no_deviation():
    book = rulebook(channels=channels(""))
    method, cast = counted(book, ballots("S", {"A": "33333", "B": "00000"}, times=5))
    document = cells_document(score_ballots(method, cast)[0], rulebook_digest(book))
    document["sections"][2]["cells"]["sampled"]["d"] = "0.0001"

    with pytest.raises(CellsFileError, match=r"C\.sampled\.d"):
        parse_cells(document, method, rulebook_digest(book))


def test_another_rounds_rulebook_is_refused():
    with pytest.raises(CellsFileError, match="不是同一轮"):
        recount_cells(VECTOR["cells"], VECTOR["rulebook"] | {"list_length": 3})


def test_a_message_repeats_only_the_beginning_of_a_long_value():
    with pytest.raises(CellsFileError) as fault:
        recount_cells(changed(put("method", value="x" * 61)), VECTOR["rulebook"])
    with pytest.raises(CellsFileError) as short:
        recount_cells(changed(put("method", value="x" * 60)), VECTOR["rulebook"])

    assert str(fault.value).endswith("：" + "x" * 60 + "…")
    assert str(short.value).endswith("：" + "x" * 60)
