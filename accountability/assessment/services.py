"""The year's assessment as a workbook for the assessment office; many measures recorded at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from accountability.assessment.queries import ASSESSED, Assessment, read_assessment
from accountability.assessment.rules import BY_SUPERIOR, CADRES_EXPLAINED, TAKE_BACK
from accountability.cases.models import Measure
from accountability.cases.services import record_measure
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook
from nanchuan_eval.users.models import User

UNIT_COLUMNS = (
    ColumnSpec("单位", 22),
    ColumnSpec("上榜次数", 9, "0", "center"),
    ColumnSpec("最靠前位次", 11, "0", "center"),
    ColumnSpec("未销号", 8, "0", "center"),
    ColumnSpec("扣分", 9, "0.##", "right"),
)
LINE_COLUMNS = (
    ColumnSpec("单位", 18),
    ColumnSpec("科室", 20),
    ColumnSpec("轮次", 14),
    ColumnSpec("位次", 6, "0", "center"),
    ColumnSpec("整改", 12, align="center"),
    ColumnSpec("扣分", 9, "0.##", "right"),
    ColumnSpec("依据", 30),
    ColumnSpec("考核办理", 9, align="center"),
    ColumnSpec("办理日期", 12, "yyyy-mm-dd", "center"),
    ColumnSpec("办理记录", 36),
)
CADRE_COLUMNS = (
    ColumnSpec("单位", 18),
    ColumnSpec("职务", 15, align="center"),
    ColumnSpec("姓名", 12, align="center"),
    ColumnSpec("上榜次数", 9, "0", "center"),
    ColumnSpec("上榜科室和位次", 50),
    ColumnSpec("涉及扣分", 9, "0.##", "right"),
)
BONUS_COLUMNS = (
    ColumnSpec("单位", 18),
    ColumnSpec("科室", 20),
    ColumnSpec("轮次", 14),
    ColumnSpec("位次", 6, "0", "center"),
    ColumnSpec("办理期限", 12, "yyyy-mm-dd", "center"),
    ColumnSpec("状态", 9, align="center"),
    ColumnSpec("办理日期", 12, "yyyy-mm-dd", "center"),
    ColumnSpec("办理记录", 36),
)


TAKEN_BACK_COLUMNS = (
    ColumnSpec("单位", 18),
    ColumnSpec("科室", 20),
    ColumnSpec("轮次", 14),
    ColumnSpec("措施", 18),
    ColumnSpec("办理日期", 12, "yyyy-mm-dd", "center"),
    ColumnSpec("办理记录", 36),
)


@dataclass(frozen=True)
class RecordRow:
    """What is recorded of one of many measures."""

    measure_id: int
    done_on: date
    record: str


@transaction.atomic
def record_measures(*, rows: Sequence[RecordRow], by: User, at: datetime) -> str:
    """Record many assessments and bonuses, each with its own day and record: all of them, or none with every fault."""
    policy.check(by, "acc.assess")
    faults = []
    for row in rows:
        measure = Measure.objects.select_related("case__result__section").get(pk=row.measure_id, kind__in=ASSESSED)
        try:
            record_measure(measure_id=row.measure_id, done_on=row.done_on, record=row.record, by=by, at=at)
        except RuleViolation as refusal:
            faults += [f"{measure.case}，{measure}：{reason}" for reason in refusal.reasons]
    if faults or not rows:
        raise RuleViolation(*faults or ["请至少填写一项的办理记录。"])
    return f"已登记{len(rows)}项。"


@transaction.atomic
def export_assessment(*, year: int, by: User, at: datetime) -> bytes:
    """Return the year's workbook; the audit log keeps the digest of its content."""
    policy.check_sees(by, "acc.assess")
    assessment = read_assessment(year)
    entry = audit.record("acc.assess", None, by=by, at=at, detail={"year": year, "digest": assessment.digest})
    with audit.numbered(entry):
        return _workbook(assessment)


def _workbook(assessment: Assessment) -> bytes:
    notes = [DEMO_NOTICE] if assessment.is_demo else []
    notes.append(
        f"轮次：{'、'.join(round_.name for round_ in assessment.rounds)}；内容校验值（SHA-256）{assessment.digest}"
    )
    if assessment.around_cut:
        notes.append(f"上榜是否促进改进：{assessment.around_cut}")
    units = SheetSpec(
        title="按单位",
        heading=f"{assessment.year}年度最难办事科室群众评考核运用（按单位）",
        notes=notes,
        columns=UNIT_COLUMNS,
        rows=[[u.unit, u.listings, u.best_rank, u.unclosed, u.shown_points] for u in assessment.units],
        landscape=False,
    )
    lines = SheetSpec(
        title="按科室",
        heading=f"{assessment.year}年度最难办事科室群众评考核运用（按科室）",
        notes=notes,
        columns=LINE_COLUMNS,
        rows=[
            [
                line.listed.unit,
                line.listed.section,
                line.listed.round_name,
                line.listed.rank,
                line.listed.rectification,
                line.shown_points,
                "；".join(line.reasons),
                line.listed.assessment.state or "—",
                line.listed.assessment.done_on or "—",
                line.listed.assessment.record or "—",
            ]
            for line in assessment.lines
        ],
    )
    follow = [*_cadre_and_bonus(assessment, notes), *_taken_back(assessment, notes)]
    return write_workbook([units, lines, *follow])


def _cadre_and_bonus(assessment: Assessment, notes: Sequence[str]) -> list[SheetSpec]:
    cadres = SheetSpec(
        title="领导班子和领导干部",
        heading=f"{assessment.year}年度最难办事科室群众评考核运用（领导班子和领导干部）",
        notes=[*notes, f"{CADRES_EXPLAINED}{BY_SUPERIOR}"],
        columns=CADRE_COLUMNS,
        rows=[
            [row.unit, row.post.label, row.name, len(row.lines), row.places, row.shown_points]
            for row in assessment.cadres
        ],
    )
    bonuses = SheetSpec(
        title="年终绩效奖",
        heading=f"{assessment.year}年度最难办事科室群众评与年终绩效奖挂钩情况（每个上榜科室一行）",
        notes=[*notes, BY_SUPERIOR],
        columns=BONUS_COLUMNS,
        rows=[
            [
                row.unit,
                row.section,
                row.round_name,
                row.rank,
                row.due_on or "无固定期限",
                row.state,
                row.done_on or "—",
                row.record or "—",
            ]
            for row in assessment.bonuses
        ],
    )
    return [cadres, bonuses]


def _taken_back(assessment: Assessment, notes: Sequence[str]) -> list[SheetSpec]:
    """The sheet of what is to be taken back; none if no correction withdrew what was recorded."""
    if not assessment.taken_back:
        return []
    return [
        SheetSpec(
            title="更正后应撤回",
            heading=f"{assessment.year}年度最难办事科室群众评更正后应撤回的考核和绩效奖",
            notes=[*notes, TAKE_BACK],
            columns=TAKEN_BACK_COLUMNS,
            rows=[
                [row.unit, row.section, row.round_name, row.measure, row.done_on or "—", row.record]
                for row in assessment.taken_back
            ],
        )
    ]
