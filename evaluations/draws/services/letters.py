"""Letters to drawn people (通知书); every access to their addresses is in the audit log with its reason."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.services.removals import PEOPLE
from evaluations.rounds.rules.lifecycle import DrawStatus
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import Term, term_of


@transaction.atomic
def open_addresses(
    *, draw_id: int, reason: str, by: User, at: datetime, entry_id: int | None = None
) -> list[DrawEntry]:
    """Return the drawn entries, or one of them, with their people; records the reason."""
    policy.check(by, "pool.unmask")
    policy.check_sees(by, "draw.names")
    draw = Draw.objects.select_related("round").get(pk=draw_id)
    if draw.purpose not in PEOPLE or draw.status not in {DrawStatus.DRAWN, DrawStatus.PUBLISHED}:
        raise RuleViolation("人员抽取完成后方可打印通知书。")
    if not reason.strip():
        raise RuleViolation("请填写用途。")
    chosen = draw.entries.filter(is_selected=True).select_related("person", "client").order_by("stratum", "place")
    entries = list(chosen.filter(_with(draw, entry_id)) if entry_id else chosen)
    if not all(entry.salt for entry in entries):
        raise RuleViolation("查询码已到期清除，不能打印通知书。")
    detail = {"step_label": f"打印通知书：{draw}", "people": len(entries)}
    audit.record("pool.unmask", draw, by=by, at=at, reason=reason, detail=detail)
    return entries


def _with(draw: Draw, entry_id: int) -> Q:
    """Return a condition for the entry, and for all others of the same client: one letter tells of all sections."""
    client = draw.entries.filter(pk=entry_id).values_list("client", flat=True).first()
    return Q(client=client) if client else Q(pk=entry_id)


def reply_term(draw: Draw, at: datetime) -> Term:
    """Return the term in which drawn people are asked to decline."""
    start = timezone.localtime(at).date()
    return term_of(start, draw.round.rulebook["reply_workdays"], Holiday.objects.calendar())
