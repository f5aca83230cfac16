"""Declaring that all holidays of a year are entered (确认节假日已录全), undoing it, and what a later change does."""

from datetime import date, datetime

from django.db import models, transaction

from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import CompleteYear, Holiday
from nanchuan_eval.workdays.queries import year_of

ACTION = "round.edit"


@transaction.atomic
def declare_year(*, year: int, by: User, at: datetime) -> CompleteYear:
    """Declare that all holidays of a year are entered; from then on new terms in it carry no hint."""
    policy.check(by, ACTION)
    refuse_undeclarable(year)
    row = CompleteYear.objects.create(year=year, declared_by=by, declared_at=at)
    detail = {"step_label": f"确认{row}节假日已录全", "entries": len(year_of(year).entries)}
    audit.record(ACTION, row, by=by, at=at, detail=detail, wrote=[row])
    return row


@transaction.atomic
def withdraw_year(*, declared_id: int, reason: str, by: User, at: datetime) -> None:
    """Undo the declaration of a year, with the reason in the audit log; the entries stay."""
    policy.check(by, ACTION)
    row = CompleteYear.objects.select_for_update().get(pk=declared_id)
    if not reason.strip():
        raise RuleViolation("请填写撤销的理由。")
    gone = CompleteYear(pk=row.pk)
    row.delete()
    detail = {"step_label": f"撤销{row}节假日已录全的确认", "year": row.year}
    audit.record(ACTION, gone, by=by, at=at, reason=reason.strip(), detail=detail, wrote=[gone])


def note_change(before: models.Model | None, after: models.Model | None, at: datetime) -> list[models.Model]:
    """Note in the declared years that an entry of theirs has changed; part of the action that changes it.

    Returns the years. Terms fixed before must be checked again; another name of a holiday moves none.
    """
    entries = {_entry(row) for row in (before, after) if isinstance(row, Holiday)}
    if before and after and len(entries) == 1:
        return []
    rows = list(CompleteYear.objects.select_for_update().filter(year__in={day.year for day, _ in entries}))
    for row in rows:
        row.changed_at = at
        row.save(update_fields=["changed_at"])
    return [*rows]


def _entry(row: Holiday) -> tuple[date, bool]:
    # A record made by hand may hold its day as text.
    day: date = Holiday._meta.get_field("day").to_python(row.day)
    return day, row.is_workday


def refuse_undeclarable(year: int) -> None:
    """Refuse a year without entries, and one declared before."""
    if not year_of(year).entries:
        raise RuleViolation(f"{year}年尚未录入节假日，请先录入，再确认录全。")
    if CompleteYear.objects.filter(year=year).exists():
        raise RuleViolation(f"{year}年节假日已经确认录全，不需要再次确认。")
