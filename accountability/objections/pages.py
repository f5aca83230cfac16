"""The list of objections and appeals."""

from collections.abc import Sequence
from datetime import date

from django.urls import reverse
from django.utils import timezone

from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE, RoundState
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind, state_column


def objection_table(rows: Sequence[Objection], today: date) -> Table[Objection]:
    """Return the objections an account may view, the newest first."""

    def warning(row: Objection) -> str:
        # Of a voided round nothing is answered any more.
        is_open = row.state != ObjectionState.DECIDED and row.round.state != RoundState.VOID
        return "已逾期" if is_open and row.due_on < today else ""

    columns: list[Column[Objection]] = [
        Column(
            "section",
            "科室",
            lambda row: str(row.section),
            is_head=True,
            href=lambda row: reverse("accountability:objection", args=[row.pk]),
            width=30,
        ),
        Column("round", "轮次", lambda row: row.round.name, sort=lambda row: row.round.period_start, is_choice=True),
        Column("stage", "种类", lambda row: row.get_stage_display(), is_choice=True),
        Column("ground", "事由", lambda row: row.get_ground_display(), is_choice=True),
        Column("filed", "提出时间", lambda row: timezone.localdate(row.filed_at), Kind.DAY),
        Column("due", "答复期限", lambda row: row.due_on, Kind.DAY, term=lambda row: row.term, warning=warning),
        state_column(ObjectionState),
        Column("outcome", "结论", lambda row: row.get_outcome_display(), is_choice=True),
    ]
    return Table(
        name="objections",
        title="异议和申诉",
        columns=columns,
        rows=rows,
        caption="公示前异议答复前，不得公示；公示后申诉期间，不停止问责措施的执行",
        empty="暂无异议和申诉。",
        notes=[DEMO_NOTICE] if any(row.round.is_demo for row in rows) else [],
    )
