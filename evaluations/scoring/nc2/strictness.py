"""How strict a drawn ballot is, told by its other lines and taken off (method-2.md 2.3), in whole parts of a point."""

from collections import Counter, defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass

from evaluations.scoring.nc2.ballots import Sheet
from evaluations.scoring.nc2.method import DECIMALS, MethodTwo, ten_thousandths

Row = tuple[int, ...]


@dataclass(frozen=True)
class Corrected:
    """One drawn channel after the last sweep; the rows stand in the order of their sheet's lines.

    `means`       section -> mean m of its lines before the last correction, in ten-thousandths of a point
    `strictness`  sheet -> r of its lines, in ten-thousandths of a point
    `scores`      sheet -> y' of its lines, in parts of a point (`MethodTwo.unit`)
    """

    means: Mapping[str, int]
    strictness: Mapping[Sheet, Row]
    scores: Mapping[Sheet, Row]


def within(sheets: Mapping[Sheet, int], sections: Container[str]) -> dict[Sheet, int]:
    """Return the sheets without their lines for other sections; what has become equal is put together."""
    kept: Counter[Sheet] = Counter()
    for sheet, times in sheets.items():
        kept[tuple(line for line in sheet if line[0] in sections)] += times
    del kept[()]
    return kept


def correct(method: MethodTwo, sheets: Mapping[Sheet, int]) -> Corrected:
    """Take the ballots' strictness off, estimated in `rater_sweeps` rounds."""
    points = {q: method.points(q) for q in {q for sheet in sheets for _, q in sheet}}
    plain = {sheet: tuple(points[q] for _, q in sheet) for sheet in sheets}
    means: dict[str, int] = {}
    strictness = {sheet: (0,) * len(sheet) for sheet in sheets}
    scores = plain
    for _ in range(method.rater_sweeps):
        means = _means(method, sheets, scores)
        strictness = _strictness(method, plain, means)
        scores = {sheet: _without(method, plain[sheet], strictness[sheet]) for sheet in sheets}
    return Corrected(means, strictness, scores)


def _means(method: MethodTwo, sheets: Mapping[Sheet, int], scores: Mapping[Sheet, Row]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    lines: dict[str, int] = defaultdict(int)
    for sheet, times in sheets.items():
        for (section, _), score in zip(sheet, scores[sheet], strict=True):
            totals[section] += score * times
            lines[section] += times
    return {section: ten_thousandths(totals[section], lines[section] * method.unit) for section in lines}


def _strictness(method: MethodTwo, plain: Mapping[Sheet, Row], means: Mapping[str, int]) -> dict[Sheet, Row]:
    """By how much the other lines of a line's ballot lie above their sections' means; one line: nothing to compare."""
    step, prior = method.unit // DECIMALS, method.rater_prior
    usual = {section: mean * step for section, mean in means.items()}
    found = {}
    for sheet, scores in plain.items():
        gaps = [score - usual[section] for (section, _), score in zip(sheet, scores, strict=True)]
        others = ((len(sheet) - 1) * prior.denominator + prior.numerator) * method.unit
        whole = sum(gaps)
        found[sheet] = (
            tuple([ten_thousandths((whole - gap) * prior.denominator, others) for gap in gaps])
            if len(sheet) > 1
            else (0,)
        )
    return found


def _without(method: MethodTwo, plain: Row, strictness: Row) -> Row:
    """Correct scores; a lenient ballot's rise at most half of the way to the line cap."""
    step, most = method.unit // DECIMALS, method.most
    return tuple([min(y - r * step, (y + most) // 2) for y, r in zip(plain, strictness, strict=True)])
