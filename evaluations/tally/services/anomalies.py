"""Decisions on anomaly flags (异常提示): the ballots are kept or declared invalid, by two persons, with a reason."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluations.ballots.models import Ballot, Rating
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, RoundState
from evaluations.rounds.services import lock_round
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.tally import RECOUNTABLE, recount_round
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def decide_flag(*, flag_id: int, verdict: Verdict, reason: str, by: User, at: datetime) -> AnomalyFlag:
    """Record the decision; invalid ballots are excluded, and the round is recounted as a new version."""
    policy.check(by, "ballot.invalid")
    flag = AnomalyFlag.objects.select_related("section").get(pk=flag_id)
    round_ = lock_round(flag.round_id)
    flag.refresh_from_db()
    _refuse_bad_decision(round_, flag, verdict, reason)
    flag.verdict, flag.reason, flag.decided_by, flag.decided_at = verdict, reason.strip(), by, at
    flag.save(update_fields=["verdict", "reason", "decided_by", "decided_at"])
    if verdict == Verdict.INVALID:
        _exclude(round_, flag, by, at)
    audit.record(
        "ballot.invalid",
        flag,
        by=by,
        at=at,
        reason=flag.reason,
        detail={
            "verdict": verdict.value,
            "ballots": len(flag.ballots),
            "fixed": fixed_digests(("flags", flag.round_id)),
        },
    )
    return flag


@transaction.atomic
def keep_flags(*, round_id: int, reason: str, own: Mapping[str, str], by: User, at: datetime) -> list[AnomalyFlag]:
    """Keep all flags of the count that name no ballots, by one decision.

    `own` = reasons of single flags by primary key; the others have the common one.
    """
    policy.check(by, "ballot.invalid")
    round_ = lock_round(round_id)
    flags = list(round_.flags.naming_no_ballots())
    refuse_late(round_, Verdict.KEPT)
    _refuse_nothing_to_keep(flags, reason)
    for flag in flags:
        flag.verdict, flag.reason, flag.decided_by, flag.decided_at = Verdict.KEPT, _own(flag, own, reason), by, at
    AnomalyFlag.objects.bulk_update(flags, ["verdict", "reason", "decided_by", "decided_at"])
    audit.record(
        "ballot.invalid",
        round_,
        by=by,
        at=at,
        reason=reason.strip(),
        detail={"verdict": Verdict.KEPT.value, "flags": len(flags), "fixed": fixed_digests(("flags", round_.pk))},
    )
    return flags


def _own(flag: AnomalyFlag, own: Mapping[str, str], reason: str) -> str:
    return own.get(str(flag.pk), "").strip() or reason.strip()


def refuse_late(round_: Round, verdict: Verdict) -> None:
    """Refuse what comes too late: a recount after the publication may find flags to keep, but excludes no ballot."""
    allowed = BEFORE_PUBLICATION if verdict == Verdict.INVALID else RECOUNTABLE
    if RoundState(round_.state) not in allowed:
        raise RuleViolation("认定废票应在计票之后、公示之前办理；公示后重新计票发现的异常提示，只能在归档前保留计票。")


def _refuse_nothing_to_keep(flags: Collection[AnomalyFlag], reason: str) -> None:
    if not flags:
        raise RuleViolation("没有待处理的、不涉及具体评议票的异常提示。")
    if not reason.strip():
        raise RuleViolation("请填写处理理由。")


def _refuse_bad_decision(round_: Round, flag: AnomalyFlag, verdict: Verdict, reason: str) -> None:
    refuse_late(round_, verdict)
    if flag.verdict != Verdict.OPEN:
        raise RuleViolation(f"该异常提示已处理：{flag.get_verdict_display()}。")
    if not reason.strip():
        raise RuleViolation("请填写处理理由。")
    if verdict == Verdict.OPEN:
        raise RuleViolation("请选择保留计票或者认定废票。")
    if verdict == Verdict.INVALID and not flag.ballots:
        raise RuleViolation("该类提示不涉及具体评议票，不能据此认定废票；请填写核查情况后保留计票。")


def _exclude(round_: Round, flag: AnomalyFlag, by: User, at: datetime) -> None:
    Ballot.objects.filter(round=round_, pk__in=flag.ballots).update(is_counted=False)
    Rating.objects.filter(round=round_, ballot__in=flag.ballots).update(is_counted=False)
    reason = f"认定废票{len(flag.ballots)}张：{flag.reason}"[:300]
    # An open objection may be about these very ballots: it can be upheld once they are excluded.
    objections = round_.holds.filter(released_at=None).values_list("pk", flat=True)
    recount_round(round_, reason=reason, by=by, at=at, despite=list(objections))


def decision_content(flag: AnomalyFlag, arguments: Mapping[str, Any]) -> dict[str, object]:
    """Return what the approver reads."""
    return {
        "提示": flag.get_kind_display(),
        "范围": str(flag.section or flag.get_channel_display() or flag.round),
        "内容": flag.text,
        "误报概率": flag.false_alarms,
        "涉及票数": flag.shown_ballots,
        "当前状态": flag.get_verdict_display(),
        "拟作处理": Verdict(arguments["verdict"]).label,
        "理由": arguments["reason"],
    }


DECIDE_FLAG = ApprovableAction(
    "flag.decide",
    permission="ballot.invalid",
    label="处理异常提示",
    model=AnomalyFlag,
    content=decision_content,
    perform=calls(decide_flag, "flag_id", verdict=Verdict),
    names=lambda flag, arguments: f"{flag}，{Verdict(arguments['verdict']).label}",
    is_small=True,
)


def keeping_content(round_: Round, arguments: Mapping[str, Any]) -> dict[str, object]:
    """Return what the approver reads: every flag with its reason."""
    flags = list(round_.flags.naming_no_ballots())
    own, reason = arguments["own"], arguments["reason"]
    return {
        "轮次": str(round_),
        "拟作处理": Verdict.KEPT.label,
        "提示件数": len(flags),
        "共同理由": reason,
        **{
            f"第{number}件": f"{flag}：{flag.text}误报概率：{flag.false_alarms}。理由：{_own(flag, own, reason)}"
            for number, flag in enumerate(flags, 1)
        },
    }


def _require_flags(round_: Round, arguments: Mapping[str, Any], *, at: datetime) -> None:
    refuse_late(round_, Verdict.KEPT)
    _refuse_nothing_to_keep(round_.flags.naming_no_ballots(), arguments["reason"])


KEEP_FLAGS = ApprovableAction(
    "flags.keep",
    permission="ballot.invalid",
    label="集中处理异常提示",
    model=Round,
    content=keeping_content,
    perform=calls(keep_flags, "round_id"),
    require=_require_flags,
    is_small=True,
)
