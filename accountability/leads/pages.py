"""The list of leads, for the commission."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone

from accountability.leads.models import Lead, LeadState
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind, state_column


def lead_table(rows: Sequence[Lead]) -> Table[Lead]:
    """Return all leads, those awaiting verification first."""
    columns: list[Column[Lead]] = [
        Column("section", "科室", lambda row: str(row.section), is_head=True, width=28),
        Column(
            "round",
            "轮次",
            lambda row: row.section.round.name,
            sort=lambda row: row.section.round.period_start,
            is_choice=True,
        ),
        Column("facts", "线索内容", lambda row: row.facts, width=40, is_sortable=False),
        Column("source", "来源", lambda row: "暗访" if row.inspection_id else "纪委监委登记", is_choice=True),
        Column("received", "收到时间", lambda row: timezone.localtime(row.received_at), Kind.MOMENT),
        state_column(LeadState),
        Column("conclusion", "处置情况", lambda row: row.conclusion, width=30, is_sortable=False),
        Column("decision", "决定文号", lambda row: row.decision),
        Column("by", "经办人", lambda row: row.concluded_by.name if row.concluded_by else "", is_choice=True),
        Column(
            "concluded",
            "办结日期",
            lambda row: timezone.localdate(row.concluded_at) if row.concluded_at else None,
            Kind.DAY,
        ),
        Column(
            "do",
            "办理",
            lambda row: "" if row.conclusion else "办结问题线索",
            href=lambda row: "" if row.conclusion else reverse("accountability:lead-conclude", args=[row.pk]),
            is_sortable=False,
            is_exported=False,
        ),
    ]
    return Table(
        name="leads",
        title="问题线索",
        columns=columns,
        rows=rows,
        empty="暂无问题线索。督查员提交暗访记录时填写的问题线索在本页显示。",
        notes=[DEMO_NOTICE] if any(row.section.round.is_demo for row in rows) else [],
    )
