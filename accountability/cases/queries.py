"""Who decided that a measure does not apply (不适用), and what came of the cases of a round."""

from collections.abc import Iterable

from django.db.models import Case as Choice
from django.db.models import Exists, OuterRef, Value, When
from django.utils import timezone

from accountability.cases.models import Case, Measure, cancelled
from accountability.cases.rules.measures import MeasureState
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.workdays.rules import in_chinese

WAIVE, WAIVE_FREEZE = "measure.waive", "freeze.waive"
BY_ITSELF = "系统随公示或者更正自动认定，不是审批决定"


def waivers(measures: Iterable[Measure]) -> dict[int, str]:
    """Return in words, by key, who decided that the waived ones do not apply, when and why.

    One query if there are decisions, none otherwise; `done_by` must be read with the measures.
    """
    waived = [measure for measure in measures if measure.state == MeasureState.NOT_APPLICABLE]
    decided = [measure for measure in waived if measure.done_by_id]
    known = _decisions(decided) if decided else {}
    return {measure.pk: f"{_decided(measure, known)}；理由：{measure.record}" for measure in waived}


def waiving_decisions(measures: Iterable[Measure]) -> list[tuple[Measure, Approval]]:
    """Return the measures that two persons decided not to apply, with the decision (one query, none if none is)."""
    decided = {str(m.pk): m for m in measures if m.state == MeasureState.NOT_APPLICABLE and m.done_by_id}
    known = _decisions(list(decided.values())) if decided else {}
    return [(decided[key], approval) for key, approval in known.items()]


def cases_ended(round_: int | OuterRef) -> Choice:
    """Expression for what came of the cases of a round that has none open, which is given by its key."""
    cases = Case.objects.filter(result__round=round_)
    return Choice(
        When(~Exists(cases), Value("没有科室上榜，没有问责事项")),
        When(~Exists(cases.exclude(cancelled())), Value("上榜科室均已撤下，问责事项均已撤销")),
        When(Exists(cases.filter(cancelled())), Value("问责事项均已办结或者撤销，未撤下科室的整改均已销号")),
        default=Value("问责事项均已办结、整改均已销号"),
    )


def _decisions(measures: Iterable[Measure]) -> dict[str, Approval]:
    keys = [str(measure.pk) for measure in measures]
    found = Approval.objects.filter(kind__in=[WAIVE, WAIVE_FREEZE], state=Approval.State.APPROVED, object_id__in=keys)
    return {approval.object_id: approval for approval in found.select_related("proposed_by", "decided_by")}


def _decided(measure: Measure, known: dict[str, Approval]) -> str:
    approval = known.get(str(measure.pk))
    if approval and approval.decided_by and approval.decided_at:
        on = in_chinese(timezone.localdate(approval.decided_at))
        return f"{approval.proposed_by.name}提请，{approval.decided_by.name}于{on}批准"
    return f"{measure.done_by.name}一人办理，未经另一人审批" if measure.done_by else BY_ITSELF
