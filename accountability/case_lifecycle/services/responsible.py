"""The head responsible for a listed section (责任人): from the frozen roster, or named by the commission."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accountability.case_lifecycle.queries import retired_heads
from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import HEAD_CORRECTED, CaseState, MeasureKind, MeasureState, without_freeze
from accountability.cases.services import CLOSED, end_freezes, lock_case
from accountability.history.queries import histories
from accountability.promotion_freezes.models import PromotionFreeze
from departments.models import Tenure
from departments.roster.rules.tenure import days_in_period
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

ABOUT_THE_HEAD = (MeasureKind.TALK_HEAD, MeasureKind.SUMMONS, MeasureKind.FREEZE, MeasureKind.REMOVAL_PROMPT)


def heads_in_period(case: Case) -> list[tuple[Tenure, int]]:
    """Return the section's heads in the rated period with their days in office, the longest first (one query)."""
    round_ = case.result.round
    tenures = Tenure.objects.filter(section=case.result.section.section_id)
    served = [(tenure, days_in_period(tenure, round_.period_start, round_.period_end)) for tenure in tenures]
    return sorted((row for row in served if row[1]), key=lambda row: (-row[1], row[0].starts_on))


@transaction.atomic
def change_responsible(*, case_id: int, tenure_id: int, reason: str, by: User, at: datetime) -> Case:
    """Name another head as responsible (更正责任人); pending measures and the freeze move to that person.

    A head who has retired gets no freeze; one takes the place of a retired head's waiver.
    """
    policy.check(by, "acc.open")
    case = lock_case(case_id)
    tenure = next((row for row, _ in heads_in_period(case) if row.pk == tenure_id), None)
    if tenure is None:
        raise RuleViolation("只能改为评议期内任过该科室负责人的人。")
    if is_same_name(tenure.name, case.head_name):
        raise RuleViolation(f"{tenure.name}已是责任人，无需更正。")
    if not reason.strip():
        raise RuleViolation("请填写更正责任人的理由。")
    case.head_name, case.head_reason = tenure.name, reason.strip()
    case.save(update_fields=["head_name", "head_reason"])
    _move_freeze(case, at)
    _end_prompt(case)
    post = f"{case.result.section}主要负责人"
    case.measures.pending().filter(kind__in=ABOUT_THE_HEAD).update(target=f"{post} {tenure.name}")
    detail = {"step_label": "更正责任人", "fixed": fixed_digests(("freezes", case.pk))}
    wrote = [case, *case.measures.all()]
    audit.record("acc.open", case, by=by, at=at, reason=reason.strip(), detail=detail, wrote=wrote)
    return case


def refuse_no_other_head(case: Case) -> None:
    """Refuse to name another head of a closed case, or where nobody else was in office in the rated period."""
    if case.state == CaseState.CLOSED:
        raise RuleViolation(CLOSED)
    if not any(not is_same_name(tenure.name, case.head_name) for tenure, _ in heads_in_period(case)):
        raise RuleViolation(
            "评议期内没有其他负责人任职的登记，不能更正责任人。有其他人任职的，请先由评议办补登负责人任职。"
        )


def _move_freeze(case: Case, at: datetime) -> None:
    """Revoke the former head's freeze and set that of the head now named, or waive it if that one has retired."""
    row = case.measures.filter(kind=MeasureKind.FREEZE).first()
    was_set = case.freezes.filter(lifted_on__isnull=True).exists()
    # Without a freeze a waiver is the former head's own, unless two persons have decided it.
    is_waived = row is not None and row.state == MeasureState.NOT_APPLICABLE and row.done_by is None
    if row is None or not (was_set or is_waived):
        return
    end_freezes(case, f"{HEAD_CORRECTED}{case.head_reason}", at)
    retired_on = retired_heads([case.result], timezone.localdate(at)).get(case.result.pk)
    if retired_on is None:
        _set_freeze(case, row)
    if row.state != MeasureState.DONE:
        row.state = MeasureState.NOT_APPLICABLE if retired_on else MeasureState.PENDING
        row.record = without_freeze(retired_on) if retired_on else ""
        row.target = f"{case.result.section}主要负责人 {case.head_name}"
        row.save(update_fields=["state", "record", "target"])


def _end_prompt(case: Case) -> None:
    """Give up the prompt for a removal that the head now named has not earned in the rounds before."""
    row = case.measures.pending().filter(kind=MeasureKind.REMOVAL_PROMPT).first()
    section = case.result.section
    if row is None or histories(section.round)[section.code].calls_for_removal_prompt:
        return
    row.state, row.record = MeasureState.NOT_APPLICABLE, f"{HEAD_CORRECTED}此前上榜时负责人不是{case.head_name}"
    row.save(update_fields=["state", "record"])


def _set_freeze(case: Case, row: Measure) -> None:
    """Set the freeze of the head now named, on the days of the former head's."""
    last = case.freezes.order_by("pk").last()
    ends_on = last.ends_on if last else row.due_on
    if ends_on is None:
        return
    PromotionFreeze.objects.create(
        case=case,
        person_name=case.head_name,
        post=f"{case.result.section}主要负责人",
        starts_on=last.starts_on if last else case.published_on,
        ends_on=ends_on,
    )
