"""Witnessing the opening: supervisors present confirm its record with their own one-time codes."""

from datetime import datetime

from django.db import transaction

from evaluations.draws.services.signing import SUPERVISOR, spend_signing_code
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.services import lock_round
from evaluations.sealing.models import OpeningSignature
from evaluations.sealing.services.opening import OPEN_ACTION
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy


@transaction.atomic
def sign_opening(*, round_id: int, code: str, at: datetime) -> OpeningSignature:
    """Sign the record of the opening, before the count; each code once, each supervisor once."""
    policy.check_sees(SUPERVISOR, OPEN_ACTION)
    round_ = lock_round(round_id)
    if not is_opened_by_supervisors(round_.rulebook) or round_.state != RoundState.SEALED:
        raise RuleViolation("由监督员开箱的轮次，开箱之后、计票之前，可以在开箱记录上签名。")
    spent = spend_signing_code(round_, code, at=at)
    supervisor = spent.entry
    signature, is_new = OpeningSignature.objects.get_or_create(round=round_, supervisor=supervisor, defaults={"at": at})
    if not is_new:
        raise RuleViolation("这名监督员已经在开箱记录上签名。")
    detail = {"step_label": "监督员在开箱记录上签名", "entry": supervisor.pk, "root": round_.closing_root}
    audit.record(OPEN_ACTION, round_, by=SUPERVISOR, at=at, detail=detail, wrote=[spent, signature])
    return signature
