"""Change since the round before: the commission's page with one picture and its table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from accountability.results.pages.charts import LABELS, MARGIN, ROW, TOP, WIDTH, Tick, scale
from accountability.results.queries.changes import RoundChange, cut_in_words, read_changes, two_places
from accountability.results.rules import LONGEST_NAME, short_name, units
from evaluations.rounds.models import Round
from evaluations.scoring.nc2.change import BETTER, UNCHANGED, WORSE, SectionChange, two_decimals
from evaluations.tally.models import SectionResult

VERDICT = 44  # room for 好转 or 变差 beside a bar
CLASSES = {BETTER: "is-better", WORSE: "is-worse", UNCHANGED: ""}


@dataclass(frozen=True)
class ChangeLine:
    """One compared section as the table shows it."""

    result: SectionResult
    row: SectionChange

    @property
    def expected(self) -> Decimal:
        """The index to expect had nothing changed."""
        return two_places(self.row.expected)

    @property
    def actual(self) -> Decimal:
        """The index as it is."""
        return two_places(self.row.actual)

    @property
    def gain(self) -> Decimal:
        """By how much the index lies below what was to be expected."""
        return two_places(self.row.gain)

    @property
    def width(self) -> str:
        """The margin of the gain."""
        return two_decimals(self.row.width)


@dataclass(frozen=True)
class Bar:
    """One section of the picture: its gain and the margin on both sides."""

    line: ChangeLine
    y: int
    low: float
    gain: float
    high: float

    @property
    def name(self) -> str:
        """The section's label beside the bar."""
        section = self.line.result.section
        whole = f"{section.department_name}{section.name}"
        return whole if units(whole) <= LONGEST_NAME else short_name(section.name)

    @property
    def verdict(self) -> str:
        """The method's decision, if it is one: colour is not the only sign."""
        return self.line.row.label if self.kind else ""

    @property
    def kind(self) -> str:
        """The bar's class."""
        return CLASSES[self.line.row.label]


@dataclass(frozen=True)
class Picture:
    """改进图: every compared section's gain, the largest on top, with a line where nothing has changed."""

    title: str
    height: int
    bars: list[Bar]
    ticks: list[Tick]
    none: float


@dataclass(frozen=True)
class ChangePage:
    """All that the page shows."""

    change: RoundChange
    lines: list[ChangeLine]
    picture: Picture | None
    left_out: list[tuple[SectionResult, str]]
    around_cut: str

    @property
    def title(self) -> str:
        """The page's first sentence."""
        return self.picture.title if self.picture else self.change.reason


def read_change_page(round_: Round) -> ChangePage:
    """Return the page of a counted round (4 queries)."""
    changes = read_changes(round_)
    change = changes[-1]
    results = {result.section.code: result for result in round_.results.select_related("section")}
    lines = [ChangeLine(results[code], row) for code, row in change.sections.items()]
    lines.sort(key=lambda line: (-line.row.gain, line.result.section.code))
    return ChangePage(
        change=change,
        lines=lines,
        picture=_picture(lines, len(change.left_out)) if lines else None,
        left_out=[(results[code], why) for code, why in sorted(change.left_out.items())],
        around_cut=cut_in_words(changes, round_),
    )


def _picture(lines: Sequence[ChangeLine], left_out: int) -> Picture:
    most = max(abs(line.row.gain) + Fraction(line.row.width, 100) for line in lines)
    edge = max(1, -(-most.numerator // most.denominator))

    def x(points: Fraction) -> float:
        return scale(float(points), -edge, edge, LABELS + MARGIN, WIDTH - VERDICT)

    bars = [
        Bar(line, TOP + ROW * n, x(line.row.gain - width), x(line.row.gain), x(line.row.gain + width))
        for n, line in enumerate(lines)
        for width in [Fraction(line.row.width, 100)]
    ]
    step = max(1, edge // 4)
    ticks = [Tick(x(Fraction(n)), f"{n:+d}" if n else "0") for n in range(-edge // step * step + step, edge, step)]
    number = Counter(line.row.label for line in lines)
    found = "，".join(f"{label}{number[label]}个" for label in CLASSES)
    return Picture(
        title=f"{len(lines)}个科室可以比较：{found}；{left_out}个不可比",
        height=TOP + ROW * len(lines) + 10,
        bars=bars,
        ticks=ticks,
        none=x(Fraction(0)),
    )
