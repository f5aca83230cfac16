"""Deadlines (期限) of the measures, and how urgent they are (rulebook R-F, R-K)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices

from evaluations.rounds.rules.repeat_steps import RepeatStep, read_steps
from nanchuan_eval.workdays.rules import Calendar, add_months, add_workdays

SOON_DAYS = 7


class Urgency(TextChoices):
    """缓急, the most urgent first; long overdue items are escalated (升级)."""

    # Proposals have no deadline: what waits for a decision and what came back stand above all that is dated.
    DECIDE = "decide", "待审批"
    RETURNED = "returned", "退回、失效待办理"
    ESCALATED = "escalated", "逾期（已督办）"
    OVERDUE = "overdue", "已逾期"
    TODAY = "today", "今日到期"
    SOON = "soon", "7日内到期"
    LATER = "later", "未到期"
    NONE = "none", "无固定期限"
    OTHERS = "others", "等待他人"


# Shown first in work lists.
URGENT = frozenset({Urgency.DECIDE, Urgency.RETURNED, Urgency.ESCALATED, Urgency.OVERDUE, Urgency.TODAY, Urgency.SOON})


@dataclass(frozen=True)
class Terms:
    """Deadlines and thresholds of a round's rulebook."""

    notice_workdays: int
    talk_workdays: int
    superior_workdays: int
    freeze_months: int
    repeat_top: int
    repeat_prompt: bool
    repeat_steps: tuple[RepeatStep, ...]
    plan_workdays: int
    at_once_workdays: int
    report_months: int

    @classmethod
    def of(cls, rulebook: Mapping[str, Any]) -> "Terms":
        """Read the terms from a frozen rulebook."""
        return cls(
            notice_workdays=int(rulebook["notice_workdays"]),
            talk_workdays=int(rulebook["talk_workdays"]),
            superior_workdays=int(rulebook["superior_workdays"]),
            freeze_months=int(rulebook["freeze_months"]),
            repeat_top=int(rulebook["repeat_top"]),
            repeat_prompt=bool(rulebook["repeat_prompt"]),
            repeat_steps=read_steps(rulebook),
            plan_workdays=int(rulebook["plan_workdays"]),
            at_once_workdays=int(rulebook["at_once_workdays"]),
            report_months=int(rulebook["report_months"]),
        )


def after_workdays(published_on: date, workdays: int, calendar: Calendar) -> date:
    """Return the last day of a term in working days after publication."""
    return add_workdays(published_on, workdays, calendar)


def year_end(first_published_on: date) -> date:
    """Return the last day of the year in whose assessment all listings of a list count."""
    return date(first_published_on.year, 12, 31)


def assessment_due(first_published_on: date, listed_on: date) -> date | None:
    """Return the last day of the year in whose assessment a listing counts; None if it came on the list later."""
    due = year_end(first_published_on)
    return due if due >= listed_on else None


def freeze_end(published_on: date, months: int) -> date:
    """Return the last day of the promotion freeze: the corresponding day, clamped to the month's end."""
    return add_months(published_on, months)


def report_due(published_on: date, months: int) -> date:
    """Return the due date of the unit's rectification report (整改报告)."""
    return add_months(published_on, months)


def urgency(due_on: date | None, today: date, escalate_days: int | None = None) -> Urgency:
    """Return the urgency of a pending item; it is escalated when more than `escalate_days` overdue."""
    if due_on is None:
        return Urgency.NONE
    if escalate_days is not None and due_on + timedelta(days=escalate_days) < today:
        return Urgency.ESCALATED
    if due_on < today:
        return Urgency.OVERDUE
    if due_on == today:
        return Urgency.TODAY
    return Urgency.SOON if due_on <= today + timedelta(days=SOON_DAYS) else Urgency.LATER
