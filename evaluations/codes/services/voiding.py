"""Voiding codes and recalling batches, before the box is sealed; what is stored names hashes, never a code."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Model, QuerySet
from django.views.decorators.debug import sensitive_variables

from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import family_of
from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.protocol.codes import CodeError, issue_of, normalize_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

# Filled by the app: what else ends with a recalled batch, as a part of that act.
on_recall: list[Callable[[CodeBatch], object]] = []


@transaction.atomic
def recall_batch(*, batch_id: int, reason: str, by: User, at: datetime) -> CodeBatch:
    """Recall a batch (收回): its unused codes can no longer vote; ballots already cast stay valid."""
    policy.check(by, "cred.void")
    # Whoever puts codes into messages holds the round, too.
    lock_round(CodeBatch.objects.get(pk=batch_id).round_id)
    batch = CodeBatch.objects.select_for_update(of=("self",)).select_related("round").get(pk=batch_id)
    refuse_after_closing(batch.round)
    if not batch.is_open:
        raise RuleViolation("该批次已停用。")
    batch.is_open = False
    batch.save(update_fields=["is_open"])
    for end in on_recall:
        end(batch)
    audit.record("cred.void", batch, by=by, at=at, reason=reason, wrote=[batch])
    return batch


def issues_of_typed(batch: CodeBatch, typed: Sequence[str]) -> list[str]:
    """Return I of each typed code; raises for codes that cannot be voided, naming lines, never codes."""
    refuse_after_closing(batch.round)
    found: dict[str, int] = {}
    faults = []
    for number, text in enumerate(typed, start=1):
        try:
            issue = issue_of(batch.round.key, normalize_code(text))
        except CodeError as error:
            faults.append(f"第{number}行：{error}")
            continue
        if issue in found:
            faults.append(f"第{number}行和第{found[issue]}行是同一个票号。")
        found.setdefault(issue, number)
    usable = set(_unused(batch, found).values_list("issue", flat=True))
    faults += [
        f"第{number}行：不是本批次的票号，或者已使用、已作废。"
        for issue, number in found.items()
        if issue not in usable
    ]
    if faults:
        raise RuleViolation(*faults)
    if not found:
        raise RuleViolation("请输入要作废的票号，一行一个。")
    return sorted(found)


@transaction.atomic
def void_codes(*, batch_id: int, issues: Sequence[str], reason: str, by: User, at: datetime) -> int:
    """Void unused codes of a batch and its replacements (returned or damaged envelopes), all or none.

    The audit log names the batch, never a code.
    """
    policy.check(by, "cred.void")
    return void_listed(CodeBatch.objects.select_related("round").get(pk=batch_id), issues, reason=reason, by=by, at=at)


def void_listed(
    batch: CodeBatch, issues: Sequence[str], *, reason: str, by: User, at: datetime, wrote: Sequence[Model] = ()
) -> int:
    """Do so as a part of an act that has its own permission and transaction."""
    refuse_after_closing(batch.round)
    codes = list(_unused(batch, issues).select_for_update())
    if not codes or len(codes) < len(set(issues)):
        raise RuleViolation("部分票号不属于本批次，或者已使用、已作废，本次未作废任何票号。请核对后重新提请。")
    Credential.objects.filter(pk__in=[code.pk for code in codes]).update(is_void=True)
    detail = {"codes": len(codes), "fixed": fixed_digests(("voids", batch.round_id))}
    audit.record("cred.void", batch, by=by, at=at, reason=reason, detail=detail, wrote=wrote)
    return len(codes)


@sensitive_variables()
@transaction.atomic
def void_unsent(round_: Round, codes: Collection[str], *, by: policy.Actor, at: datetime) -> int:
    """Void codes that reach nobody, as the people they were made for were removed before; others can then be made.

    One that was used all the same keeps its ballot. The caller is an act of its own with its own permission.
    """
    issues = [issue_of(round_.key, normalize_code(code)) for code in codes]
    unused = Credential.objects.filter(batch__round=round_, issue__in=issues, spend=None, is_void=False)
    number = unused.update(is_void=True)
    if number:
        detail = {"step_label": "作废没有发出的票号", "codes": number}
        detail["fixed"] = fixed_digests(("voids", round_.pk))
        audit.record("cred.void", round_, by=by, at=at, reason="抽中人员在通知发出前移除", detail=detail)
    return number


def refuse_after_closing(round_: Round) -> None:
    """Refuse to void codes or recall a batch once the box is sealed."""
    if RoundState(round_.state) not in BEFORE_CLOSING:
        raise RuleViolation("封箱后不能作废票号、停用批次。")


def _unused(batch: CodeBatch, issues: Iterable[str]) -> QuerySet[Credential]:
    codes = Credential.objects.filter(batch__in=family_of(batch), issue__in=list(issues), spend=None, is_void=False)
    return codes.order_by("issue")
