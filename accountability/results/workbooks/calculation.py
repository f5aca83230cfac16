"""计分算式: a sheet that recomputes every section's index with live formulas from channel sums and weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from openpyxl.utils import get_column_letter

from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from evaluations.scoring.counting import EMPTY
from evaluations.scoring.method import Channel, Method
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.spreadsheets import ColumnSpec, Formula, SheetSpec, Value

SCORE = "0.0000"
FIXED = 3  # 位次, 单位, 科室
PER_CHANNEL = ("有效票", "得分整数和", "平均分", "偏差", "封顶后偏差")
LINES, TOTAL, MEAN, FREE, CAPPED = range(len(PER_CHANNEL))
NOTES = (
    "本表用公式从各渠道的有效票数和得分整数和重新算出难办指数，最后一列核对是否与存档一致；改动任何一个数，结果随之改变。",
    "平均分=得分整数和×每单位分值÷有效票；偏差=（有效票×（平均分－渠道均值））÷（有效票＋平均票张数）；"
    "非抽签渠道的偏差与抽签渠道偏差之差不超过偏差上限；难办指数=各渠道（渠道均值＋封顶后偏差）×权重之和，四舍五入保留四位小数。",
    f"有渠道的有效票少于{SMALLEST_SHOWN}张的科室，为保护投票人不列算式（上榜的只列存档结果）；这时渠道均值取自存档结果。",
)


@dataclass(frozen=True)
class _Grid:
    """Cell addresses on the sheet."""

    channels: Sequence[str]
    first: int
    last: int
    parameters: int
    least: int  # valid lines a section needs to enter a channel's mean

    def column(self, channel: str, what: int) -> str:
        """Letter of a channel's column."""
        return get_column_letter(FIXED + 1 + len(PER_CHANNEL) * list(self.channels).index(channel) + what)

    def after(self, number: int) -> str:
        """Letter of the n-th column after the channels."""
        return get_column_letter(FIXED + len(PER_CHANNEL) * len(self.channels) + number)

    def span(self, letter: str) -> str:
        """Absolute range of a column's data."""
        return f"${letter}${self.first}:${letter}${self.last}"

    def parameter(self, name: str, channel: str = "") -> str:
        """Absolute address of a parameter's cell."""
        order = ["unit", "k", "cap", "least", *(f"{what}{c}" for c in self.channels for what in ("weight", "mean"))]
        return f"$D${self.parameters + order.index(name + channel)}"


def calculation_sheet(result: Result, method: Method, notices: Sequence[str]) -> SheetSpec:
    """Return the sheet of an NC-1 round: parameters on top, then a row of formulas for every section."""
    lines = [line for line in (*result.ranked, *result.unranked) if not line.has_hidden]
    hidden = [line for line in result.listed if line.has_hidden]
    channels = [c.value for c in Channel if c.value in result.figures.weights]
    notes = [*notices, *NOTES]
    first = 1 + len(notes) + 4 + 2 * len(channels) + 2
    grid = _Grid(channels, first, max(first, first + len(lines) - 1), 2 + len(notes), method.mean_min_lines)
    spec = SheetSpec(
        title="计分算式",
        heading=f"{result.round_.name}“最难办事科室群众评”难办指数计算表",
        notes=notes,
        parameters=list(_parameters(result, grid)),
        columns=list(_columns(channels)),
        rows=[
            *[list(_row(result, grid, line, grid.first + n)) for n, line in enumerate(lines)],
            *[_hidden_row(grid, line) for line in hidden],
        ],
    )
    if spec.header_row + 1 != first:
        raise ValueError("the formulas would point at other rows")
    return spec


def _parameters(result: Result, grid: _Grid) -> Iterator[tuple[str, Value]]:
    method, weights = result.figures.method, result.figures.weights
    yield "每单位分值（100÷（换算数×最高级））", _quotient(Fraction(100, method.scale * method.levels))
    yield "全区平均票张数", method.prior_ballots
    yield "偏差上限（分）", _quotient(method.cap)
    yield "计入渠道均值的最少有效票", grid.least
    for channel in grid.channels:
        label = Channel(channel).label
        yield f"{label}权重", _quotient(weights[channel])
        yield f"{label}渠道均值", _mean(result, grid, channel)


def _mean(result: Result, grid: _Grid, channel: str) -> Value:
    """The channel's mean as a formula, or as a value if hidden sections contribute to it."""
    if _is_partial(result):
        return _value(result.figures.means[channel])
    cells = [cell for (_, c), cell in result.figures.cells.items() if c == channel]
    counted = any(cell.lines >= max(grid.least, 1) for cell in cells)
    if not counted or grid.least < SMALLEST_SHOWN:
        return _value(result.figures.means[channel])
    means, lines = grid.span(grid.column(channel, MEAN)), grid.span(grid.column(channel, LINES))
    return Formula(f'AVERAGEIFS({means},{lines},">="&{grid.parameter("least")})')


