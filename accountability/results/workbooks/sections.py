"""Further sheets of the workbook: ranked sections (科室排名), those with too few ballots (样本不足), 措施与期限."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from accountability.cases.rules.measures import MeasureState
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.talks.queries import state_label
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import shown
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, Value
from nanchuan_eval.workdays.rules import Declared, hint

SCORE, DAY = "0.00", "yyyy-mm-dd"
Row = Sequence[Value]
HIDDEN = "“少于5”：有效票或者得票数为1至4张，为保护投票人不列具体数。"
NOTHING = "“—”：没有该项数据，或者样本不足、不参加排名，或者列出后可以推算出1至4张票的评分，因此不列。"


def ranked_sheet(result: Result, notices: Sequence[str]) -> SheetSpec:
    """Return the sheet of all sections with a place."""
    rows = [list(_ranked_row(result, line)) for line in result.ranked]
    about = f"{result.places.heading}的位次。{result.places.interval_note}"
    return SheetSpec(
        title="科室排名",
        heading=f"{result.round_.name}“最难办事科室群众评”科室排名",
        notes=[note for note in (*notices, about, explained(rows)) if note],
        columns=list(_ranked_columns(result)),
        rows=rows,
        frozen="科室",
        has_filter=True,
        scale=result.asked.labels,
    )


def unranked_sheet(result: Result, notices: Sequence[str]) -> SheetSpec:
    """Return the sheet of the sections with too few ballots: nothing but counts."""
    rows = [_unranked_row(line) for line in result.unranked]
    about = "只列票数，不列难办指数和五项得分。" if rows else "没有样本不足的科室。"
    return SheetSpec(
        title="样本不足",
        heading=f"{result.round_.name}“最难办事科室群众评”样本不足、不参加排名的科室",
        notes=[note for note in (*notices, about, explained(rows)) if note],
        frozen="科室",
        has_filter=True,
        columns=[
            ColumnSpec("单位", 18),
            ColumnSpec("科室", 22),
            ColumnSpec("服务类型", 12, align="center"),
            *[ColumnSpec(f"{channel.label[:2]}有效票", 8, align="right") for channel in Channel],
            ColumnSpec("得票数", 8, align="center"),
            ColumnSpec("上期位次", 8, align="center"),
            ColumnSpec("原因", 68),
        ],
        rows=rows,
    )


def measures_sheet(result: Result, notices: Sequence[str], declared: Declared) -> SheetSpec:
    """Return the sheet of the listed sections' measures with their due dates."""
    hints = [hint(measure.term, declared) for line in result.listed for measure in line.measures.values()]
    rows = [list(row) for line in result.listed for row in _measure_rows(line)]
    if any(hints):
        rows = [[*row, text] for row, text in zip(rows, hints, strict=True)]
    nothing = "问责事项在公示后建立，目前没有问责措施。" if result.listed else f"{result.empty}没有问责措施。"
    waiting = [] if rows else [nothing]
    return SheetSpec(
        title="措施与期限",
        heading=f"{result.round_.name}上榜科室问责措施和办理期限",
        notes=[*notices, *waiting],
        columns=[
            ColumnSpec("位次", 5, "0", "center"),
            ColumnSpec("单位", 16),
            ColumnSpec("科室", 18),
            ColumnSpec("措施", 18),
            ColumnSpec("对象", 34),
            ColumnSpec("责任单位", 20),
            ColumnSpec("办理期限", 11, DAY, "center"),
            ColumnSpec("状态", 14, align="center"),
            ColumnSpec("办理日期", 11, DAY, "center"),
            *([ColumnSpec("期限说明", 30)] if any(hints) else []),
        ],
        rows=rows,
        frozen="科室",
        has_filter=True,
    )


def explained(rows: Sequence[Row]) -> str:
    """Return what the cells without a figure mean, or nothing if there are none."""
    texts = {value for row in rows for value in row if isinstance(value, str)}
    return "".join(note for text, note in ((shown(1), HIDDEN), ("—", NOTHING)) if text in texts)


def two_decimals(value: Decimal | None) -> Decimal | None:
    """Round for display, half away from zero; places are decided on four decimals."""
    return None if value is None else value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _ranked_columns(result: Result) -> Iterator[ColumnSpec]:
    yield ColumnSpec("位次", 4.6, align="center")
    yield ColumnSpec("单位", 15)
    yield ColumnSpec("科室", 22)
    yield ColumnSpec("服务类型", 9.5, align="center")
    yield ColumnSpec("同类位次", 4.6, align="center")
    yield ColumnSpec("难办指数", 7, SCORE, "right")
    yield ColumnSpec("位次区间", 9, align="center")
    yield ColumnSpec("确定程度", 11.5, align="center")
    yield ColumnSpec("上榜概率", 8, align="center")
    if result.is_by_method_one:
        yield ColumnSpec("去极值位次", 6, align="center")
    yield ColumnSpec("剔除提示票后位次", 6.6, align="center")
    for name in result.asked.labels:
        yield ColumnSpec(name, 6, SCORE, "right")
    for channel in Channel:
        yield ColumnSpec(f"{channel.label[:2]}有效票", 6, align="right")
    yield ColumnSpec("得票数", 6, align="center")
    yield ColumnSpec("上期位次", 4.6, align="center")
    yield ColumnSpec("下轮建议最少票数", 7, "0", "center")


def _ranked_row(result: Result, line: Line) -> Iterator[Value]:
    yield line.result.rank
    yield line.section.department_name
    yield line.section.name
    yield line.section.get_service_kind_display()
    yield line.in_class
    yield or_dash(two_decimals(line.index))
    yield line.interval or "—"
    yield f"{line.label or '—'}{line.withdrawal and f'，{line.withdrawal}'}"
    yield line.chance or "—"
    if result.is_by_method_one:
        yield or_dash(line.result.data.get("trimmed_rank"))
    yield or_dash(line.without_flags)
    for score in line.indicators:
        yield or_dash(two_decimals(score.value))
    for channel in line.channels:
        yield shown(channel.lines)
    yield line.votes
    yield or_dash(line.history.previous_rank)
    yield or_dash(line.recommended)


def _unranked_row(line: Line) -> Row:
    section = line.section
    counts = [shown(channel.lines) for channel in line.channels]
    names = (section.department_name, section.name, section.get_service_kind_display())
    return [*names, *counts, line.votes, or_dash(line.history.previous_rank), line.sentence]


def _measure_rows(line: Line) -> Iterator[Row]:
    for measure in line.measures.values():
        yield (
            line.result.rank,
            line.section.department_name,
            line.section.name,
            measure.get_kind_display(),
            measure.target,
            measure.responsible,
            measure.due_on or "无固定期限",
            state_label(measure),
            measure.done_on or ("—" if measure.state != MeasureState.PENDING else None),
        )


def or_dash(value: int | Decimal | None) -> Value:
    """Return a figure, or a dash for one that there is not or that is not shown."""
    return "—" if value is None else value
