"""From ballots.csv and lines to cells: a section in a channel, in exact whole numbers (method.md 2.1, 2.2, 4.1)."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluations.scoring.method import Indicator, Settings

HEADER = ["ballot", "channel", "origin", "section", *Indicator.values]
CellKey = tuple[str, str]
Answers = tuple[int | None, ...]


class BallotFileError(ValueError):
    """A row of ballots.csv cannot be read; the Chinese text names its line. Nothing is computed."""


@dataclass(frozen=True)
class Line:
    """票上一行: one ballot's answers for one section in the indicators' order; None = not answered."""

    section: str
    channel: str
    answers: Answers


@dataclass(frozen=True)
class Cell:
    """One section in one channel, in whole numbers, so that SQL and Python agree to the digit.

    `lines`     n: valid lines, those with at least `min_answered` answers
    `total`     sum over valid lines of q = scale * sum(w x) // sum(w), both sums over the line's answered
                indicators, w = `Method.whole_weights`; the division leaves no rest.
                The line's score is y = 100 q / (scale * levels)
    `squares`   sum over valid lines of q * q
    `severe`    valid lines with any answer >= severe_from
    `votes`     all lines, also those with too few answers, with any answer >= severe_from (得票数)
    `answered`  per indicator, in their order: how many of all lines answer it
    `points`    per indicator, in their order: the sum of x over all lines which answer it
    `histogram` q -> number of valid lines; without zeros
    """

    lines: int = 0
    total: int = 0
    squares: int = 0
    severe: int = 0
    votes: int = 0
    answered: tuple[int, ...] = (0,) * len(Indicator)
    points: tuple[int, ...] = (0,) * len(Indicator)
    histogram: Mapping[int, int] = field(default_factory=dict)


EMPTY = Cell()


def count_lines(method: Settings, lines: Iterable[Line]) -> dict[CellKey, Cell]:
    """Count lines into cells by (section, channel); the order of the lines does not matter."""
    grouped: dict[CellKey, Counter[Answers]] = defaultdict(Counter)
    for line in lines:
        grouped[line.section, line.channel][line.answers] += 1
    known = {
        answers: (line_q(method, answers), _is_severe(method, answers)) for answers in set().union(*grouped.values())
    }
    return {key: _cell(patterns, known) for key, patterns in grouped.items()}


def line_q(method: Settings, answers: Answers) -> int | None:
    """Return a line's whole number q, or None for an invalid line."""
    given = [(weight, x) for weight, x in zip(method.whole_weights.values(), answers, strict=True) if x is not None]
    if len(given) < method.min_answered:
        return None
    return method.scale * sum(weight * x for weight, x in given) // sum(weight for weight, _ in given)


def cells_document(cells: Mapping[CellKey, Cell]) -> list[list[Any]]:
    """Return the cells in order, ready for canonical JSON: its digest is the digest of all that was counted."""
    return [
        [*key, c.lines, c.total, c.squares, c.severe, c.votes, list(c.answered), list(c.points), _pairs(c.histogram)]
        for key, c in sorted(cells.items())
        if c != EMPTY
    ]


def parse_ballot_lines(rows: Iterable[str], method: Settings) -> Iterator[tuple[str, Line]]:
    """Read ballots.csv, each line with its column `ballot`; any faulty row is a BallotFileError with its number."""
    reader = csv.reader(_without_bom(rows), strict=True)
    try:
        yield from _lines(((reader.line_num, row) for row in reader), method)
    except csv.Error:
        raise BallotFileError(f"第{reader.line_num}行：不是有效的CSV行。") from None
    except UnicodeDecodeError:
        raise BallotFileError(f"第{reader.line_num}行之后有不是UTF-8编码的文字。") from None


def _lines(rows: Iterator[tuple[int, list[str]]], method: Settings) -> Iterator[tuple[str, Line]]:
    if next(rows, (1, []))[1] != HEADER:
        raise BallotFileError(f"第1行：表头应为 {','.join(HEADER)}")
    channel_of: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    sections = frozenset(method.sections)
    for number, row in rows:
        fault = _row_fault(row, method, sections) or _repeat_fault(row, channel_of, seen)
        if fault:
            raise BallotFileError(f"第{number}行：{fault}")
        channel_of[row[0]] = row[1]
        seen.add((row[0], row[3]))
        yield row[0], Line(row[3], row[1], tuple(int(x) if x else None for x in row[4:]))


def _pairs(histogram: Mapping[int, int]) -> list[list[int]]:
    return [[q, times] for q, times in sorted(histogram.items())]


def _is_severe(method: Settings, answers: Answers) -> bool:
    return any(x is not None and x >= method.severe_from for x in answers)


def _cell(patterns: Mapping[Answers, int], known: Mapping[Answers, tuple[int | None, bool]]) -> Cell:
    histogram: Counter[int] = Counter()
    severe = votes = 0
    for answers, times in patterns.items():
        q, is_severe = known[answers]
        votes += times * is_severe
        if q is not None:
            histogram[q] += times
            severe += times * is_severe
    columns = range(len(Indicator))
    return Cell(
        lines=histogram.total(),
        total=sum(q * times for q, times in histogram.items()),
        squares=sum(q * q * times for q, times in histogram.items()),
        severe=severe,
        votes=votes,
        answered=tuple(sum(times for row, times in patterns.items() if row[i] is not None) for i in columns),
        points=tuple(sum((row[i] or 0) * times for row, times in patterns.items()) for i in columns),
        histogram=dict(sorted(histogram.items())),
    )


def _without_bom(rows: Iterable[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield row.removeprefix("\ufeff") if number == 0 else row


def _row_fault(row: list[str], method: Settings, sections: frozenset[str]) -> str:
    if len(row) != len(HEADER):
        return f"应有{len(HEADER)}列，实有{len(row)}列。"
    if not row[0].strip():
        return "票编号为空。"
    if row[1] not in method.channels:
        return f"渠道“{row[1]}”不在规则中。"
    if row[3] not in sections:
        return f"科室“{row[3]}”不在规则的名录中。"
    allowed = {"", *map(str, range(method.levels + 1))}
    bad = next((x for x in row[4:] if x not in allowed), None)
    return "" if bad is None else f"“{bad}”不是0到{method.levels}的整数。"


def _repeat_fault(row: list[str], channel_of: Mapping[str, str], seen: set[tuple[str, str]]) -> str:
    if (row[0], row[3]) in seen:
        return f"票“{row[0]}”对科室“{row[3]}”评议了两次。"
    if channel_of.get(row[0], row[1]) != row[1]:
        return f"票“{row[0]}”出现在两个渠道。"
    return ""
