"""The year's assessment as a workbook for the assessment office."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accountability.assessment.queries import Assessment, read_assessment
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.audit import services as audit
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
    ColumnSpec("依据", 40),
)


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
        rows=[[u.unit, u.listings, u.best_rank, u.unclosed, _shown(u.points)] for u in assessment.units],
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
                _shown(line.points),
                "；".join(line.reasons),
            ]
            for line in assessment.lines
        ],
    )
    return write_workbook([units, lines])


def _shown(points: Decimal | None) -> Decimal | str:
    return points if points is not None else "另定"
