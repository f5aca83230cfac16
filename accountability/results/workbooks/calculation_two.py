"""计分算式 of an NC-2 round: live formulas from the figures of cells.json to index, place, interval, label and gate."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.results.workbooks.grid import SCORE, Grid, quotient
from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.cells_file import parse_cells
from evaluations.scoring.nc2.index import Figures
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.nc2.ranking import Score, standings
from evaluations.scoring.result import CERTAIN, TOO_FEW, VETOED, WITHIN_MARGIN, decimal
from nanchuan_eval.spreadsheets import ColumnSpec, Formula, SheetSpec, Value

PER_CHANNEL = ("有效票", "偏差", "方差")
LINES, DEVIATION, VARIANCE = range(len(PER_CHANNEL))
YES, NO, NONE = "是", "否", "—"
FURTHER = (
    ColumnSpec("一票否决", 6, align="center"),
    ColumnSpec("抽签渠道偏差", 9, SCORE, "right"),
    ColumnSpec("难办指数（重算）", 9, SCORE, "right"),
    ColumnSpec("指数方差", 9, SCORE, "right"),
    ColumnSpec("样本足够", 6, align="center"),
    ColumnSpec("位次（重算）", 7, "0", "center"),
    ColumnSpec("样本不足科室中明显更难办的", 8, "0", "center"),
    ColumnSpec("样本不足科室中明显较好办的", 8, "0", "center"),
    ColumnSpec("区间起（重算）", 7, "0", "center"),
    ColumnSpec("区间止（重算）", 7, "0", "center"),
    ColumnSpec("标注（重算）", 10, align="center"),
    ColumnSpec("难办指数（存档）", 9, SCORE, "right"),
    ColumnSpec("区间起（存档）", 7, "0", "center"),
    ColumnSpec("区间止（存档）", 7, "0", "center"),
    ColumnSpec("标注（存档）", 10, align="center"),
    ColumnSpec("核对", 7, align="center"),
)
VETO, DRAWN, INDEX, SPREAD, ENOUGH, PLACE, HARDER, EASIER, LOW, HIGH, LABEL, *FILED = range(1, len(FURTHER))
NOTES = (
    "本表用公式从公开数据文件（cells.json）的有效票数、偏差和方差重新算出难办指数、位次、位次区间、标注和能否公示，"
    "最后一列核对是否与存档一致；参数和权重列在表后，改动它们或者任何一个数，结果随之改变。偏差和方差由评议票算出，本表不重算。",
    "难办指数=各渠道（渠道均值＋偏差）×权重之和，四舍五入保留四位小数；指数方差=各渠道方差×权重的平方之和，加渠道看法不一的方差×"
    "计入比重；两个科室的难办指数之差的平方大于区间宽度的平方与两个指数方差之和的乘积的，为明显更难办。",
    "位次：一票否决的列在最前，其余样本足够的科室按难办指数排列，相同的比抽签渠道偏差，再相同的并列。"
    "位次区间=1＋明显更难办的科室数，至科室总数－明显较好办的科室数，与本轮全部科室比较。",
    "本表不涵盖：样本不足的科室只列有效票（少于采用标准的空白），不列得分（记作“—”），其他科室与它们比较的结果取自存档；一票否决科室的位次"
    "和区间由决定产生，不重算；权重为未使用的渠道除外之后的权重；两个科室之差恰好等于界限的，表格软件的末位误差可能影响比较。",
)


@dataclass(frozen=True)
class _Sheet:
    """What the rows are written from; `scored` of them, the first ones, have scores.

    `hidden` = the scores of the sections without enough lines and without a veto, which are not shown.
    """

    method: MethodTwo
    figures: Figures
    scores: dict[str, Score]
    hidden: Sequence[Score]
    grid: Grid
    scored: int

    def span(self, number: int) -> str:
        """Range of a further column over the sections with scores."""
        return self.grid.span(self.grid.after(number), self.scored)

    def every(self, number: int) -> str:
        """Range of a further column over all sections."""
        return self.grid.span(self.grid.after(number))


def calculation_two_sheet(result: Result, method: MethodTwo, notices: Sequence[str]) -> SheetSpec:
    """Return the sheet: a row of formulas for every section, those without scores last, and the parameters below."""
    figures = parse_cells(json.loads(result.tally.cells), method, result.tally.rulebook_sha256)
    lines = [*result.scored, *(line for line in (*result.ranked, *result.unranked) if not line.has_scores)]
    channels, notes = list(figures.weights), [*notices, *NOTES]
    names = [
        *(f"{what}{c}" for c in channels for what in ("weight", "mean")),
        *("z", "h", "tau2", "lines", "drawn", "length", "share", "sections", "ranked", "needed", "allowed"),
    ]
    grid = Grid(channels, len(PER_CHANNEL), names, 2 + len(notes), len(lines))
    scores = {section: standing.score for section, standing in standings(method, figures).items()}
    hidden = [score for code, score in scores.items() if not score.has_enough and code not in method.vetoes]
    sheet = _Sheet(method, figures, scores, hidden, grid, len(result.scored))
    return SheetSpec(
        title="计分算式",
        frozen="科室",
        heading=f"{result.round_.name}“最难办事科室群众评”难办指数、位次和位次区间计算表",
        notes=notes,
        parameters=list(_parameters(sheet)),
        columns=list(_columns(channels)),
        rows=[list(_row(sheet, line, grid.first + n)) for n, line in enumerate(lines)],
    )


def _parameters(sheet: _Sheet) -> Iterator[tuple[str, Value]]:
    method, grid = sheet.method, sheet.grid
    for channel in grid.channels:
        label = Channel(channel).label
        yield f"{label}权重", quotient(sheet.figures.weights[channel])
        yield f"{label}渠道均值", _figure(sheet.figures.means[channel])
    yield "区间宽度（z）", quotient(method.z)
    yield "渠道看法不一计入误差的比重", quotient(method.between_weight)
    yield "渠道看法不一的方差", _figure(sheet.figures.between)
    yield "参加排名的最少有效票", method.min_lines
    yield "其中抽签渠道最少有效票", method.min_drawn_lines
    yield "公布名额", method.list_length
    yield "可以公示的最低排名比例", quotient(method.publish_share)
    yield "科室总数", Formula(f"ROWS({sheet.every(ENOUGH)})")
    yield "样本足够的科室", Formula(f'COUNTIF({sheet.every(ENOUGH)},"{YES}")')
    yield "公示所需的排名科室", Formula(f"ROUNDUP(ROUND({grid.parameter('share')}*{grid.parameter('sections')},9),0)")
    allowed = f"{grid.parameter('ranked')}>={grid.parameter('needed')}"
    yield "能否公示", Formula(f'IF({allowed},"达到要求","未达到要求")')


def _columns(channels: Sequence[str]) -> Iterator[ColumnSpec]:
    yield from (ColumnSpec("位次", 5, align="center"), ColumnSpec("单位", 14), ColumnSpec("科室", 16))
    for channel in channels:
        for name in PER_CHANNEL:
            yield ColumnSpec(f"{Channel(channel).label[:2]}{name}", 8, "0" if name == "有效票" else SCORE, "right")
    yield from FURTHER


def _row(sheet: _Sheet, line: Line, row: int) -> Iterator[Value]:
    section, data = line.section, line.result.data
    is_vetoed = section.code in sheet.method.vetoes
    yield line.result.rank if line.result.rank is not None else NONE
    yield section.department_name
    yield section.name
    for channel in sheet.grid.channels:
        cell = sheet.figures.cells[section.code][channel]
        yield cell.lines
        yield from (_figure(cell.deviation), _figure(cell.variance)) if line.has_scores else (NONE, NONE)
    yield YES if is_vetoed else NO
    yield from _index(sheet, row) if line.has_scores else (NONE, NONE, NONE)
    yield _enough(sheet, row)
    yield from _place(sheet, line, row) if line.has_scores and not is_vetoed else [NONE] * 5
    yield _label(sheet, row)
    yield line.result.difficulty if line.has_scores else NONE
    yield from (data["rank_low"], data["rank_high"]) if line.has_scores else (NONE, NONE)
    yield line.result.label or NONE
    yield _check(sheet, line, row, is_vetoed=is_vetoed)


def _index(sheet: _Sheet, row: int) -> Iterator[Value]:
    """The drawn deviation, the index and its variance."""
    grid = sheet.grid
    weight = {c: grid.parameter(f"weight{c}") for c in grid.channels}
    cell = {(c, what): f"{grid.column(c, what)}{row}" for c in grid.channels for what in (DEVIATION, VARIANCE)}
    drawn = _drawn(sheet)
    terms = "+".join(f"{weight[c]}*{cell[c, DEVIATION]}" for c in drawn)
    yield Formula(f"ROUND(({terms})/({'+'.join(weight[c] for c in drawn)}),4)") if drawn else Decimal(0)
    terms = "+".join(f"{weight[c]}*({grid.parameter(f'mean{c}')}+{cell[c, DEVIATION]})" for c in grid.channels)
    yield Formula(f"ROUND({terms},4)")
    terms = "+".join(f"{weight[c]}^2*{cell[c, VARIANCE]}" for c in grid.channels)
    yield Formula(f"{terms}+{grid.parameter('h')}*{grid.parameter('tau2')}")


def _enough(sheet: _Sheet, row: int) -> Value:
    grid, drawn = sheet.grid, _drawn(sheet)
    if not grid.channels:
        return NO
    every = ",".join(f"{grid.column(c, LINES)}{row}" for c in grid.channels)
    of_drawn = ",".join(f"{grid.column(c, LINES)}{row}" for c in drawn) or "0"
    least = f"SUM({every})>={grid.parameter('lines')},SUM({of_drawn})>={grid.parameter('drawn')}"
    return Formula(f'IF(AND({least}),"{YES}","{NO}")')


def _place(sheet: _Sheet, line: Line, row: int) -> Iterator[Value]:
    """Place, sections without scores that are clearly harder and easier (values), both ends of the interval."""
    grid = sheet.grid
    index, drawn, spread, enough, harder, easier = (
        f"{grid.after(n)}{row}" for n in (INDEX, DRAWN, SPREAD, ENOUGH, HARDER, EASIER)
    )
    vetoed = f'COUNTIF({sheet.every(VETO)},"{YES}")'
    among = f'{sheet.span(VETO)},"{NO}",{sheet.span(ENOUGH)},"{YES}",{sheet.span(INDEX)}'
    yield Formula(
        f'IF({enough}="{YES}",1+{vetoed}+COUNTIFS({among},">"&{index})'
        f'+COUNTIFS({among},{index},{sheet.span(DRAWN)},">"&{drawn}),"")'
    )
    mine = sheet.scores[line.section.code]
    yield sum(_is_clearly_harder(sheet.method, other, mine) for other in sheet.hidden)
    yield sum(_is_clearly_harder(sheet.method, mine, other) for other in sheet.hidden)
    gap = f"({sheet.span(INDEX)}-{index})^2>{grid.parameter('z')}^2*({sheet.span(SPREAD)}+{spread})"
    free = f'({sheet.span(VETO)}="{NO}")'
    yield Formula(f"1+{vetoed}+{harder}+SUMPRODUCT({free}*({sheet.span(INDEX)}>{index})*({gap}))")
    yield Formula(f"{grid.parameter('sections')}-{easier}-SUMPRODUCT({free}*({sheet.span(INDEX)}<{index})*({gap}))")


def _label(sheet: _Sheet, row: int) -> Formula:
    grid = sheet.grid
    veto, enough, place, high = (f"{grid.after(n)}{row}" for n in (VETO, ENOUGH, PLACE, HIGH))
    length = grid.parameter("length")
    sure = f"AND({high}<={length},{length}<{grid.parameter('sections')})"
    listed = f'IF({place}>{length},"{NONE}",IF({sure},"{CERTAIN}","{WITHIN_MARGIN}"))'
    return Formula(f'IF({veto}="{YES}","{VETOED}",IF({enough}="{NO}","{TOO_FEW}",{listed}))')


def _check(sheet: _Sheet, line: Line, row: int, *, is_vetoed: bool) -> Formula:
    """Compare what is computed with what is stored."""
    pairs = [(LABEL, sheet.grid.after(FILED[3]))]
    if line.has_scores:
        pairs.append((INDEX, sheet.grid.after(FILED[0])))
    if line.has_scores and not is_vetoed:
        pairs += [(PLACE, "A"), (LOW, sheet.grid.after(FILED[1])), (HIGH, sheet.grid.after(FILED[2]))]
    same = ",".join(f"{sheet.grid.after(number)}{row}={letter}{row}" for number, letter in pairs)
    return Formula(f'IF(AND({same}),"一致","不一致")')


def _figure(value: Fraction) -> Decimal:
    """A published figure, which has four decimals."""
    return Decimal(decimal(value))


def _drawn(sheet: _Sheet) -> list[str]:
    return [c for c in sheet.grid.channels if sheet.method.channels[c].drawn]


def _is_clearly_harder(method: MethodTwo, one: Score, other: Score) -> bool:
    gap = one.index - other.index
    return gap > 0 and gap**2 > method.z**2 * (one.variance + other.variance)
