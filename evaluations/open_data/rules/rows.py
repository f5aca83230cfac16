"""The rows of the CSV twins, each from the document of its JSON file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from evaluations.turnout.rules.response import response_rows

Row = tuple[object, ...]
Document = Mapping[str, Any]
NO_ITEM = ({"problem": "", "state": "", "due_on": None, "closed_on": None},)
NO_STRATUM = ({"name": "", "eligible": None, "seats": None},)


def of_list(content: Document) -> Iterator[Row]:
    """Yield the listed sections, then those withdrawn from the list."""
    for state, name in (("上榜", "entries"), ("撤下", "withdrawn")):
        for row in content[name]:
            ends = (row.get("label", ""), row.get("rank_low"), row.get("rank_high"))
            yield state, row["rank"], row["code"], row["department"], row["section"], *ends, row["problems"]


def of_turnout(document: Document) -> Iterator[Row]:
    """Yield one row for each channel."""
    for row in document["channels"]:
        yield tuple(row[key] for key in ("channel", "label", "issued", "returned", "valid", "counted"))


def of_response(document: Document) -> Iterator[Row]:
    """Yield drawn clients by section, then the strata."""
    yield from response_rows(document)


def of_sections(document: Document) -> Iterator[Row]:
    """Yield one row for each section."""
    for row in document["sections"]:
        yield row["code"], row["department_code"], row["department"], row["section"]


def of_rulebook(rulebook: Document) -> Iterator[Row]:
    """Yield each single value with its JSON Pointer (RFC 6901), in the order of the document's keys."""
    yield from _values(rulebook, "")


def _values(value: object, place: str) -> Iterator[Row]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _values(value[key], f"{place}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _values(inner, f"{place}/{number}")
    else:
        yield place, json.dumps(value, ensure_ascii=False)


def of_cells(cells: Document) -> Iterator[Row]:
    """Yield one row for each section and channel, with the channel's mean and weight."""
    for row in cells["sections"]:
        for channel, cell in row["cells"].items():
            of_channel = cells["channels"][channel]
            figures = (cell["n"], cell["d"], cell["v"])
            yield row["section"], channel, *figures, of_channel["mean"], of_channel["weight"]


def of_draws(document: Document) -> Iterator[Row]:
    """Yield one row for each stratum of a draw; one for a draw without result."""
    for draw in document["draws"]:
        times = (draw["committed_at"], draw["seeded_at"], draw["published_at"])
        facts = (draw["draw_id"], draw["label"], draw["status_label"], *times, draw["commit"], draw["seed"])
        for stratum in draw["strata"] or NO_STRATUM:
            yield *facts, stratum["name"], stratum["eligible"], stratum["seats"]


def of_closing_list(document: Document) -> Iterator[Row]:
    """Yield one row for each ballot of the box."""
    for ballot in document["ballots"]:
        yield ballot["receipt"], ballot["commitment"]


def of_rectifications(document: Document) -> Iterator[Row]:
    """Yield one row for each item of a listed section; one for a section without items."""
    for row in document["sections"]:
        facts = (row["rank"], row["code"], row["department"], row["section"], row["state"])
        ratings = "；".join(f"{each['label']}{each['votes']}条" for each in row["ratings"] or ())
        for item in row["items"] or NO_ITEM:
            yield *facts, item["problem"], item["state"], item["due_on"], item["closed_on"], ratings
