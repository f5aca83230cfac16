"""The commission's, personnel's and liaisons' lists of sections as tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse

from accountability.results.pages.changes import ChangeLine
from accountability.results.queries.lines import Line, withdrawal
from accountability.results.queries.results import Result
from departments.models import Section
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from evaluations.scoring.result import CERTAIN, CRITICAL, VETOED, WITHIN_MARGIN
from evaluations.tally.models import SectionResult
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind

# The labels by how sure it is that a section belongs on the list.
CERTAINTY = (VETOED, CERTAIN, WITHIN_MARGIN, CRITICAL)


def demo_notes(round_: Round) -> list[str]:
    """Return what stands above a table of a demonstration."""
    return [DEMO_NOTICE] if round_.is_demo else []


def section_columns(section_of: Any, href: Any = None) -> list[Column[Any]]:
    """Return unit and section, which sort by their names."""
    return [
        Column("unit", "单位", lambda row: section_of(row).department_name, is_choice=True, width=24),
        Column("section", "科室", lambda row: section_of(row).name, is_head=True, href=href, width=24),
    ]


def ranked_table(result: Result) -> Table[Line]:
    """Return all sections with a place, suppressed figures as the page shows them."""
    first = result.ranked[0].indicators if result.ranked else ()
    columns: list[Column[Line]] = [
        Column("rank", "位次", lambda line: line.result.rank, Kind.NUMBER),
        *section_columns(_section, lambda line: _address(result.round_, line.section)),
        Column(
            "index", "难办指数", lambda line: line.result.difficulty if line.has_scores else None, Kind.NUMBER, digits=2
        ),
        Column("interval", "位次区间", lambda line: line.interval, sort=_interval, css=lambda _: "number"),
        Column(
            "service", "服务类型", lambda line: line.section.get_service_kind_display(), is_choice=True, is_minor=True
        ),
        Column(
            "kind", "单位性质", lambda line: line.section.get_department_kind_display(), is_choice=True, is_minor=True
        ),
        Column("in_class", "同类位次", lambda line: line.in_class, Kind.NUMBER),
        *([Column("trimmed", "去极值位次", _trimmed, Kind.NUMBER)] if result.is_by_method_one else []),
        Column("without_flags", "剔除后位次", lambda line: line.without_flags, Kind.NUMBER),
        *(_indicator(number, score.label) for number, score in enumerate(first)),
        Column("ballots", "有效票", lambda line: line.shown_ballots, Kind.NUMBER),
        Column("votes", "得票数", lambda line: line.votes, Kind.NUMBER),
        Column("before", "上期位次", lambda line: line.history.previous_rank, Kind.NUMBER),
        Column("label", "确定程度", lambda line: line.label, sort=_certainty, is_choice=True, notes=_label_notes),
    ]
    return Table(
        name="all",
        title="全部参评科室",
        columns=columns,
        rows=result.ranked,
        caption=_ranked_caption(result),
        empty="没有科室达到参加排名的最少有效票数。",
        notes=demo_notes(result.round_),
        css=lambda line: "listed" if line.result.is_listed else "",
        is_compact=True,
    )


def unranked_table(result: Result) -> Table[Line]:
    """Return the sections with too few ballots, one to four of a channel as 少于5."""
    first = result.unranked[0].channels if result.unranked else ()
    rulebook = result.round_.rulebook
    least = "少于5张" if result.is_by_method_one else f"不足{rulebook['cell_min_lines']}张"
    columns: list[Column[Line]] = [
        *section_columns(_section, lambda line: _address(result.round_, line.section)),
        *(_channel(number, channel.label) for number, channel in enumerate(first)),
        Column("ballots", "有效票合计", lambda line: line.shown_ballots, Kind.NUMBER),
        Column("reason", "原因", lambda line: line.sentence, css=lambda _: "whole", width=40),
    ]
    return Table(
        name="few",
        title="样本不足、不参加排名的科室",
        columns=columns,
        rows=result.unranked,
        caption=(
            f"有效票不足{rulebook['min_lines']}张，或者其中抽签渠道有效票不足{rulebook['min_drawn_lines']}张的科室不参加排名，"
            f"只列有效票数，并列入暗访督查。合计数不含有效票{least}的渠道，各渠道均不计的记作“—”。"
        ),
        notes=demo_notes(result.round_),
        is_compact=True,
    )


def places_table(round_: Round, heading: str, results: Sequence[SectionResult]) -> Table[SectionResult]:
    """Return the ranking for personnel, without what is reserved to office and commission."""
    columns: list[Column[SectionResult]] = [
        Column("rank", "位次", lambda row: row.rank, Kind.NUMBER),
        *section_columns(_section),
        Column("service", "服务类型", lambda row: row.section.get_service_kind_display(), is_choice=True),
        Column("index", "难办指数", lambda row: row.difficulty, Kind.NUMBER, digits=2),
        Column("listed", "公示", _listed, is_choice=True),
    ]
    return Table(
        name="places",
        title=f"{round_.name}全部科室排名",
        columns=columns,
        rows=results,
        caption=f"{heading}的位次",
        notes=demo_notes(round_),
        css=lambda row: "listed" if row.is_listed else "",
    )


def roster_table(sections: Sequence[Section]) -> Table[Section]:
    """Return the current roster, in its own order."""
    columns: list[Column[Section]] = [
        Column("unit", "单位", lambda row: row.department.name, is_choice=True, width=24),
        Column("section", "科室", lambda row: row.name, is_head=True, width=24),
        Column("service", "服务类型", lambda row: row.get_service_kind_display(), is_choice=True),
        Column("head", "负责人", lambda row: str(getattr(row, "serving", None) or ""), blank="（未登记）"),
    ]
    return Table(
        name="roster",
        title="评议对象名录",
        columns=columns,
        rows=sections,
        caption="现有参评科室；已锁定名录的轮次，以锁定时的名录为准",
        empty="名录中暂无参评科室。",
    )


def changes_table(round_: Round, lines: Sequence[ChangeLine]) -> Table[ChangeLine]:
    """Return the comparison with the round before, the largest gain first."""
    columns: list[Column[ChangeLine]] = [
        Column(
            "section",
            "科室",
            lambda line: str(line.result.section),
            is_head=True,
            href=lambda line: _address(round_, line.result.section),
            width=30,
        ),
        Column("expected", "推算", lambda line: line.expected, Kind.NUMBER, digits=2),
        Column("actual", "实际", lambda line: line.actual, Kind.NUMBER, digits=2),
        Column("gain", "改进", lambda line: line.gain, Kind.NUMBER, digits=2),
        Column("width", "误差±", lambda line: Decimal(line.width), Kind.NUMBER, digits=2),
        Column("label", "结论", lambda line: line.row.label, is_choice=True),
    ]
    return Table(
        name="changes",
        title=f"{round_.name}与上轮比较",
        columns=columns,
        rows=lines,
        caption="难办指数0至100分，越高越难办；改进为推算减实际，正数为好转方向",
        notes=demo_notes(round_),
        css=lambda line: "listed" if line.result.is_listed else "",
        is_compact=True,
    )


def left_out_table(round_: Round, left_out: Sequence[tuple[SectionResult, str]]) -> Table[tuple[SectionResult, str]]:
    """Return the sections that are not compared, and why."""
    columns: list[Column[tuple[SectionResult, str]]] = [
        Column("section", "科室", lambda pair: str(pair[0].section), is_head=True, width=30),
        Column("reason", "原因", lambda pair: pair[1], is_choice=True, width=40),
    ]
    return Table(
        name="apart",
        title="不作比较的科室",
        columns=columns,
        rows=left_out,
        caption="更名、转隶的科室仍作比较；合并、拆分的不作比较",
        notes=demo_notes(round_),
        is_compact=True,
    )


def _section(row: Any) -> RoundSection:
    section: RoundSection = row.section
    return section


def _address(round_: Round, section: RoundSection) -> str:
    return reverse("accountability:commission-section", args=[round_.key, section.code])


def _listed(row: SectionResult) -> str:
    return "上榜" if row.is_listed else withdrawal(row) or "未上榜"


def _interval(line: Line) -> tuple[int, int]:
    return line.result.data["rank_low"], line.result.data["rank_high"]


def _trimmed(line: Line) -> int | None:
    found: int | None = line.result.data.get("trimmed_rank")
    return found


def _label_notes(line: Line) -> list[str]:
    chance = [f"上榜概率{line.chance}"] if line.chance and line.label == CRITICAL else []
    return [*chance, *filter(None, [line.withdrawal])]


def _certainty(line: Line) -> int:
    """Return the label's place by how sure it is."""
    return CERTAINTY.index(line.label) if line.label in CERTAINTY else len(CERTAINTY)


def _indicator(number: int, label: str) -> Column[Line]:
    return Column(
        f"indicator{number}",
        label,
        lambda line: line.indicators[number].value,
        Kind.NUMBER,
        digits=1,
        css=lambda line: f"heat heat-{line.indicators[number].step}",
    )


def _channel(number: int, label: str) -> Column[Line]:
    return Column(f"channel{number}", label, lambda line: line.channels[number].shown_lines, Kind.NUMBER)


def _ranked_caption(result: Result) -> str:
    least = result.round_.rulebook
    if result.is_by_method_one:
        ballots = "“有效票”不含有效票少于5张的渠道。“去极值位次”为各抽签渠道去掉最高、最低各10%的票后的位次，"
    else:
        ballots = f"有效票不足{least['cell_min_lines']}张的渠道不采用，也不计入“有效票”。"
    return f"{result.places.heading}的位次。{ballots}“剔除后位次”为剔除全部有异常提示的票后的位次。"
