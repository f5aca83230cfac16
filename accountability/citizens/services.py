"""Citizens' suggestions (群众建议) and follow-up ratings (整改评价)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case as Choose
from django.db.models import F, PositiveIntegerField, QuerySet, When
from django.utils import timezone

from accountability.cases.models import Case
from accountability.citizens.models import FollowUpCount, FollowUpMark, FollowUpRemark, Satisfaction, Suggestion
from accountability.citizens.rules import UNANSWERED, SuggestionState, number_from
from accountability.rectifications.rules import RATEABLE
from evaluations.ballots.rules import Span, redact, spans_of
from evaluations.ballots.services import REDACT
from evaluations.protocol.codes import ENTROPY_BYTES
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.sealing.queries import round_of_receipt
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import rewrite_tables, scrub
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.permissions import policy
from nanchuan_eval.retention.services import RetentionRule
from nanchuan_eval.users.models import User

FORWARDING = "follow_up.forward"
# Earlier remarks of the case that are rewritten with a new one: it may be any of so many.
REWRITTEN = 200
REMARKS_KEPT = timedelta(days=365)  # from publication, as opinions of ballots


@transaction.atomic
def suggest_section(*, unit: str, section: str, reason: str, at: datetime) -> Suggestion:
    """Record an anonymous suggestion of a section to evaluate; the same form sent again is the same suggestion."""
    policy.check(policy.ANONYMOUS, "opinion.submit")
    for known in Suggestion.objects.filter(state__in=UNANSWERED, reason=reason):
        if is_same_name(known.unit, unit) and is_same_name(known.section, section):
            return known
    today = timezone.localtime(at).date()
    if Suggestion.objects.filter(submitted_on=today).count() >= settings.SUGGESTIONS_A_DAY:
        raise RuleViolation("今日收到的建议已达上限，请明日再提交。")
    number = number_from(secrets.token_bytes(ENTROPY_BYTES))
    return Suggestion.objects.create(number=number, unit=unit, section=section, reason=reason, submitted_on=today)


@transaction.atomic
def take_up_suggestion(*, suggestion_id: int, by: User, at: datetime) -> Suggestion:
    """Say publicly that a suggestion is being looked into (办理中)."""
    suggestion = _locked(suggestion_id, by)
    if suggestion.state != SuggestionState.NEW:
        raise RuleViolation("这条建议已在办理或者已答复。")
    suggestion.state = SuggestionState.IN_HAND
    suggestion.save(update_fields=["state"])
    audit.record("roster.edit", suggestion, by=by, at=at, detail={"step_label": "办理群众建议"}, wrote=[suggestion])
    return suggestion


@transaction.atomic
def answer_suggestion(*, suggestion_id: int, adopted: bool, reply: str, by: User, at: datetime) -> Suggestion:
    """Adopt or decline a suggestion with a public reply (答复)."""
    suggestion = _locked(suggestion_id, by)
    refuse_answered(suggestion)
    if not reply.strip():
        raise RuleViolation("请填写答复。")
    suggestion.state = SuggestionState.ADOPTED if adopted else SuggestionState.DECLINED
    suggestion.reply, suggestion.replied_by = reply.strip(), by
    suggestion.save(update_fields=["state", "reply", "replied_by"])
    audit.record("roster.edit", suggestion, by=by, at=at, detail={"step_label": "答复群众建议"}, wrote=[suggestion])
    return suggestion


def refuse_answered(suggestion: Suggestion) -> None:
    """Refuse a second answer."""
    if suggestion.state not in UNANSWERED:
        raise RuleViolation("这条建议已答复。")


def may_answer(by: User) -> bool:
    """True if the account answers suggestions: the office, which maintains the roster."""
    return policy.may(by, "roster.edit") or policy.may_propose(by, "roster.edit")


def _locked(suggestion_id: int, by: User) -> Suggestion:
    if not may_answer(by):
        raise policy.Denied(by, "roster.edit")
    return Suggestion.objects.select_for_update(of=("self",)).get(pk=suggestion_id)


@transaction.atomic
def rate_rectification(*, case_id: int, receipt: str, satisfaction: Satisfaction, remark: str = "") -> None:
    """Count one follow-up rating; each receipt rates a case once, and neither rating nor remark is kept with it."""
    policy.check(policy.BALLOT_HOLDER, "opinion.submit")
    locked = Case.objects.select_for_update(of=("self",), no_key=True)
    case = locked.select_related("result__round", "rectification").get(pk=case_id)
    if case.rectification.state not in RATEABLE:
        raise RuleViolation("单位报送整改报告后，方可评价整改效果。")
    if len(remark) > case.result.round.rulebook["comment_length"]:
        raise RuleViolation(f"意见最多{case.result.round.rulebook['comment_length']}字，请删减后重新提交。")
    round_ = round_of_receipt(receipt)
    if round_ is None or round_.pk != case.result.round_id:
        raise RuleViolation("本轮封箱清单中没有这个回执号，请对照您保存的回执号核对后重新输入。")
    try:
        with transaction.atomic():
            FollowUpMark.objects.create(mark=follow_up_mark(receipt, case.pk))
    except IntegrityError:
        raise RuleViolation("这个回执号已经评价过该科室的整改。") from None
    _count(case, satisfaction)
    _rewrite_remarks(case, [FollowUpRemark(case=case, text=remark)] if remark else [])
    transaction.on_commit(part_ratings, robust=True)


def part_ratings() -> None:
    """Leave nothing in the tables that leads from a mark to a remark or a rating written with it.

    The rating counts whether or not this succeeds (a dump may hold the tables): the next one, or `daily`, parts what
    was left.
    """
    rewrite_tables(FollowUpMark, FollowUpCount, FollowUpRemark)


def _count(case: Case, satisfaction: Satisfaction) -> None:
    """Count the rating in a way that writes every row of the case: which of them grew stands beside no mark."""
    rows = [FollowUpCount(case=case, satisfaction=each) for each in Satisfaction]
    FollowUpCount.objects.bulk_create(rows, ignore_conflicts=True)
    grown = Choose(
        When(satisfaction=satisfaction, then=F("votes") + 1), default=F("votes"), output_field=PositiveIntegerField()
    )
    FollowUpCount.objects.filter(case=case).update(votes=grown)


def _rewrite_remarks(case: Case, added: list[FollowUpRemark]) -> None:
    """Write the new remark and earlier ones together, in random order.

    A row that was written alone, beside the mark of a receipt, would lead from the sentence to the receipt, and from
    there to the ballot: databases keep the order and the transaction of their rows.
    """
    rows = list(FollowUpRemark.objects.select_for_update().filter(case=case).order_by("?")[:REWRITTEN])
    FollowUpRemark.objects.filter(pk__in=[row.pk for row in rows]).delete()
    rows += added
    secrets.SystemRandom().shuffle(rows)
    FollowUpRemark.objects.bulk_create(rows)


def follow_up_mark(receipt: str, case_id: int) -> str:
    """Digest that marks a receipt as used for a case (protocol.md 7)."""
    return hashlib.sha256(f"nanchuan-follow-up/1\n{case_id}\n{receipt}".encode()).hexdigest()


def start_passing_on(*, remark_id: UUID, words: Sequence[str], by: User, at: datetime) -> Approval | None:
    """Propose to pass a remark on to the unit with the words covered; proposals hold positions, not words."""
    remark = FollowUpRemark.objects.get(pk=remark_id)
    spans = [list(span) for span in spans_of(remark.text, words)] if words else []
    return approvals.start(FORWARDING, remark, by=by, at=at, spans=spans)


@transaction.atomic
def pass_on_remark(*, remark_id: UUID, spans: Sequence[Span], by: User, at: datetime) -> FollowUpRemark:
    """Cover these spans for good and let the unit read the remark (转交单位)."""
    policy.check(by, REDACT)
    remark = FollowUpRemark.objects.select_for_update(of=("self",)).get(pk=remark_id)
    refuse_passed_on(remark)
    remark.text, remark.is_passed_on = redact(remark.text, spans), True
    remark.save(update_fields=["text", "is_passed_on"])
    detail = {"step_label": "转交整改评价意见", "places": len(spans)}
    audit.record(REDACT, remark, by=by, at=at, detail=detail)
    if spans:
        transaction.on_commit(partial(scrub, (FollowUpRemark,)))
    return remark


def refuse_passed_on(remark: FollowUpRemark) -> None:
    """Refuse to pass a remark on a second time."""
    if remark.is_passed_on:
        raise RuleViolation("这条意见已经转交单位。")


def retention_rules() -> list[RetentionRule]:
    """Return the retention period of remarks."""
    return [RetentionRule("整改评价意见", "1年", _old_remarks, lambda rows: rows.delete(), _scrub_remarks)]


def _old_remarks(at: datetime) -> QuerySet[FollowUpRemark]:
    published = RoundStep.objects.filter(state=RoundState.PUBLISHED, at__lt=at - REMARKS_KEPT)
    return FollowUpRemark.objects.filter(case__result__round__in=published.values("round"))


def _scrub_remarks() -> None:
    scrub((FollowUpRemark,))


def _spans(asked: Sequence[Sequence[int]]) -> list[Span]:
    return [(start, end) for start, end in asked]


def _content(remark: FollowUpRemark, asked: Arguments) -> dict[str, object]:
    return {
        "轮次": remark.case.result.round.name,
        "科室": str(remark.case.result.section),
        "转交的意见": redact(remark.text, _spans(asked["spans"])),
        "遮盖": f"{len(asked['spans'])}处",
    }


ACTIONS = (
    ApprovableAction(
        FORWARDING,
        REDACT,
        "转交整改评价意见",
        FollowUpRemark,
        _content,
        calls(pass_on_remark, "remark_id", spans=_spans),
        names=lambda remark, asked: f"{remark.case}的一条意见（遮盖{len(asked['spans'])}处）",
        is_small=True,
    ),
)
