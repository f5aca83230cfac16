"""What a unit itself says it finished on a day (单位自报办件数), which stands beside what was received."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from departments.models import Department
from evaluations.service_records.models import StatedCount
from evaluations.service_records.permissions import action_of, check_delivers
from evaluations.service_records.rules.parsing import oldest_day
from evaluations.service_records.rules.stated import read_counts
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

MOST = 1_000_000


def check_day(day: date, at: datetime) -> None:
    """Refuse a day in the future or too long ago: what was once published for a day stays."""
    today = timezone.localtime(at).date()
    if day > today:
        raise RuleViolation("办结日期在今天以后，请核对。")
    if day < (oldest := oldest_day(today, settings.RECORD_DAYS_BACK)):
        raise RuleViolation(f"办结日期{day.isoformat()}早于{oldest.isoformat()}，请核对。")


@transaction.atomic
def state_counts(*, unit: Department, counts: str, reason: str = "", by: policy.Actor, at: datetime) -> str:
    """Record the counts of several days as they are typed, a line a day, all or none; returns in words how many."""
    check_delivers(by, unit)
    found = read_counts(counts)
    for day, records in found.items():
        state_count(unit=unit, day=day, records=records, reason=reason, by=by, at=at)
    return f"已报送{len(found)}天的自报办件数。"


@transaction.atomic
def state_count(
    *, unit: Department, day: date, records: int, reason: str = "", by: policy.Actor, at: datetime
) -> StatedCount:
    """Record a day's count, once; another figure needs a reason, and the audit log keeps both."""
    check_delivers(by, unit)
    if not 0 <= records <= MOST:
        raise RuleViolation(f"自报办件数应为0至{MOST}的整数，请核对。")
    check_day(day, at)
    Department.objects.select_for_update(no_key=True).get(pk=unit.pk)
    stated = StatedCount.objects.filter(unit_id=unit.pk, day=day).first()
    if stated and stated.records == records:
        return stated
    if stated and not reason.strip():
        raise RuleViolation(
            f"{unit.name}{day.isoformat()}已经报送{stated.records}件；改为{records}件须说明原因，改动前的数也公布。"
        )
    before = stated.records if stated else None
    stated = stated or StatedCount(unit=unit, day=day)
    stated.records, stated.stated_at, stated.by = records, at, by if isinstance(by, User) else None
    stated.save()
    detail = {"step_label": "报送办件数", "day": day.isoformat(), "records": records, "before": before}
    audit.record(action_of(by), stated, by=by, at=at, reason=reason.strip(), detail=detail, wrote=[stated])
    return stated
