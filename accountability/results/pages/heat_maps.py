"""指标热图: sections by the five indicators, on a continuous scale over the scores of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from accountability.results.pages.charts import LABELS, MARGIN, TOP, WIDTH, Tick, ranked_name, scale
from accountability.results.queries.lines import IndicatorScore, Line
from accountability.results.queries.results import Result

ROW = 26
CELL = (WIDTH - LABELS - MARGIN) // 5
WHITE_FROM = Decimal("0.72")  # share of the dark colour from which white text is legible, and black up to there
LEGEND_STEPS = 20


@dataclass(frozen=True)
class HeatCell:
    """One indicator of one section: its position, its score, and the share of the dark colour that shows it."""

    x: float
    score: IndicatorScore
    share: Decimal | None

    @property
    def is_dark(self) -> bool:
        """True if its text is white."""
        return self.share is not None and self.share >= WHITE_FROM


@dataclass(frozen=True)
class HeatRow:
    """One section of the heat map."""

    line: Line
    y: int
    cells: list[HeatCell]

    @property
    def name(self) -> str:
        """The section's label beside the row."""
        return ranked_name(self.line)


@dataclass(frozen=True)
class Shade:
    """A step of the legend."""

    x: float
    share: Decimal


@dataclass(frozen=True)
class HeatMap:
    """The picture with its legend; one scale for all five indicators."""

    key: str
    title: str
    rows: list[HeatRow]
    columns: list[Tick]
    shades: list[Shade]
    marks: list[Tick]

    @property
    def bottom(self) -> int:
        """Where the legend begins."""
        return TOP + ROW * len(self.rows)

    @property
    def height(self) -> int:
        """The height of the picture."""
        return self.bottom + 46


def heat_maps(result: Result) -> list[HeatMap]:
    """Return the picture of the listed sections and the one of all with scores, each on a scale of its own."""
    listed = [line for line in result.listed if line.has_scores]
    maps = [_heat_map("heat-listed", _title(listed, "上榜"), listed)] if listed else []
    if len(result.scored) > len(listed):
        maps.append(_heat_map("heat-all", _title(result.scored, "参加排名的"), result.scored))
    return maps


def _heat_map(key: str, title: str, lines: Sequence[Line]) -> HeatMap:
    values = [score.value for line in lines for score in line.indicators if score.value is not None] or [Decimal(0)]
    low = min(values).quantize(Decimal(1), ROUND_FLOOR)
    high = max(max(values).quantize(Decimal(1), ROUND_CEILING), low + 1)

    def share(value: Decimal | None) -> Decimal | None:
        return None if value is None else ((value - low) / (high - low)).quantize(Decimal("0.01"))

    rows = [
        HeatRow(
            line,
            TOP + ROW * n,
            [HeatCell(LABELS + CELL * i, score, share(score.value)) for i, score in enumerate(line.indicators)],
        )
        for n, line in enumerate(lines)
    ]
    columns = [Tick(LABELS + CELL * (i + 0.5), score.label) for i, score in enumerate(lines[0].indicators)]
    wide = CELL * 5 / LEGEND_STEPS
    steps = [(Decimal(n) / (LEGEND_STEPS - 1)).quantize(Decimal("0.01")) for n in range(LEGEND_STEPS)]
    shades = [Shade(LABELS + wide * n, step) for n, step in enumerate(steps)]
    ends = [scale(n, 0, 2, LABELS + wide / 2, LABELS + CELL * 5 - wide / 2) for n in range(3)]
    marks = [Tick(at, f"{value.normalize():f}") for at, value in zip(ends, (low, (low + high) / 2, high), strict=True)]
    return HeatMap(key, title, rows, columns, shades, marks)


def _title(lines: Sequence[Line], who: str) -> str:
    """Name the worst indicator of the sections."""
    columns = zip(*(line.indicators for line in lines), strict=True)
    averages = {column[0].label: sum(score.value or Decimal(0) for score in column) / len(lines) for column in columns}
    worst = max(averages, key=lambda label: averages[label])
    return f"{who}科室问题最突出的是“{worst}”，平均{averages[worst]:.1f}分"
