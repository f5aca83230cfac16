"""计分算式: a sheet that recomputes every section's index with live formulas from channel sums and weights."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.results.workbooks.grid import SCORE, Grid, quotient, stored
from evaluations.scoring.counting import EMPTY
from evaluations.scoring.method import Channel, Method
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.spreadsheets import ColumnSpec, Formula, SheetSpec, Value

PER_CHANNEL = ("有效票", "得分整数和", "平均分", "偏差", "封顶后偏差")
LINES, TOTAL, MEAN, FREE, CAPPED = range(len(PER_CHANNEL))
NOTES = (
    "本表用公式从各渠道的有效票数和得分整数和重新算出难办指数，最后一列核对是否与存档一致；改动任何一个数，结果随之改变。",
    "平均分=得分整数和×每单位分值÷有效票；偏差=（有效票×（平均分－渠道均值））÷（有效票＋平均票张数）；"
    "非抽签渠道的偏差与抽签渠道偏差之差不超过偏差上限；难办指数=各渠道（渠道均值＋封顶后偏差）×权重之和，四舍五入保留四位小数。",
    f"有渠道的有效票少于{SMALLEST_SHOWN}张的科室，为保护投票人不列算式（上榜的只列存档结果）；这时渠道均值取自存档结果。样本不足、不参加排名的科室不列难办指数。“—”为不列或者没有的数。",
)


def calculation_sheet(result: Result, method: Method, notices: Sequence[str]) -> SheetSpec:
    """Return the sheet of an NC-1 round: a row of formulas for every section, and the parameters below."""
    lines = [line for line in (*result.ranked, *result.unranked) if not line.has_hidden]
    hidden = [line for line in result.listed if line.has_hidden]
    channels = [c.value for c in Channel if c.value in result.figures.weights]
    notes = [*notices, *NOTES]
    names = ["unit", "k", "cap", "least", *(f"{what}{c}" for c in channels for what in ("weight", "mean"))]
    grid = Grid(channels, len(PER_CHANNEL), names, 2 + len(notes), len(lines))
    return SheetSpec(
        title="计分算式",
        frozen="科室",
        heading=f"{result.round_.name}“最难办事科室群众评”难办指数计算表",
        notes=notes,
        parameters=list(_parameters(result, method, grid)),
        columns=list(_columns(channels)),
        rows=[
            *[list(_row(result, grid, line, grid.first + n)) for n, line in enumerate(lines)],
            *[_hidden_row(grid, line) for line in hidden],
        ],
    )


def _parameters(result: Result, method: Method, grid: Grid) -> Iterator[tuple[str, Value]]:
    yield "每单位分值（100÷（换算数×最高级））", quotient(Fraction(100, method.scale * method.levels))
    yield "全体科室平均票张数", method.prior_ballots
    yield "偏差上限（分）", quotient(method.cap)
    yield "计入渠道均值的最少有效票", method.mean_min_lines
    for channel in grid.channels:
        label = Channel(channel).label
        yield f"{label}权重", quotient(result.figures.weights[channel])
        yield f"{label}渠道均值", _mean(result, method.mean_min_lines, grid, channel)


def _mean(result: Result, least: int, grid: Grid, channel: str) -> Value:
    """The channel's mean as a formula, or as a value if hidden sections contribute to it."""
    if _is_partial(result):
        return stored(result.figures.means[channel])
    cells = [cell for (_, c), cell in result.figures.cells.items() if c == channel]
    counted = any(cell.lines >= max(least, 1) for cell in cells)
    if not counted or least < SMALLEST_SHOWN:
        return stored(result.figures.means[channel])
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


def _row(result: Result, grid: Grid, line: Line, row: int) -> Iterator[Value]:
    code = line.section.code
    yield line.result.rank if line.result.rank is not None else "—"
    yield line.section.department_name
    yield line.section.name
    for channel in grid.channels:
        yield from _cells(result, grid, channel, code, row)
    drawn, index, filed = (grid.after(n) for n in (1, 2, 3))
    yield _drawn_deviation(result, grid, row)
    terms = (
        f"{grid.parameter(f'weight{c}')}*({grid.parameter(f'mean{c}')}+{grid.column(c, CAPPED)}{row})"
        for c in grid.channels
    )
    if line.result.rank is None:
        yield from ["—"] * 4
        return
    yield Formula(f"ROUND({'+'.join(terms) or 0},4)")
    yield line.result.difficulty
    yield _place(result, grid, line, row, (index, drawn))
    yield Formula(f'IF(ROUND({index}{row}-{filed}{row},4)=0,"一致","不一致")')


def _hidden_row(grid: Grid, line: Line) -> list[Value]:
    """A listed section whose calculation would reveal one to four ballots: its stored index alone."""
    dashes = ["—"] * (len(PER_CHANNEL) * len(grid.channels) + 2)
    names = (line.section.department_name, line.section.name)
    return [line.result.rank, *names, *dashes, line.result.difficulty, "—", "不列算式"]


def _is_partial(result: Result) -> bool:
    return any(line.has_hidden for line in (*result.ranked, *result.unranked))


def _cells(result: Result, grid: Grid, channel: str, code: str, row: int) -> Iterator[Value]:
    cell = result.figures.cells.get((code, channel), EMPTY)
    n, total, free = (f"{grid.column(channel, what)}{row}" for what in (LINES, TOTAL, FREE))
    yield from (cell.lines, cell.total)
    yield Formula(f'IF({n}=0,"—",{total}*{grid.parameter("unit")}/{n})')
    channel_mean, k = grid.parameter(f"mean{channel}"), grid.parameter("k")
    yield Formula(f"({total}*{grid.parameter('unit')}-{n}*{channel_mean})/({n}+{k})")
    drawn, cap = f"{grid.after(1)}{row}", grid.parameter("cap")
    is_free = result.figures.method.channels[channel].drawn or not _drawn(result, grid)
    yield Formula(free if is_free else f"MEDIAN({drawn}-{cap},{free},{drawn}+{cap})")


def _drawn(result: Result, grid: Grid) -> list[str]:
    return [c for c in grid.channels if result.figures.method.channels[c].drawn]


def _drawn_deviation(result: Result, grid: Grid, row: int) -> Value:
    drawn = _drawn(result, grid)
    if not drawn:
        return 0
    terms = "+".join(f"{grid.parameter(f'weight{c}')}*{grid.column(c, FREE)}{row}" for c in drawn)
    weights = "+".join(grid.parameter(f"weight{c}") for c in drawn)
    return Formula(f"({terms})/({weights})")


def _place(result: Result, grid: Grid, line: Line, row: int, letters: tuple[str, str]) -> Value:
    """The place by index, ties by the drawn deviation; without vetoes and the last tie-break."""
    if line.result.rank is None or _is_partial(result):
        return "—"
    index, drawn = (grid.span(letter, len(result.ranked)) for letter in letters)
    mine, my_drawn = (f"{letter}{row}" for letter in letters)
    return Formula(f'1+COUNTIF({index},">"&{mine})+SUMPRODUCT(({index}={mine})*(ROUND({drawn},4)>ROUND({my_drawn},4)))')
