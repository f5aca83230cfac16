"""年度综合考核: the year's units, listings, cadres and bonuses as tables."""

from typing import Any

from accountability.assessment.queries import Assessment
from accountability.assessment.rules import BonusLine, CadreLine, Line, TakenBack, UnitLine
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind


def assessment_tables(assessment: Assessment) -> list[Table[Any]]:
    """Return the tables of a year's page."""
    return [
        unit_table(assessment),
        listing_table(assessment),
        cadre_table(assessment),
        bonus_table(assessment),
        taken_back_table(assessment),
    ]


def unit_table(assessment: Assessment) -> Table[UnitLine]:
    """Return the totals by unit, the highest deduction first."""
    columns: list[Column[UnitLine]] = [
        Column("unit", "单位", lambda row: row.unit, is_head=True, width=30),
        Column("listings", "上榜次数", lambda row: row.listings, Kind.NUMBER),
        Column("best", "最靠前位次", lambda row: row.best_rank, Kind.NUMBER),
        Column("unclosed", "整改未销号", lambda row: row.unclosed, Kind.NUMBER),
        Column("points", "扣分", lambda row: row.shown_points, Kind.NUMBER),
    ]
    return Table(
        name="units",
        title=f"{assessment.year}年度考核按单位",
        columns=columns,
        rows=assessment.units,
        caption="扣分按各轮评议规则计算；评议规则未规定的，由考核办确定",
        notes=_notes(assessment),
    )


def listing_table(assessment: Assessment) -> Table[Line]:
    """Return every listing of the year, by unit and section."""
    columns: list[Column[Line]] = [
        Column("unit", "单位", lambda line: line.listed.unit, is_choice=True, width=24),
        Column("section", "科室", lambda line: line.listed.section, is_head=True, width=24),
        Column(
            "round",
            "轮次",
            lambda line: line.listed.round_name,
            sort=lambda line: line.listed.order,
            is_choice=True,
        ),
        Column("rank", "位次", lambda line: line.listed.rank, Kind.NUMBER),
        Column("state", "整改", lambda line: line.listed.rectification, is_choice=True),
        Column("points", "扣分", lambda line: line.shown_points, Kind.NUMBER),
        Column("reasons", "依据", lambda line: "；".join(line.reasons), width=36),
        Column("recorded", "考核办理", lambda line: line.listed.assessment.state, is_choice=True),
        Column("done", "办理日期", lambda line: line.listed.assessment.done_on, Kind.DAY),
        Column("record", "办理记录", lambda line: line.listed.assessment.record, width=36),
    ]
    return Table(
        name="listings",
        title=f"{assessment.year}年度考核按科室",
        columns=columns,
        rows=assessment.lines,
        caption="每次上榜一行",
        notes=_notes(assessment),
    )


def cadre_table(assessment: Assessment) -> Table[CadreLine]:
    """Return who answers for the year's listings, each person once per post."""
    columns: list[Column[CadreLine]] = [
        Column("unit", "单位", lambda row: row.unit, is_choice=True, width=24),
        Column("post", "职务", lambda row: row.post.label, is_choice=True),
        Column("name", "姓名", lambda row: row.name, is_head=True),
        Column("listings", "上榜次数", lambda row: len(row.lines), Kind.NUMBER),
        Column("places", "上榜科室和位次", lambda row: row.places, width=36),
        Column("points", "涉及扣分", lambda row: row.shown_points, Kind.NUMBER),
    ]
    return Table(
        name="cadres",
        title=f"{assessment.year}年度考核领导班子和领导干部",
        columns=columns,
        rows=assessment.cadres,
        caption="每人每项职务一行",
        notes=_notes(assessment),
    )


def bonus_table(assessment: Assessment) -> Table[BonusLine]:
    """Return what was done about the bonuses of the listed sections' staff."""
    columns: list[Column[BonusLine]] = [
        Column("unit", "单位", lambda row: row.unit, is_choice=True, width=24),
        Column("section", "科室", lambda row: row.section, is_head=True, width=24),
        Column("round", "轮次", lambda row: row.round_name, is_choice=True),
        Column("rank", "位次", lambda row: row.rank, Kind.NUMBER),
        Column("due", "办理期限", lambda row: row.due_on, Kind.DAY, blank="无固定期限"),
        Column("state", "状态", lambda row: row.state, is_choice=True),
        Column("done", "办理日期", lambda row: row.done_on, Kind.DAY),
        Column("record", "办理记录", lambda row: row.record, width=36),
    ]
    return Table(
        name="bonuses",
        title=f"{assessment.year}年度年终绩效奖",
        columns=columns,
        rows=assessment.bonuses,
        caption="每个上榜科室一行",
        notes=_notes(assessment),
    )


def taken_back_table(assessment: Assessment) -> Table[TakenBack]:
    """Return what was recorded for listings that a correction withdrew; it is to be taken back."""
    columns: list[Column[TakenBack]] = [
        Column("unit", "单位", lambda row: row.unit, is_choice=True, width=24),
        Column("section", "科室", lambda row: row.section, is_head=True, width=24),
        Column("round", "轮次", lambda row: row.round_name, is_choice=True),
        Column("measure", "措施", lambda row: row.measure, is_choice=True),
        Column("done", "办理日期", lambda row: row.done_on, Kind.DAY),
        Column("record", "办理记录", lambda row: row.record, width=36),
    ]
    return Table(
        name="taken_back",
        title=f"{assessment.year}年度更正后应撤回",
        columns=columns,
        rows=assessment.taken_back,
        caption="更正后撤下的科室已登记的考核和绩效奖，每项一行",
        notes=_notes(assessment),
    )


def _notes(assessment: Assessment) -> list[str]:
    return [DEMO_NOTICE] if assessment.is_demo else []
