"""最难办科室前十.xlsx: the commission's workbook (rulebook R-J): front sheet, details, method."""

import json
from collections.abc import Iterator, Sequence
from datetime import date

from django.utils import timezone

from accountability.cases.rules.measures import TALKS, MeasureKind, MeasureState
from accountability.history.rules.history import COUNTS_EXPLAINED
from accountability.results.queries.lines import Line
from accountability.results.queries.results import Result, read_result
from accountability.results.workbooks.calculation import calculation_sheet
from accountability.results.workbooks.calculation_two import calculation_two_sheet
from accountability.results.workbooks.front import chart_sheets, front_sheet
from accountability.results.workbooks.sections import (
    Row,
    explained,
    measures_sheet,
    or_dash,
    ranked_sheet,
    two_decimals,
    unranked_sheet,
)
from accountability.talks.queries import state_label
from evaluations.publication.documents import as_published, corrections_of, with_changes
from evaluations.publication.models import Publication
from evaluations.publication.queries import first_version, fixed_response, note_of
from evaluations.rounds.models import Round
from evaluations.rounds.rules.key_statement import document_mark
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.scoring.method import Channel, Method
from evaluations.scoring.methodology import label_meanings, workbook_steps
from evaluations.scoring.wording import percent, shown
from evaluations.turnout.queries import COLUMNS, COLUMNS_EXPLAINED, disclosed_turnout, response_of
from evaluations.turnout.rules.response import COLUMNS as RESPONSE_COLUMNS
from evaluations.turnout.rules.response import MEANS, left_out_note, response_rows
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, Value, write_workbook
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import Declared, hint, in_chinese

SCORE, DAY = "0.00", "yyyy-mm-dd"


def top10_workbook(round_: Round) -> bytes:
    """Return the workbook of a counted round as .xlsx."""
    result = read_result(round_)
    notices, declared = _notices(result), declared_years()
    return write_workbook(
        [
            front_sheet(result, notices, _period(result)),
            *chart_sheets(result, notices),
            _details_sheet(result, declared),
            ranked_sheet(result, notices),
            unranked_sheet(result, notices),
            _calculation_sheet(result, notices),
            _method_sheet(result),
            _turnout_sheet(result, notices),
            *_response_sheets(result, notices),
            measures_sheet(result, notices, declared),
        ]
    )


def _calculation_sheet(result: Result, notices: Sequence[str]) -> SheetSpec:
    method = result.figures.method
    if isinstance(method, Method):
        return calculation_sheet(result, method, notices)
    return calculation_two_sheet(result, method, notices)


def _details_sheet(result: Result, declared: Declared) -> SheetSpec:
    rows = [_top_row(line, declared) for line in result.listed]
    notes = [*_notices(result), *_remarks(result), *_term_remarks(result, declared), explained(rows)]
    return SheetSpec(
        title="明细",
        heading=f"{result.round_.name}“最难办事科室群众评”上榜科室明细",
        notes=[note for note in notes if note],
        columns=_top_columns(result),
        rows=rows,
        frozen="科室",
        has_filter=True,
        scale=result.asked.labels,
    )


def _top_columns(result: Result) -> list[ColumnSpec]:
    short = [channel.label[:2] for channel in Channel]
    return [
        ColumnSpec("位次", 4.4, align="center"),
        ColumnSpec("单位", 9.5),
        ColumnSpec("单位性质", 4.4, align="center"),
        ColumnSpec("科室", 13),
        ColumnSpec("服务类型", 4.4, align="center"),
        ColumnSpec("难办指数", 7, SCORE, "right"),
        *[ColumnSpec(f"{name}得分", 7, SCORE, "right") for name in short],
        *[ColumnSpec(f"{name}有效票", 4.8, "0", "right") for name in short],
        *[ColumnSpec(name, 6, SCORE, "right") for name in result.asked.labels],
        ColumnSpec("得票数", 5.2, "0", "center"),
        ColumnSpec("主要问题", 33),
        ColumnSpec("一票否决", 7.4, align="center"),
        ColumnSpec("上期位次", 4.4, "0", "center"),
        ColumnSpec("上榜次数", 4.4, "0", "center"),
        ColumnSpec("连续上榜", 4.4, "0", "center"),
        ColumnSpec(f"连续前{result.round_.rulebook['repeat_top']}", 4.4, "0", "center"),
        ColumnSpec("单位领导谈话（日期）", 10.6, DAY, "center"),
        ColumnSpec("负责人谈话（日期）", 10.6, DAY, "center"),
        ColumnSpec("不得提拔重用起止日期", 10.6, align="center"),
        ColumnSpec("整改状态", 6.4, align="center"),
        ColumnSpec("暗访次数", 6.4, "0", "center"),
        ColumnSpec("销号日期", 6.4, DAY, "center"),
    ]


