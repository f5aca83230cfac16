"""The head responsible for a listed section (责任人): from the frozen roster, or named by the commission."""

from datetime import date, datetime

from django.db import transaction

from accountability.cases.models import Case
from accountability.cases.rules.measures import CaseState, MeasureKind
from accountability.cases.services import CLOSED, lock_case
from accountability.promotion_freezes.models import PromotionFreeze
from departments.models import Leaving, Tenure
from departments.roster.rules.tenure import days_in_period
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

ABOUT_THE_HEAD = (MeasureKind.TALK_HEAD, MeasureKind.SUMMONS, MeasureKind.FREEZE, MeasureKind.REMOVAL_PROMPT)


def heads_in_period(case: Case) -> list[tuple[Tenure, int]]:
    """Return the section's heads in the rated period with their days in office, the longest first (one query)."""
    round_ = case.result.round
    tenures = Tenure.objects.filter(section=case.result.section.section_id)
    served = [(tenure, days_in_period(tenure, round_.period_start, round_.period_end)) for tenure in tenures]
    return sorted((row for row in served if row[1]), key=lambda row: (-row[1], row[0].starts_on))


@transaction.atomic
def change_responsible(*, case_id: int, tenure_id: int, reason: str, by: User, at: datetime) -> Case:
    """Name another head as responsible (更正责任人); pending measures and the freeze move to that person."""
    policy.check(by, "acc.open")
    case = lock_case(case_id)
    tenure = next((row for row, _ in heads_in_period(case) if row.pk == tenure_id), None)
    if tenure is None:
        raise RuleViolation("只能改为评议期内任过该科室负责人的人。")
    if is_same_name(tenure.name, case.head_name):
        raise RuleViolation(f"{tenure.name}已是责任人，无需更正。")
    if not reason.strip():
        raise RuleViolation("请填写更正责任人的理由。")
    _move_freeze(case, tenure, reason.strip(), on=at.date())
    post = f"{case.result.section}主要负责人"
    case.measures.pending().filter(kind__in=ABOUT_THE_HEAD).update(target=f"{post} {tenure.name}")
    case.head_name, case.head_reason = tenure.name, reason.strip()
    case.save(update_fields=["head_name", "head_reason"])
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


def _move_freeze(case: Case, tenure: Tenure, reason: str, *, on: date) -> None:
    freeze = case.freezes.filter(lifted_on__isnull=True).first()
    if freeze is None:
        return
    if tenure.leaving == Leaving.RETIRED and tenure.ends_on:
        raise RuleViolation(f"{tenure.name}已于{in_chinese(tenure.ends_on)}退休，不能登记影响期。")
    freeze.lifted_on = max(on, freeze.starts_on)
    freeze.lift_reason = f"更正责任人：{reason}"[:300]
    freeze.save(update_fields=["lifted_on", "lift_reason"])
    PromotionFreeze.objects.create(
        case=case,
        person_name=tenure.name,
        post=freeze.post,
        starts_on=freeze.starts_on,
        ends_on=freeze.ends_on,
    )
