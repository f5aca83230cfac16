"""What two persons permit for an opening (动用备用卡): the permit is its row in the audit log."""

from datetime import datetime

from django.db import transaction

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.services import lock_round
from evaluations.sealing.rules import Permit
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

RECOVER_ACTION = "box.recover"


@transaction.atomic
def permit_opening(*, round_id: int, permit: Permit, reason: str, by: policy.Actor, at: datetime) -> Round:
    """Permit the recovery card, or an opening without authentication, for the round's key; it holds until then."""
    policy.check(by, RECOVER_ACTION)
    round_ = lock_round(round_id)
    refuse_permit(round_, reason, at)
    detail = {"step_label": permit.label, "permit": permit.value, "key_id": round_.box_key}
    audit.record(RECOVER_ACTION, round_, by=by, at=at, reason=reason.strip(), detail=detail)
    return round_


def refuse_permit(round_: Round, reason: str, at: datetime) -> None:
    """Refuse a permit for a round without cards, before its vote has ended or after its opening."""
    if not is_opened_by_supervisors(round_.rulebook):
        raise RuleViolation("本轮票箱密钥由评议系统保管，没有密钥卡和备用卡。")
    if round_.state != RoundState.OPEN or at < round_.closes_at:
        raise RuleViolation("投票截止之后、开箱之前，方可提请。")
    if not reason.strip():
        raise RuleViolation("请填写理由。")