def _top_row(line: Line, declared: Declared) -> Row:
    section = line.section
    return [
        line.result.rank,
        section.department_name,
        section.get_department_kind_display(),
        section.name,
        section.get_service_kind_display(),
        or_dash(two_decimals(line.index)),
        *[or_dash(two_decimals(channel.shown_score)) for channel in line.channels],
        *[shown(channel.lines) for channel in line.channels],
        *[or_dash(two_decimals(score.value)) for score in line.indicators],
        line.votes,
        "\n".join(line.problems),
        f"是（{line.veto}）" if line.veto else "否",
        line.history.previous_rank if line.history.previous_rank is not None else "—",
        line.history.listings,
        line.history.listed_in_a_row,
        line.history.top_in_a_row,
        _talk(line, MeasureKind.TALK_LEADER, declared),
        _talk(line, MeasureKind.TALK_HEAD, declared),
        _freeze(line),
        *_rectification(line),
    ]


def _rectification(line: Line) -> Row:
    """Return the rectification's state, number of visits and closing date."""
    rectification = line.rectification
    if rectification is None:
        return "尚未建立问责事项", line.inspections, "—"
    return rectification.get_state_display(), line.inspections, rectification.closed_on or "未销号"


def _talk(line: Line, kind: MeasureKind, declared: Declared) -> Value:
    """Return the date of the talk, or how far it has come."""
    measure = line.measures.get(kind)
    if measure is None:
        return "尚未建立问责事项"
    if measure.state == MeasureState.PENDING:
        return f"{state_label(measure)}，限{_iso(measure.due_on)}{'（暂定）' if hint(measure.term, declared) else ''}"
    return measure.done_on or measure.get_state_display()


def _freeze(line: Line) -> str:
    if line.case is None:
        return "尚未建立问责事项"
    measure = line.measures.get(MeasureKind.FREEZE)
    if measure is None:
        return "不适用，通报上级"
    if line.freeze is None or (line.freeze.revoked_by and measure.state == MeasureState.NOT_APPLICABLE):
        return measure.record
    lifted = f"（{line.freeze.standing(timezone.localdate(clock.now()))}）" if line.freeze.lifted_on else ""
    return f"{_iso(line.freeze.starts_on)}至{_iso(line.freeze.ends_on)}{lifted}"


def _notices(result: Result) -> list[str]:
    mark = document_mark(result.round_.rulebook, is_demo=result.round_.is_demo)
    notices = [mark] if mark else []
    if result.round_.state not in PUBLISHED:
        notices.append("尚未公示，仅供评议办和纪委监委内部使用，不得外传。")
    note = note_of(result.tally)
    vacant = as_published(result.publications)[-1].vacant if result.is_published else ""
    return [*notices, *filter(None, [note, vacant])]


def _remarks(result: Result) -> Iterator[str]:
    yield _period(result)
    yield "" if result.listed else result.empty
    corrections = corrections_of(with_changes(result.publications))
    yield from (f"更正说明（{each.label}）：{each.publication.reason}" for each in corrections)
    labels = [
        (label, [str(line.result.rank) for line in result.listed if line.result.label == label])
        for label, _ in label_meanings(result.round_.rulebook, result.places.sections)
    ]
    yield "；".join(f"位次“{label}”：第{'、'.join(ranks)}位" for label, ranks in labels if ranks)
    if not result.is_by_method_one:
        yield f"{result.places.heading}的位次。{result.places.interval_note}{result.caution}"


def _period(result: Result) -> str:
    round_ = result.round_
    period = f"评议期{in_chinese(round_.period_start)}至{in_chinese(round_.period_end)}"
    published = f"；{_published(result.publication)}" if result.publication else ""
    return f"{period}；投票截止{in_chinese(timezone.localtime(round_.closes_at).date())}{published}"


def _term_remarks(result: Result, declared: Declared) -> Iterator[str]:
    """Yield why the talks' due dates marked 暂定 are not sure."""
    talks = [measure for line in result.listed for kind in sorted(TALKS) if (measure := line.measures.get(kind))]
    hints = [hint(measure.term, declared, "谈话期限") for measure in talks]
    yield from (f"暂定的谈话期限：{text}" for text in dict.fromkeys(filter(None, hints)))


