"""Witnessing the count (监票): drawn supervisors confirm its digests with their own one-time codes."""

from datetime import datetime

from django.db import transaction

from evaluations.draws.services.signing import SUPERVISOR, spend_signing_code
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION
from evaluations.rounds.services import lock_round
from evaluations.tally.models import CountSignature
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy


@transaction.atomic
def sign_count(*, round_id: int, code: str, at: datetime) -> CountSignature:
    """Sign the count in force; each code once, each person once; a recount is signed again."""
    policy.check_sees(SUPERVISOR, "tally.run")
    round_ = lock_round(round_id)
    if round_.state not in BEFORE_PUBLICATION:
        raise RuleViolation("只有已计票、尚未公示的轮次可以在计票记录上签名。")
    spent = spend_signing_code(round_, code, at=at)
    supervisor = spent.entry
    tally = round_.tally
    signature, is_new = CountSignature.objects.get_or_create(tally=tally, supervisor=supervisor, defaults={"at": at})
    if not is_new:
        raise RuleViolation("这名监督员已经为本次计票签名。")
    audit.record(
        "tally.run",
        round_,
        by=SUPERVISOR,
        at=at,
        detail={
            "step_label": "监督员在计票记录上签名",
            "entry": supervisor.pk,
            "version": tally.version,
            "result": tally.result_sha256,
        },
        wrote=[spent, signature],
    )
    return signature
