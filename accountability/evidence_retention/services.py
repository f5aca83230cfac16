"""Retention and destruction of evidence (保存期限、销毁).

Evidence is kept for a year after every matter of its section has ended. Destruction deletes the files but keeps rows
and hashes; for inspection evidence it needs approval.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence.services.evidence import ATTACHMENT_RULES, paths_of
from accountability.inspections.models import Inspection, Order
from accountability.inspections.rules import InspectionState, OrderState
from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import ENDED
from evaluations.rounds.models import Round, RoundSection
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.users.models import User

DESTROYED = "（已销毁）"
# A visit to which nobody was sent, or that was cancelled before it was made, has no files and holds none back.
WITHOUT_FILES = frozenset({InspectionState.PLANNED, InspectionState.CANCELLED})
DONE = frozenset({OrderState.PASSED, OrderState.FAILED})


def expired(at: datetime) -> QuerySet[Evidence]:
    """Evidence past its retention period: no matter of its section is open, or was within the last year."""
    today = timezone.localtime(at).date()
    held = Evidence.objects.held().filter(uploaded_at__lte=at - timedelta(days=settings.EVIDENCE_DAYS_KEPT))
    return Evidence.objects.filter(pk__in=[row.pk for row in held if _is_expired(row, today)])


def expired_inspection_evidence(round_: Round, at: datetime) -> QuerySet[Evidence]:
    """Inspection evidence of a round that may be destroyed now (insp.delete)."""
    return expired(at).filter(inspection__plan__round=round_).order_by("pk")


@transaction.atomic
def destroy_inspections(*, round_id: int, reason: str, by: User, at: datetime) -> int:
    """Destroy a round's expired inspection evidence; one audit entry per file, with its hash."""
    policy.check(by, "insp.delete")
    round_ = Round.objects.select_for_update(no_key=True).get(pk=round_id)
    rows = _to_destroy(round_, at)
    for row in rows:
        audit.record("insp.delete", row, by=by, at=at, reason=reason, detail={"destroyed": row.sha256})
    destroy(rows, at)
    return len(rows)


def _to_destroy(round_: Round, at: datetime) -> list[Evidence]:
    rows = list(expired_inspection_evidence(round_, at))
    if not rows:
        raise RuleViolation("本轮没有保存期满的暗访证据；整改未销号、有未办结的异议或申诉的，不能销毁。")
    return rows


def _refuse_nothing_to_destroy(round_: Round) -> None:
    _to_destroy(round_, clock.now())


def destroy(rows: Iterable[Evidence], at: datetime) -> None:
    """Clear the files' keys and names, and delete the files after commit."""
    for row in rows:
        paths = paths_of(row)
        row.destroyed_at, row.file_key, row.name, row.has_copy = at, "", DESTROYED, False
        row.save(update_fields=["destroyed_at", "file_key", "name", "has_copy"])
        transaction.on_commit(partial(storage.remove, paths))


def retention_rules() -> list[RetentionRule]:
    """Automatic destruction of all expired evidence except that of inspections, which needs approval."""
    return [RetentionRule("佐证材料原件", "整改销号、申诉办结后1年", _not_from_inspections, _destroy_rows)]


def _not_from_inspections(at: datetime) -> QuerySet[Evidence]:
    return expired(at).filter(inspection=None)


def _destroy_rows(rows: QuerySet[Evidence]) -> None:
    destroy(list(rows), clock.now())


def _is_expired(row: Evidence, today: date) -> bool:
    ends = list(_ends_of(ATTACHMENT_RULES[type(row.subject)].section(row.subject)))
    is_open = None in ends
    return not is_open and all(day + timedelta(days=settings.EVIDENCE_DAYS_KEPT) <= today for day in ends if day)


def _ends_of(section: RoundSection) -> Iterable[date | None]:
    """Yield the day on which each matter of the section ended; None if it is still open."""
    for rectification in Rectification.objects.filter(case__result__section=section).select_related("case"):
        case = rectification.case
        yield rectification.closed_on or (_day(case.closed_at) if rectification.state in ENDED else None)
    for objection in Objection.objects.filter(section=section):
        yield _day(objection.decided_at) if objection.state == ObjectionState.DECIDED else None
    for visit in Inspection.objects.filter(section=section).exclude(state__in=WITHOUT_FILES):
        yield _day(visit.approved_at) if visit.state == InspectionState.APPROVED else None
    for order in Order.objects.filter(inspection__section=section):
        yield _day(order.replied_at or order.issued_at) if order.state in DONE else None


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


def _content(round_: Round, asked: Arguments) -> dict[str, object]:
    rows = list(expired_inspection_evidence(round_, clock.now()))
    hashes = "\n".join(row.sha256 for row in rows)
    return {
        "轮次": round_.name,
        "保存期满的暗访证据": f"{len(rows)}件",
        "共计": f"{sum(row.size for row in rows)}字节",
        "全部证据的汇总校验值": sha256_hex(hashes.encode()),
        "理由": asked["reason"],
    }


DESTROY = ApprovableAction(
    "insp.delete",
    permission="insp.delete",
    label="按期销毁暗访证据",
    model=Round,
    content=_content,
    perform=calls(destroy_inspections, "round_id"),
    follows=lambda _: "原件、查看件和密钥一并销毁，不能恢复；只保留校验值和记录。保存期未满或有未办结事项的证据不销毁",
    closed=_refuse_nothing_to_destroy,
)
ACTIONS = (DESTROY,)
