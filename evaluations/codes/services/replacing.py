"""Voiding codes and making others in their place (作废并补发) in one act, after one approval.

New codes are shown once, to whoever makes them. So the approval authorizes the proposer, who then performs both at
once: a code that was used meanwhile refuses all of it.
"""

from datetime import datetime

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.models import CodeBatch
from evaluations.codes.services.issuing import replace_codes
from evaluations.codes.services.voiding import void_listed
from nanchuan_eval.approvals import authorizations
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.users.models import User

REPLACE = "code.replace"


@sensitive_variables()
@transaction.atomic
def replace_approved(*, batch_id: int, by: User, at: datetime) -> tuple[CodeBatch, list[str]]:
    """Void the codes of one's approved proposal and make as many; returns the new ones, once."""
    batch = CodeBatch.objects.select_related("round").get(pk=batch_id)
    approval = authorizations.consume(REPLACE, batch, by=by, at=at)
    if approval is None:
        raise RuleViolation("没有已经同意、等待办理的补发，请重新填写票号。")
    issues, reason = approval.arguments["issues"], approval.arguments["reason"]
    void_listed(batch, issues, reason=reason, by=by, at=at, wrote=[approval])
    return replace_codes(batch_id=batch.pk, count=len(issues), by=by, at=at)


def approved_replacement(batch: CodeBatch, *, by: User, at: datetime) -> Approval | None:
    """Return the user's approved proposal that waits to be performed."""
    return authorizations.authorization_of(REPLACE, batch, by=by, at=at)
