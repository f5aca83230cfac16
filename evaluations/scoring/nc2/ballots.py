"""From ballots.csv to what NC-2 counts: cells of every channel, whole sheets of the drawn ones (method-2.md 2.1)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from evaluations.scoring.counting import Cell, CellKey, Line, count_lines, line_q, parse_ballot_lines
from evaluations.scoring.method import Settings

Sheet = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Ballots:
    """All that a method reads of a round's counted ballots; whose they are is left behind.

    `cells`   (section, channel) -> counts over single lines, all that NC-1 needs
    `sheets`  drawn channel -> sheet -> how many ballots have exactly this sheet; a sheet is the (section, q) of a
              ballot's valid lines, sorted by section
    """

    cells: Mapping[CellKey, Cell]
    sheets: Mapping[str, Mapping[Sheet, int]]


def read_ballots(rows: Iterable[str], method: Settings) -> Ballots:
    """Read ballots.csv; any faulty row is a BallotFileError with its line number."""
    return count_ballots(method, parse_ballot_lines(rows, method))


def count_ballots(method: Settings, lines: Iterable[tuple[str, Line]]) -> Ballots:
    """Count lines, each with the name of its ballot; the order does not matter."""
    given = list(lines)
    drawn = ((ballot, line) for ballot, line in given if method.channels[line.channel].drawn)
    sheets: dict[str, Counter[Sheet]] = {c: Counter() for c in method.drawn_channels}
    for channel, sheet in _sheets(method, drawn):
        sheets[channel][sheet] += 1
    return Ballots(count_lines(method, (line for _, line in given)), sheets)


def _sheets(method: Settings, lines: Iterable[tuple[str, Line]]) -> Iterator[tuple[str, Sheet]]:
    known: dict[tuple[int | None, ...], int | None] = {}
    by_ballot: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for ballot, line in lines:
        if line.answers not in known:
            known[line.answers] = line_q(method, line.answers)
        q = known[line.answers]
        if q is not None:
            by_ballot[line.channel, ballot].append((line.section, q))
    for (channel, _), sheet in by_ballot.items():
        yield channel, tuple(sorted(sheet))