def _columns(channels: Sequence[str]) -> Iterator[ColumnSpec]:
    yield from (ColumnSpec("位次", 5, align="center"), ColumnSpec("单位", 14), ColumnSpec("科室", 16))
    for channel in channels:
        short = Channel(channel).label[:2]
        for name in PER_CHANNEL:
            whole = name in {"有效票", "得分整数和"}
            yield ColumnSpec(f"{short}{name}", 8 if whole else 9, "0" if whole else SCORE, "right")
    yield ColumnSpec("抽签渠道偏差", 9, SCORE, "right")
    yield ColumnSpec("难办指数（重算）", 10, SCORE, "right")
    yield ColumnSpec("难办指数（存档）", 10, SCORE, "right")
    yield ColumnSpec("按指数位次", 7, "0", "center")
    yield ColumnSpec("核对", 7, align="center")


def _row(result: Result, grid: _Grid, line: Line, row: int) -> Iterator[Value]:
    code = line.section.code
    yield line.result.rank if line.result.rank is not None else "—"
    yield line.section.department_name
    yield line.section.name
    for channel in grid.channels:
        yield from _cells(result, grid, channel, code, row)
    drawn, index, stored = (grid.after(n) for n in (1, 2, 3))
    yield _drawn_deviation(result, grid, row)
    terms = (
        f"{grid.parameter('weight', c)}*({grid.parameter('mean', c)}+{grid.column(c, CAPPED)}{row})"
        for c in grid.channels
    )
    yield Formula(f"ROUND({'+'.join(terms) or 0},4)")
    yield line.result.difficulty
    yield _place(result, grid, line, row, (index, drawn))
    yield Formula(f'IF(ROUND({index}{row}-{stored}{row},4)=0,"一致","不一致")')


def _hidden_row(grid: _Grid, line: Line) -> list[Value]:
    """A listed section whose calculation would reveal one to four ballots: its stored index alone."""
    dashes = ["—"] * (len(PER_CHANNEL) * len(grid.channels) + 2)
    names = (line.section.department_name, line.section.name)
    return [line.result.rank, *names, *dashes, line.result.difficulty, "—", "不列算式"]


def _is_partial(result: Result) -> bool:
    return any(line.has_hidden for line in (*result.ranked, *result.unranked))


def _cells(result: Result, grid: _Grid, channel: str, code: str, row: int) -> Iterator[Value]:
    cell = result.figures.cells.get((code, channel), EMPTY)
    n, total, free = (f"{grid.column(channel, what)}{row}" for what in (LINES, TOTAL, FREE))
    yield from (cell.lines, cell.total)
    yield Formula(f'IF({n}=0,"—",{total}*{grid.parameter("unit")}/{n})')
    channel_mean, k = grid.parameter("mean", channel), grid.parameter("k")
    yield Formula(f"({total}*{grid.parameter('unit')}-{n}*{channel_mean})/({n}+{k})")
    drawn, cap = f"{grid.after(1)}{row}", grid.parameter("cap")
    is_free = result.figures.method.channels[channel].drawn or not _drawn(result, grid)
    yield Formula(free if is_free else f"MEDIAN({drawn}-{cap},{free},{drawn}+{cap})")


def _drawn(result: Result, grid: _Grid) -> list[str]:
    return [c for c in grid.channels if result.figures.method.channels[c].drawn]


def _drawn_deviation(result: Result, grid: _Grid, row: int) -> Value:
    drawn = _drawn(result, grid)
    if not drawn:
        return 0
    terms = "+".join(f"{grid.parameter('weight', c)}*{grid.column(c, FREE)}{row}" for c in drawn)
    weights = "+".join(grid.parameter("weight", c) for c in drawn)
    return Formula(f"({terms})/({weights})")


def _place(result: Result, grid: _Grid, line: Line, row: int, letters: tuple[str, str]) -> Value:
    """The place by index, ties by the drawn deviation; without vetoes and the last tie-break."""
    if line.result.rank is None or _is_partial(result):
        return "—"
    last = grid.first + len(result.ranked) - 1
    index, drawn = (f"${letter}${grid.first}:${letter}${last}" for letter in letters)
    mine, my_drawn = (f"{letter}{row}" for letter in letters)
    return Formula(f'1+COUNTIF({index},">"&{mine})+SUMPRODUCT(({index}={mine})*(ROUND({drawn},4)>ROUND({my_drawn},4)))')


def _quotient(value: Fraction) -> Value:
    """An exact parameter: an integer, or a division as a formula."""
    return value.numerator if value.denominator == 1 else Formula(f"{value.numerator}/{value.denominator}")


def _value(value: Fraction) -> Decimal:
    """A stored value, rounded to the precision of a cell."""
    return round(Decimal(value.numerator) / Decimal(value.denominator), 12)
