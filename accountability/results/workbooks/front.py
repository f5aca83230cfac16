"""前十名: the front sheet, which fits on one landscape page in 10 points, and its chart of the five indicators."""

from collections.abc import Iterator, Sequence
from itertools import product

from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result
from accountability.results.rules import short_name
from accountability.results.workbooks.sections import SCORE, Row, explained, or_dash, two_decimals
from evaluations.scoring.questionnaire import Questionnaire
from nanchuan_eval.spreadsheets import ChartSpec, ColumnSpec, SheetSpec, Value, page_count, shortened

PROBLEMS = ColumnSpec("主要问题", 35)
MOST_LINES, FEWEST_LINES, HIGHEST = 6, 2, 99  # of a cell; as many as let the sheet stay on one page
COLOURS = "{}五项得分和难办指数均为0至100分，越高越难办；五项得分按同一尺度着色，颜色越深得分越高。"
NAME, CHART_HEIGHT = "科室（位次）", 15  # cm


def front_sheet(result: Result, notices: Sequence[str], period: str) -> SheetSpec:
    """Return the sheet of the listed sections; texts too long for one page are cut, 明细 has them whole."""
    lines = [FEWEST_LINES] * len(result.listed)
    sheet = _sheet(result, notices, period, lines)
    # The first places get another line first, as long as the page has room.
    for most, place in product(range(FEWEST_LINES + 1, MOST_LINES + 1), range(len(lines))):
        longer = [*lines[:place], most, *lines[place + 1 :]]
        if lines[place] == most - 1 and page_count(taller := _sheet(result, notices, period, longer)) <= 1:
            lines, sheet = longer, taller
    return sheet


def chart_sheets(result: Result, notices: Sequence[str]) -> list[SheetSpec]:
    """Return the sheet with the chart of the listed sections' indicators; none if no listed section has scores."""
    lines = [line for line in result.listed if line.has_scores]
    if not lines:
        return []
    names = result.asked.labels
    rows: list[Row] = [[_name(line), *_scores(line)] for line in lines]
    left_out = "、".join(str(line.section) for line in result.listed if not line.has_scores)
    about = f"{left_out}样本不足，没有得分，不在图中。" if left_out else ""
    return [
        SheetSpec(
            title="五项指标图",
            heading=f"{result.round_.name}上榜科室五项指标得分",
            notes=[note for note in (*notices, about) if note],
            columns=[ColumnSpec(NAME, 46), *(ColumnSpec(label, 9, SCORE, "right") for label in names)],
            rows=rows,
            landscape=False,
            one_page=True,
            frozen=NAME,
            scale=names,
            chart=ChartSpec("上榜科室五项指标得分", NAME, names, "科室", "得分（0至100分，越高越难办）", CHART_HEIGHT),
        )
    ]


def _sheet(result: Result, notices: Sequence[str], period: str, lines: Sequence[int]) -> SheetSpec:
    """Return the sheet with so many lines in the cells of each row."""
    columns = columns_of(result.asked)
    rows = [_row(line, columns, most) for line, most in zip(result.listed, lines, strict=True)]
    return SheetSpec(
        title="前十名",
        heading=f"{result.round_.name}“最难办事科室群众评”{_places_named(result)}",
        notes=[note for note in (*notices, *_notes(result, period, rows)) if note],
        columns=columns,
        rows=rows,
        frozen="科室",
        has_filter=True,
        scale=result.asked.labels,
    )


def _places_named(result: Result) -> str:
    return f"前{result.round_.rulebook['list_length']}位科室" if result.listed else "结果"


def columns_of(asked: Questionnaire) -> list[ColumnSpec]:
    """Return the columns of the sheet."""
    return [
        ColumnSpec("位次", 4.8, "0", "center"),
        ColumnSpec("科室", 16),
        ColumnSpec("单位", 13),
        ColumnSpec("难办指数", 7.4, SCORE, "right"),
        *(ColumnSpec(name, 5.8, SCORE, "right") for name in asked.labels),
        ColumnSpec("确定程度", 11, align="center"),
        PROBLEMS,
    ]


def _notes(result: Result, period: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"{period}。{result.places.heading}的位次。{result.caution}" if rows else f"{period}。{result.empty}"
    yield COLOURS.format(result.asked.listed) if rows else ""
    yield explained(rows)
    if rows:
        yield "".join([*_cuts(result, rows), "历次、谈话、整改等情况见“明细”。"])


def _cuts(result: Result, rows: Sequence[Row]) -> Iterator[str]:
    """Yield what the rows leave out, and how they say so."""
    whole = [_row(line, columns_of(result.asked), HIGHEST) for line in result.listed]
    if any(str(value).endswith("…") for row in rows for value in row):
        yield "过长的文字以“…”省略，"
    if any(row[-1] != full[-1] and not str(row[-1]).endswith("…") for row, full in zip(rows, whole, strict=True)):
        yield "主要问题列不下的，写明共几项，"
    if rows != whole:
        yield "全文和"


def _row(line: Line, columns: Sequence[ColumnSpec], lines: int) -> Row:
    row: list[Value] = [
        line.result.rank,
        line.section.name,
        line.section.department_name,
        or_dash(two_decimals(line.index)),
        *_scores(line),
        line.result.label or "—",
        _problems(line.problems, lines),
    ]
    return [
        shortened(value, column, lines) if isinstance(value, str) else value
        for value, column in zip(row, columns, strict=True)
    ]


def _problems(problems: Sequence[str], lines: int) -> str:
    """Return the problems that fit, and how many there are if some are left out."""
    every = "；".join(problems)
    some = (f"{'；'.join(problems[:n])}等{len(problems)}项" for n in range(len(problems) - 1, 0, -1))
    fitting = (text for text in (every, *some) if shortened(text, PROBLEMS, lines) == text)
    return next(fitting, every)


def _scores(line: Line) -> list[Value]:
    return [or_dash(two_decimals(score.value)) for score in line.indicators]


def _name(line: Line) -> str:
    return short_name(f"{line.result.rank} {line.section.department_name}{line.section.name}")
