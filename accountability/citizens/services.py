"""Citizens' suggestions (群众建议) and follow-up ratings (整改评价)."""

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accountability.cases.models import Case
from accountability.citizens.models import FollowUpCount, FollowUpMark, Satisfaction, Suggestion, SuggestionState
from accountability.rectifications.rules import RATEABLE
from evaluations.sealing.queries import round_of_receipt
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

MOST_A_DAY = 200  # the form is open to everybody: more than this in a day comes from a bot


@transaction.atomic
def suggest_section(*, unit: str, section: str, reason: str, at: datetime) -> Suggestion:
    """Record an anonymous suggestion of a section to evaluate; returns an unanswered one for the same section."""
    policy.check(policy.ANONYMOUS, "opinion.submit")
    today = timezone.localtime(at).date()
    if Suggestion.objects.filter(submitted_on=today).count() >= MOST_A_DAY:
        raise RuleViolation("今日收到的建议已达上限，请明日再提交。")
    same = Suggestion.objects.filter(unit=unit, section=section, state=SuggestionState.NEW).first()
    if same:
        return same
    return Suggestion.objects.create(unit=unit, section=section, reason=reason, submitted_on=today)


@transaction.atomic
def answer_suggestion(*, suggestion_id: int, adopted: bool, reply: str, by: User, at: datetime) -> Suggestion:
    """Adopt or decline a suggestion with a public reply (答复)."""
    if not may_answer(by):
        raise policy.Denied(by, "roster.edit")
    suggestion = Suggestion.objects.select_for_update(of=("self",)).get(pk=suggestion_id)
    if suggestion.state != SuggestionState.NEW:
        raise RuleViolation("这条建议已答复。")
    if not reply.strip():
        raise RuleViolation("请填写答复。")
    suggestion.state = SuggestionState.ADOPTED if adopted else SuggestionState.DECLINED
    suggestion.reply, suggestion.replied_by = reply.strip(), by
    suggestion.save(update_fields=["state", "reply", "replied_by"])
    audit.record("roster.edit", suggestion, by=by, at=at, detail={"step_label": "答复群众建议"}, wrote=[suggestion])
    return suggestion


def may_answer(by: User) -> bool:
    """True if the account answers suggestions: the office, which maintains the roster."""
    return policy.may(by, "roster.edit") or policy.may_propose(by, "roster.edit")


@transaction.atomic
def rate_rectification(*, case_id: int, receipt: str, satisfaction: Satisfaction) -> None:
    """Count one follow-up rating; each receipt rates a case once, and its rating is not kept with it."""
    policy.check(policy.BALLOT_HOLDER, "opinion.submit")
    case = Case.objects.select_related("result", "rectification").get(pk=case_id)
    if case.rectification.state not in RATEABLE:
        raise RuleViolation("单位报送整改报告后，方可评价整改效果。")
    round_ = round_of_receipt(receipt)
    if round_ is None or round_.pk != case.result.round_id:
        raise RuleViolation("本轮封箱清单中没有这个回执号，请对照您保存的回执号核对后重新输入。")
    try:
        with transaction.atomic():
            FollowUpMark.objects.create(mark=follow_up_mark(receipt, case.pk))
    except IntegrityError:
        raise RuleViolation("这个回执号已经评价过该科室的整改。") from None
    FollowUpCount.objects.get_or_create(case=case, satisfaction=satisfaction)
    FollowUpCount.objects.filter(case=case, satisfaction=satisfaction).update(votes=F("votes") + 1)


def follow_up_mark(receipt: str, case_id: int) -> str:
    """Digest that marks a receipt as used for a case (protocol.md 7)."""
    return hashlib.sha256(f"nanchuan-follow-up/1\n{case_id}\n{receipt}".encode()).hexdigest()
