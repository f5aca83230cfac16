"""The score methods by the name a rulebook gives: callers of either one need not ask which it is."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from evaluations.scoring.counting import CellKey
from evaluations.scoring.index import score_sections
from evaluations.scoring.method import METHOD as ONE
from evaluations.scoring.method import Method, RulebookError, parse_method
from evaluations.scoring.nc2.ballots import Ballots, read_ballots
from evaluations.scoring.nc2.index import drawn_deviation, score_ballots
from evaluations.scoring.nc2.method import METHOD as TWO
from evaluations.scoring.nc2.method import MethodTwo, parse_method_two
from evaluations.scoring.nc2.ranking import standings
from evaluations.scoring.nc2.result import build_files
from evaluations.scoring.ranking import places, ranked_sections
from evaluations.scoring.result import build_result
from nanchuan_eval.core.canonical import canonical_json

AnyMethod = Method | MethodTwo
METHODS: dict[str, Callable[[Mapping[str, Any]], AnyMethod]] = {ONE: parse_method, TWO: parse_method_two}


class Files(NamedTuple):
    """What a count writes: result.json and, under NC-2, the public cells.json."""

    result: bytes
    cells: bytes | None = None


def parse_rulebook(rulebook: Mapping[str, Any]) -> AnyMethod:
    """Read the scoring part of a rulebook by the method it names; any fault is a RulebookError."""
    if not isinstance(rulebook, Mapping):
        raise RulebookError("规则文件应为一个对象。")
    name = rulebook.get("method")
    if not isinstance(name, str) or name not in METHODS:
        raise RulebookError(f"规则文件的计分方法（method）应为{'或'.join(METHODS)}。")
    return METHODS[name](rulebook)


def count_files(method: AnyMethod, ballots: Ballots, rulebook: Mapping[str, Any]) -> Files:
    """Return the files of a count by the rulebook that `method` was read from."""
    if isinstance(method, Method):
        return Files(canonical_json(build_result(method, ballots.cells)))
    result, cells = build_files(method, ballots, rulebook)
    return Files(canonical_json(result), canonical_json(cells))


def recount(rows: Iterable[str], rulebook: Mapping[str, Any]) -> Files:
    """Return the files of a count from the text lines of ballots.csv and a rulebook."""
    method = parse_rulebook(rulebook)
    return count_files(method, read_ballots(rows, method), rulebook)


def outcomes(method: AnyMethod, ballots: Ballots) -> dict[str, tuple[int | None, bool]]:
    """Return every section's place, and whether it is listed."""
    if isinstance(method, MethodTwo):
        figures, _ = score_ballots(method, ballots)
        return {section: (found.place, found.is_listed) for section, found in standings(method, figures).items()}
    cells = ballots.cells
    ranks = places(method, cells, score_sections(method, cells), ranked_sections(method, cells))
    last = method.list_length
    return {s: (ranks.get(s), s in method.vetoes or ranks.get(s, last + 1) <= last) for s in method.sections}


def gaps_to_drawn(method: AnyMethod, ballots: Ballots) -> dict[CellKey, Fraction]:
    """Return f - e, (section, channel) -> points before the cap, for the used channels that are not drawn.

    Empty where no channel is drawn: there is nothing to compare with.
    """
    if not method.drawn_channels:
        return {}
    if isinstance(method, Method):
        scores = score_sections(method, ballots.cells)
        of = {section: (score.free, score.drawn_deviation) for section, score in scores.sections.items()}
    else:
        _, deviations = score_ballots(method, ballots)
        free, weights = deviations.free, deviations.weights
        of = {section: (free[section], drawn_deviation(method, weights, free[section])) for section in method.sections}
    return {
        (section, channel): value - e
        for section, (values, e) in of.items()
        for channel, value in values.items()
        if not method.channels[channel].drawn
    }
