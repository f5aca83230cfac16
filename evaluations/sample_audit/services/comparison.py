"""Comparing sheets with what was counted, explaining differences, and the supervisors' signatures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluations.ballots.queries import sealed_votes
from evaluations.draws.services.signing import SUPERVISOR, spend_signing_code
from evaluations.publication.services import release_hold
from evaluations.rounds.models import Round
from evaluations.rounds.services import lock_round
from evaluations.sample_audit.models import SampleBallot, SampleSignature
from evaluations.sample_audit.queries.audits import audit_of, comparison_faults
from evaluations.sample_audit.rules.comparison import Outcome, differences
from evaluations.sample_audit.services.drawing import lock_counted
from evaluations.sample_audit.services.holds import COMPARE, EXPLAIN, hold_for, record
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit_log
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def compare_sheet(*, row_id: int, read: Mapping[str, Any] | None, by: User, at: datetime) -> SampleBallot:
    """Compare what the supervisors read from a sheet with what was counted; None = the sheet was not found."""
    policy.check(by, COMPARE)
    round_ = lock_counted(_round_of(row_id))
    row = SampleBallot.objects.select_related("audit", "sheet").get(pk=row_id)
    if row.audit != audit_of(round_):
        raise RuleViolation("已经重新计票，请核对为新的计票抽取的评议票。")
    if row.outcome != Outcome.OPEN:
        raise RuleViolation(f"核对序号{row.number}已经核对：{row.get_outcome_display()}。")
    row.outcome, row.difference = _compared(round_, row, read)
    row.compared_at, row.compared_by = at, by
    row.hold = hold_for(round_, row, at=at) if row.outcome != Outcome.EQUAL else None
    row.save()
    detail = {"number": row.number, "outcome": row.outcome}
    record(row.audit, "核对正票", detail, by=by, at=at, wrote=[row.hold] if row.hold else [])
    return row


@transaction.atomic
def explain_difference(*, row_id: int, explanation: str, by: User, at: datetime) -> SampleBallot:
    """Accept what was found out about a difference, and release its hold; two persons."""
    policy.check(by, EXPLAIN)
    lock_round(_round_of(row_id))
    row = SampleBallot.objects.select_related("audit", "hold").get(pk=row_id)
    refuse_explanation(row, explanation)
    row.explanation, row.explained_at = explanation.strip(), at
    row.save(update_fields=["explanation", "explained_at"])
    hold = release_hold(row.hold, at=at) if row.hold else None
    detail = {"number": row.number, "fixed": fixed_digests(("sample", row.audit_id))}
    audit_log.record(EXPLAIN, row, by=by, at=at, reason=row.explanation, detail=detail, wrote=[hold] if hold else [])
    return row


@transaction.atomic
def sign_audit(*, round_id: int, code: str, at: datetime) -> SampleSignature:
    """Sign the record once every ballot is compared and every difference explained; each supervisor once."""
    policy.check_sees(SUPERVISOR, COMPARE)
    round_ = lock_counted(round_id)
    audit = audit_of(round_)
    if audit is None or not audit.seed:
        raise RuleViolation("尚未抽取评议票，不能签名。")
    if lacks := comparison_faults(audit):
        raise RuleViolation(*lacks)
    spent = spend_signing_code(round_, code, at=at)
    signature, is_new = SampleSignature.objects.get_or_create(audit=audit, supervisor=spent.entry, defaults={"at": at})
    if not is_new:
        raise RuleViolation("这名监督员已经在抽样核对记录上签名。")
    detail = {"step_label": "监督员在抽样核对记录上签名", "entry": spent.entry_id, "seed": audit.seed}
    audit_log.record(COMPARE, audit, by=SUPERVISOR, at=at, detail=detail, wrote=[spent, signature])
    return signature


def refuse_explanation(row: SampleBallot, explanation: str) -> None:
    """Refuse an explanation that nothing asks for, or that says nothing."""
    if not row.is_unexplained:
        raise RuleViolation("这张评议票没有待查明的差异。")
    if not explanation.strip():
        raise RuleViolation("请填写差异的原因和处理情况。")


def _round_of(row_id: int) -> int:
    return SampleBallot.objects.values_list("audit__tally__round", flat=True).get(pk=row_id)


def _compared(round_: Round, row: SampleBallot, read: Mapping[str, Any] | None) -> tuple[Outcome, str]:
    if row.sheet is None:
        raise RuleViolation("网上提交的评议票没有正票，抽取时已由系统核对。")
    if read is None:
        return Outcome.MISSING, ""
    names = {section.code: str(section) for section in round_.sections.all()}
    ((_, counted),) = sealed_votes(round_, [row.ballot_id])
    found = differences(questionnaire_of(round_.rulebook), names, counted, read)
    return (Outcome.DIFFERS, "；".join(found)) if found else (Outcome.EQUAL, "")


def _content(row: SampleBallot, arguments: Mapping[str, Any]) -> dict[str, object]:
    return {
        "核对序号": row.number,
        "渠道": row.ballot.get_channel_display(),
        "正票": f"{row.sheet.batch.label} 第{row.sheet.number}号" if row.sheet else "网上提交，没有正票",
        "核对结果": row.get_outcome_display(),
        "差异": row.difference or "—",
        "查明的情况": arguments["explanation"],
        "办理后果": "解除因这处差异而停止的告知和公示；计票结果不因此改变",
    }


def _require(row: SampleBallot, arguments: Mapping[str, Any], *, at: datetime) -> None:
    refuse_explanation(row, arguments["explanation"])


EXPLAIN_DIFFERENCE = ApprovableAction(
    "sample.explain",
    permission=EXPLAIN,
    label="查明抽样核对的差异",
    model=SampleBallot,
    content=_content,
    perform=calls(explain_difference, "row_id"),
    names=lambda row, _: f"{row.ballot.round.name}，{row}",
    require=_require,
)
