"""Code actions that need approval: voiding codes, recalling batches. Proposals hold hashes, never codes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from evaluations.codes.models import CodeBatch
from evaluations.codes.services.replacing import REPLACE
from evaluations.codes.services.voiding import issues_of_typed, recall_batch, refuse_after_closing, void_codes
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.authorizations import authorizing_action
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import FOLLOWS, ApprovableAction, Arguments, calls
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


def start_void(*, batch_id: int, typed: Sequence[str], reason: str, by: User, at: datetime) -> Approval | None:
    """Void the typed codes, or propose it; only their hashes go further."""
    policy.check_starts(by, "cred.void")
    batch = CodeBatch.objects.select_related("round").get(pk=batch_id)
    issues = issues_of_typed(batch, typed)
    return approvals.start("code.void", batch, by=by, at=at, issues=issues, reason=reason)


def start_replacement(*, batch_id: int, typed: Sequence[str], reason: str, by: User, at: datetime) -> Approval:
    """Propose to void the typed codes and to make others in one act (no role may do both without an approval)."""
    policy.check_starts(by, "cred.void")
    batch = CodeBatch.objects.select_related("round").get(pk=batch_id)
    issues = issues_of_typed(batch, typed)
    if not policy.requires_approval("cred.void"):
        raise RuleViolation("没有启用双人审批，不能同时补发：请先作废，再由工作人员在批次页面补发。")
    return approvals.propose(REPLACE, batch, by=by, at=at, issues=issues, reason=reason)


def start_recall(batch: CodeBatch, *, reason: str, by: User, at: datetime) -> Approval | None:
    """Recall a batch, or propose it."""
    refuse_after_closing(batch.round)
    return approvals.start("batch.recall", batch, by=by, at=at, reason=reason)


def _facts(batch: CodeBatch) -> dict[str, object]:
    return {"轮次": batch.round.name, "批次": batch.label, "渠道": batch.get_channel_display()}


def _to_void(batch: CodeBatch, asked: Arguments) -> dict[str, object]:
    return {**_facts(batch), "作废": f"{len(asked['issues'])}个票号", "票号校验值": list(asked["issues"])}


def _to_replace(batch: CodeBatch, asked: Arguments) -> dict[str, object]:
    follows = (
        f"提请人{settings.AUTHORIZATION_HOURS}小时内在批次页面办理：原票号作废、新票号生成同时完成，新票号只显示一次；"
        "其中有票号已使用的，全部不办理"
    )
    return {**_to_void(batch, asked), "补发": f"{len(asked['issues'])}个票号", FOLLOWS: follows}


def _to_recall(batch: CodeBatch, asked: Arguments) -> dict[str, object]:
    return {
        **_facts(batch),
        "票号": f"{batch.credentials.count()}个",
        "发放清单校验值": batch.issued_sha256 or "（网上领票）",
    }


ACTIONS = (
    replace(
        authorizing_action(REPLACE, "作废并补发票号", CodeBatch, _to_replace, permission="cred.void"),
        names=lambda batch, asked: f"{batch.round.name}，{batch.label}，{len(asked['issues'])}个",
    ),
    ApprovableAction(
        "code.void",
        "cred.void",
        "作废票号",
        CodeBatch,
        _to_void,
        calls(void_codes, "batch_id"),
        follows=lambda _: "作废的票号随即不能再使用，不能恢复；已提交的评议票不受影响",
        names=lambda batch, asked: f"{batch.round.name}，{batch.label}，{len(asked['issues'])}个",
    ),
    ApprovableAction(
        "batch.recall",
        "cred.void",
        "停用票号批次",
        CodeBatch,
        _to_recall,
        calls(recall_batch, "batch_id"),
        follows=lambda _: "本批未使用的票号随即全部失效，不能恢复；已提交的评议票不受影响",
        names=lambda batch, _: f"{batch.round.name}，{batch.label}",
    ),
)
