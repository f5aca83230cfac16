"""Asking the freeze register and taking the year's assessment out: permitted by role, each recorded."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accountability.promotion_freezes.documents import freeze_certificate
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.queries import answer_workbook, ask_register
from accountability.promotion_freezes.rules import Answer, Asked
from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

# What the trace calls it: a look into the register, no entry in it.
QUESTION = "查询影响期"


@transaction.atomic
def ask_freeze(*, asked: Asked, by: User, at: datetime) -> Answer:
    """Answer whether a person may be promoted on a day; who asked about whom stays in the trail."""
    policy.check_sees(by, "acc.hold.set")
    (found,) = ask_register([asked])
    audit.record(
        "acc.view",
        None,
        by=by,
        at=at,
        detail={
            "step_label": QUESTION,
            "asked": asked.name,
            "unit": asked.unit,
            "on": asked.on.isoformat(),
            "verdict": found.verdict.value,
        },
    )
    return found


@transaction.atomic
def ask_freezes(*, content: bytes, filename: str, by: User, at: datetime) -> bytes:
    """Answer a whole list of names as a workbook."""
    policy.check_sees(by, "acc.hold.set")
    entry = audit.record("acc.view", None, by=by, at=at, detail={"step_label": QUESTION, "asked_list": len(content)})
    with audit.marked(entry):
        return answer_workbook(content, filename, today=timezone.localtime(at).date())


@transaction.atomic
def certify_freeze(*, freeze_id: int, on: date, by: User, at: datetime) -> bytes:
    """Return 影响期证明 of a person as of a day."""
    policy.check_sees(by, "acc.hold.set")
    rows = PromotionFreeze.objects.select_related("case__result__section", "case__result__round")
    freeze = rows.get(pk=freeze_id)
    entry = audit.record("acc.hold.set", freeze, by=by, at=at, detail={"certificate": on.isoformat()})
    with audit.marked(entry):
        return freeze_certificate(freeze, on=on, at=at)
