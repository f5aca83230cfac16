"""Anomaly flags (异常提示): patterns that a person checks before a result is approved (method.md 6).

No flag voids a ballot by itself. The floats here test for chance; they decide no score and no rank.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from statistics import median

from django.db.models import TextChoices

from evaluations.scoring.counting import EMPTY, Cell, CellKey
from evaluations.scoring.method import METHOD as ONE
from evaluations.scoring.method import Settings
from evaluations.scoring.methods import AnyMethod
from evaluations.scoring.nc2.ballots import Ballots
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.questionnaire import DEFAULT, DONT_KNOW, Questionnaire
from evaluations.scoring.wording import SMALLEST_SHOWN, shown

Answers = tuple[int | None, ...]
STRAIGHT_SECTIONS = 3
DUPLICATE_SECTIONS, DUPLICATE_MARKS = 2, 2
BURST_COUNT, BURST_CHANCE = 6, 1e-6
REPEATED_LINES, REPEATED_SHARE = 5, Fraction(15, 100)
# Valid lines that a cell and every drawn channel of its section need, so that chance alone raises few flags.
TESTED_LINES = 10
MAD_TO_DEVIATION = Fraction("1.4826")


class FlagKind(TextChoices):
    """Kinds of anomaly flag (异常提示)."""

    STRAIGHT = "straight", "整张票均为同一程度"
    DUPLICATE = "duplicate", "多张票完全相同"
    BURST = "burst", "短时集中到票"
    ONE_SIDED = "one_sided", "非抽签渠道明显偏向一方"
    EXTREME = "extreme", "非抽签渠道极端评价偏多"
    REPEATED = "repeated", "相同选项组合反复出现"
    FAR = "far", "渠道之间相差较大"


class Verdict(TextChoices):
    """Decisions on a flag: open, kept or invalid."""

    OPEN = "open", "待处理"
    KEPT = "kept", "保留计票"
    INVALID = "invalid", "认定废票"


# Flags that name ballots; the others concern a whole cell or a day and void nothing.
NAMES_BALLOTS = frozenset({FlagKind.STRAIGHT, FlagKind.DUPLICATE, FlagKind.REPEATED})
# False alarms where everybody is honest: simulated rounds of 105 sections and 7,500 ballots, default thresholds.
FALSE_ALARMS = {
    FlagKind.STRAIGHT: "如实评议时每轮7500张票约误报2张",
    FlagKind.DUPLICATE: "如实评议时每轮7500张票约误报0.3组",
    FlagKind.BURST: "如实评议时每轮约误报0.4件",
    FlagKind.ONE_SIDED: "如实评议时每轮约误报0.4件",
    FlagKind.EXTREME: "如实评议时每轮约误报0.8件",
    FlagKind.REPEATED: "如实评议时每轮约误报0.02件",
    FlagKind.FAR: (
        "阈值6分、如实评议时每轮约误报7个科室，各渠道评议人差别大时20个左右；"
        "假票占该渠道20%时，抹黑的约78%、美化的约57%能够发现，占5%时分别约23%、13%"
    ),
}
FALSE_ALARMS_OF_ONE = FALSE_ALARMS | {FlagKind.FAR: "阈值10分、如实评议时每轮约误报10件，各渠道评议人差别大时30件左右"}


def false_alarms(kind: FlagKind, method: str) -> str:
    """Return how often a flag of this kind is raised where everybody is honest."""
    return (FALSE_ALARMS_OF_ONE if method == ONE else FALSE_ALARMS)[kind]


@dataclass(frozen=True)
class Sheet:
    """One counted ballot: its answers by section."""

    ballot: str
    channel: str
    lines: Mapping[str, Answers]


@dataclass(frozen=True)
class Flag:
    """One pattern found: where, in Chinese, and the ballots it names, if any."""

    kind: FlagKind
    text: str
    channel: str = ""
    section: str = ""
    ballots: tuple[str, ...] = field(default=())


@dataclass(frozen=True, order=True)
class Days:
    """The days whose ballots one daily total holds: more than one where the clock did not run at the end of a day."""

    first: date
    last: date

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Limits:
    """The two thresholds a district may set, and what it calls the answers."""

    far_points: Fraction
    robust_z: Fraction
    asked: Questionnaire = DEFAULT


def flag_ballots(
    method: Settings, sheets: Iterable[Sheet], tested: Container[CellKey], asked: Questionnaire = DEFAULT
) -> list[Flag]:
    """Return the flags that name ballots: straight-lining, duplicates, repeated patterns in tested cells; one pass."""
    straight: dict[str, list[str]] = defaultdict(list)
    same: dict[tuple[str, tuple[tuple[str, Answers], ...]], list[str]] = defaultdict(list)
    rows: dict[CellKey, dict[Answers, list[str]]] = defaultdict(lambda: defaultdict(list))
    for sheet in sheets:
        if _is_straight(sheet):
            straight[sheet.channel].append(sheet.ballot)
        if len(sheet.lines) >= DUPLICATE_SECTIONS and _marks(sheet) >= DUPLICATE_MARKS:
            same[sheet.channel, tuple(sorted(sheet.lines.items()))].append(sheet.ballot)
        for section, answers in sheet.lines.items():
            if (section, sheet.channel) in tested:
                rows[section, sheet.channel][answers].append(sheet.ballot)
    words = asked.answers(method.levels)
    return [*_straight_flags(straight, asked), *_duplicate_flags(same), *_repeated_flags(rows, words)]


def comparable_cells(method: AnyMethod, cells: Mapping[CellKey, Cell]) -> list[CellKey]:
    """Return the cells of channels that are not drawn with enough lines there and in every drawn channel.

    A cell that the method counts as empty is none of them.
    """
    fewest = max(TESTED_LINES, method.cell_min_lines if isinstance(method, MethodTwo) else 0)

    def has_enough(section: str, channel: str) -> bool:
        return cells.get((section, channel), EMPTY).lines >= fewest

    free = [channel for channel in method.channels if channel not in method.drawn_channels]
    compared = [s for s in method.sections if all(has_enough(s, drawn) for drawn in method.drawn_channels)]
    return [(section, channel) for channel in free for section in compared if has_enough(section, channel)]


def flag_cells(
    method: Settings,
    cells: Mapping[CellKey, Cell],
    gaps: Mapping[CellKey, Fraction],
    tested: Sequence[CellKey],
    limits: Limits,
) -> list[Flag]:
    """Return the flags of whole cells: channels open to anybody, compared with the drawn ones.

    `gaps` = how far each cell's deviation lies above the drawn one before the cap (`gaps_to_drawn`). The texts give
    figures of ranked sections only.
    """
    if not method.drawn_channels:
        return []
    ranked = {section for section, _ in tested if _is_ranked(method, cells, section)}
    flags: list[Flag] = []
    for channel, keys in groupby(tested, key=itemgetter(1)):
        of_channel = {section: gaps[section, channel] for section, _ in keys}
        flags += _one_sided(of_channel, channel, limits, ranked)
        flags += _extreme(method, cells, list(of_channel), channel, limits, ranked)
        flags += _far(of_channel, channel, limits, ranked)
    return flags


def flag_bursts(days: Mapping[str, Mapping[Days, int]], labels: Mapping[str, str]) -> list[Flag]:
    """Return days on which an origin brought far more ballots than the other days and origins explain.

    A total of several days, between which the clock stood still, tells nothing of a single one: it is no burst.
    """
    flags = []
    for origin in sorted(days):
        for day, count in sorted(days[origin].items()):
            if day.length > 1 or count < BURST_COUNT:
                continue
            expected = _expected(days, origin, day)
            if _poisson_tail(count, expected) < BURST_CHANCE:
                about = f"约{expected:.1f}" if expected >= SMALLEST_SHOWN else f"不足{SMALLEST_SHOWN}"
                when = f"{day.last.month}月{day.last.day}日"
                text = f"{labels[origin]}在{when}到票{count}张，按其他日期和来源推算{about}张。"
                flags.append(Flag(FlagKind.BURST, text))
    return flags


def without(ballots: Ballots, flagged: Ballots, whole: Iterable[CellKey]) -> Ballots:
    """Return what was counted less the flagged ballots and without the cells that are flagged as a whole.

    Whole cells are flagged in channels open to anybody only, so no sheet of a drawn channel is among them.
    """
    dropped = set(whole)
    cells = {
        key: _less(cell, flagged.cells.get(key, EMPTY)) for key, cell in ballots.cells.items() if key not in dropped
    }
    sheets = {
        channel: Counter(of_channel) - Counter(flagged.sheets.get(channel, {}))
        for channel, of_channel in ballots.sheets.items()
    }
    return Ballots(cells, sheets)


def _is_straight(sheet: Sheet) -> bool:
    given = {x for answers in sheet.lines.values() for x in answers if x is not None}
    return len(sheet.lines) >= STRAIGHT_SECTIONS and len(given) == 1 and given != {0}


def _marks(sheet: Sheet) -> int:
    return sum(bool(x) for answers in sheet.lines.values() for x in answers)


def _straight_flags(found: Mapping[str, Sequence[str]], asked: Questionnaire) -> Iterator[Flag]:
    for channel, ballots in sorted(found.items()):
        text = f"有{shown(len(ballots))}张票对不少于三个科室的全部指标都给同一个分值（不是“{asked.none}”）。"
        yield Flag(FlagKind.STRAIGHT, text, channel, ballots=tuple(sorted(ballots)))


def _duplicate_flags(same: Mapping[tuple[str, tuple[tuple[str, Answers], ...]], Sequence[str]]) -> Iterator[Flag]:
    groups = [(channel, lines, sorted(ids)) for (channel, lines), ids in same.items() if len(ids) > 1]
    for channel, lines, ballots in sorted(groups, key=lambda group: (group[0], group[2])):
        text = f"有{shown(len(ballots))}张票评议的科室（{shown(len(lines))}个）及全部选项完全相同。"
        yield Flag(FlagKind.DUPLICATE, text, channel, ballots=tuple(ballots))


def _repeated_flags(
    rows: Mapping[CellKey, Mapping[Answers, Sequence[str]]], words: Mapping[str, str]
) -> Iterator[Flag]:
    for (section, channel), patterns in sorted(rows.items()):
        total = sum(len(ballots) for ballots in patterns.values())
        distinctive = {row: ids for row, ids in patterns.items() if _is_distinctive(row)}
        if not distinctive:
            continue
        row, ballots = max(distinctive.items(), key=lambda item: (len(item[1]), str(item[0])))
        if len(ballots) >= REPEATED_LINES and Fraction(len(ballots), total) >= REPEATED_SHARE:
            text = f"{total}条评议中，有{len(ballots)}条的五项选项完全相同（{_in_words(row, words)}）。"
            yield Flag(FlagKind.REPEATED, text, channel, section, tuple(sorted(ballots)))


def _is_distinctive(row: Answers) -> bool:
    """True if honest people would hardly agree on a row by chance: several marks, not all alike."""
    return sum(bool(x) for x in row) >= DUPLICATE_MARKS and len({x for x in row if x is not None}) > 1


def _in_words(row: Answers, words: Mapping[str, str]) -> str:
    return "、".join(words[DONT_KNOW if x is None else str(x)] for x in row)


def _is_ranked(method: Settings, cells: Mapping[CellKey, Cell], section: str) -> bool:
    """True if the lines that the method uses reach both minimums."""
    fewest = method.cell_min_lines if isinstance(method, MethodTwo) else 0
    lines = {c: n for c in method.channels if (n := cells.get((section, c), EMPTY).lines) >= fewest}
    drawn = sum(lines.get(c, 0) for c in method.drawn_channels)
    return sum(lines.values()) >= method.min_lines and drawn >= method.min_drawn_lines


def _one_sided(gaps: Mapping[str, Fraction], channel: str, limits: Limits, ranked: Container[str]) -> Iterator[Flag]:
    for section, z in _outliers(gaps, limits.robust_z):
        side = "偏高（疑似集中打压）" if z > 0 else "偏低（疑似集中拉抬）"
        figure = f"，稳健标准分{float(z):.1f}" if section in ranked else ""
        text = f"与抽签渠道相比{side}{figure}。"
        yield Flag(FlagKind.ONE_SIDED, text, channel, section)


def _extreme(
    method: Settings,
    cells: Mapping[CellKey, Cell],
    sections: Sequence[str],
    channel: str,
    limits: Limits,
    ranked: Container[str],
) -> Iterator[Flag]:
    for q, words in ((0, f"全部“{limits.asked.none}”"), (method.scale * method.levels, "全部最重")):
        gaps = {
            s: Fraction(_log_odds([cells[s, channel]], q))
            - Fraction(_log_odds([cells[s, c] for c in method.drawn_channels], q))
            for s in sections
        }
        for section, z in _outliers(gaps, limits.robust_z):
            if z > 0:
                figure = f"，稳健标准分{float(z):.1f}" if section in ranked else ""
                text = f"选择{words}的评议所占比重明显高于抽签渠道{figure}。"
                yield Flag(FlagKind.EXTREME, text, channel, section)


def _far(gaps: Mapping[str, Fraction], channel: str, limits: Limits, ranked: Container[str]) -> Iterator[Flag]:
    for section, gap in gaps.items():
        if abs(gap) > limits.far_points:
            side = "偏高" if gap > 0 else "偏低"
            figure = f"{float(abs(gap)):.2f}分（{side}），" if section in ranked else f"较大（{side}），"
            yield Flag(FlagKind.FAR, f"与抽签渠道相差{figure}超过{limits.far_points}分。", channel, section)


def _outliers(values: Mapping[str, Fraction], limit: Fraction) -> Iterator[tuple[str, Fraction]]:
    """Yield the values that lie further than `limit` robust standard deviations (median, MAD) from the middle."""
    if not values:
        return
    middle = median(values.values())
    spread = MAD_TO_DEVIATION * median(abs(value - middle) for value in values.values())
    for section, value in sorted(values.items()):
        if spread and abs(value - middle) > limit * spread:
            yield section, (value - middle) / spread


def _log_odds(cells: Sequence[Cell], q: int) -> float:
    """Return the log-odds of lines with this q; half a line on either side keeps it finite."""
    hits = sum(cell.histogram.get(q, 0) for cell in cells)
    others = sum(cell.lines for cell in cells) - hits
    return math.log((hits + 0.5) / (others + 0.5))


def _expected(days: Mapping[str, Mapping[Days, int]], origin: str, day: Days) -> float:
    """Return the ballots to expect of an origin on a day: its other ballots, in the ratio of the other origins.

    Without another origin to compare with, it is the mean of the origin's other days.
    """
    own = days[origin]
    rest = sum(own.values()) - own[day]
    other = Counter[Days]()
    for name, counts in days.items():
        if name != origin:
            other.update(counts)
    elsewhere = other.total() - other[day]
    if elsewhere and rest:
        return rest * max(other[day], 0.5) / elsewhere
    return rest / max(sum(each.length for each in own) - day.length, 1)


def _poisson_tail(count: int, expected: float) -> float:
    """Pr(Poisson(expected) >= count)."""
    if expected <= 0:
        return 0.0
    terms = (math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(count))
    return max(0.0, 1.0 - sum(terms)) if expected < count else 1.0


def _less(cell: Cell, part: Cell) -> Cell:
    histogram = Counter(cell.histogram)
    histogram.subtract(part.histogram)
    return Cell(
        lines=cell.lines - part.lines,
        total=cell.total - part.total,
        squares=cell.squares - part.squares,
        severe=cell.severe - part.severe,
        votes=cell.votes - part.votes,
        answered=tuple(a - b for a, b in zip(cell.answered, part.answered, strict=True)),
        points=tuple(a - b for a, b in zip(cell.points, part.points, strict=True)),
        histogram={q: times for q, times in sorted(histogram.items()) if times},
    )