def _published(newest: Publication) -> str:
    """Return the day of the first version, from which all terms run, and of the correction in force."""
    days = [in_chinese(timezone.localdate(each.published_at)) for each in (first_version(newest), newest)]
    return f"公示日期{days[0]}" + (f"（{days[1]}更正，现行第{newest.version}版）" if newest.version > 1 else "")


def _method_sheet(result: Result) -> SheetSpec:
    return SheetSpec(
        title="计分方法",
        heading=f"{result.round_.name}“最难办事科室群众评”计分方法",
        notes=_notices(result),
        columns=[ColumnSpec("项目", 24), ColumnSpec("内容", 108)],
        rows=list(_method_rows(result)),
    )


def _turnout_sheet(result: Result, notices: Sequence[str]) -> SheetSpec:
    return SheetSpec(
        title="评议票数",
        heading=f"{result.round_.name}“最难办事科室群众评”各渠道评议票",
        notes=[*notices, COLUMNS_EXPLAINED],
        columns=[ColumnSpec(name, 16, align="left" if key == "label" else "right") for key, name in COLUMNS.items()],
        rows=[[row[key] for key in COLUMNS] for row in disclosed_turnout(result.round_)],
    )


def _response_sheets(result: Result, notices: Sequence[str]) -> list[SheetSpec]:
    """Return the response as it is published, before publication as it will be; none in lists without one."""
    response = fixed_response(result.publications[0]) if result.is_published else response_of(result.round_)
    if response is None:
        return []
    return [
        SheetSpec(
            title="回收率",
            heading=f"{result.round_.name}“最难办事科室群众评”各科室、各身份类别回收率",
            notes=[*notices, *filter(None, [left_out_note(response)]), *MEANS],
            columns=[
                ColumnSpec(name, 30 if key == "name" else 14, align="left" if key in {"kind", "name"} else "right")
                for key, name in RESPONSE_COLUMNS.items()
            ],
            rows=[[*row[:-1], or_dash(row[-1])] for row in response_rows(response)],
        )
    ]


def _method_rows(result: Result) -> Iterator[Row]:
    book = json.loads(result.tally.rulebook)
    sections, ranked = result.places.sections, result.places.ranked
    for step in workbook_steps(book):
        number, _, text = step.partition("、")
        yield f"方法{number}", text
    for label, meaning in label_meanings(book, sections):
        yield f"标注“{label}”", meaning
    yield "历次情况", COUNTS_EXPLAINED
    for channel in Channel:
        if channel.value in book["channels"]:
            yield f"{channel.label}", _channel_text(book["channels"][channel.value], book["cap"])
    yield "参加排名的最少有效票", f"合计不少于{book['min_lines']}张，其中抽签渠道不少于{book['min_drawn_lines']}张"
    yield (
        "参评科室数",
        f"参评{sections}个科室，排名{ranked}个，样本不足{sections - ranked}个",
    )
    yield from _proof_rows(result)


def _proof_rows(result: Result) -> Iterator[Row]:
    """When it was counted, the digests, and how to check them."""
    yield "计票时间", timezone.localtime(result.tally.at).strftime("%Y-%m-%d %H:%M")
    yield "规则文件校验值", f"SHA-256 {result.tally.rulebook_sha256}"
    yield "结果文件校验值", f"SHA-256 {result.tally.result_sha256}"
    if result.tally.cells:
        yield "公开数据文件校验值", f"SHA-256 {result.tally.cells_sha256}"
    yield "汇总行校验值", f"SHA-256 {result.tally.rows_sha256}"
    if result.publication:
        yield "公示内容校验值", f"SHA-256 {result.publication.content_sha256}"
    if result.round_.closing_root:
        yield "封箱总校验值", result.round_.closing_root
    for draw in result.round_.draws.exclude(seed=""):
        yield f"{draw.get_purpose_display()}的抽取种子", f"{draw.seed}（抽取编号{draw.draw_id}）"
    yield (
        "核验方法",
        (
            "用本轮计票文件（ballots.csv）和规则文件（rulebook.json）运行 recount 命令，"
            "所得结果文件（result.json）的校验值应与上列一致。"
        ),
    )


def _channel_text(rule: dict[str, object], cap: str) -> str:
    kind = "抽签渠道，偏差不封顶" if rule["drawn"] else f"非抽签渠道，与抽签渠道的偏差超过{cap}分的，按{cap}分计算"
    return f"权重{percent(rule['weight'])}；{kind}"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else "无期限"
