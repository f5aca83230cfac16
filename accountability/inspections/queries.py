"""Which sections a plan has to visit and why, which of them no visit covers, what a return visit checks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accountability.evidence.models import Evidence
from accountability.inspections.models import Finding, Inspection, InspectionPlan, Order
from accountability.inspections.rules import ORDERING, UNCHECKED, InspectionState, PlanState, Target, uncovered
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.result import TOO_FEW
from evaluations.scoring.wording import explain


@dataclass(frozen=True)
class Wanted:
    """A section that a plan has to visit, with the reason in words."""

    section: RoundSection
    target: Target
    reason: str


@dataclass(frozen=True)
class Scope:
    """How many sections of a round are visited on which ground, and how many there are to draw from."""

    listed: int
    too_few: int
    others: int

    def in_words(self, drawn: int) -> str:
        """Return whom a plan visits that draws so many of the others."""
        grounds = (("上榜科室", self.listed), ("样本不足的科室", self.too_few))
        every = "和".join(f"{name}（{count}个）" for name, count in grounds if count)
        some = f"随机抽查{drawn}个科室" if drawn else ""
        return "，另".join(filter(None, (every and f"全部{every}", some))) or "没有应当暗访的科室"


@dataclass(frozen=True)
class Ordered:
    """What a return visit checks: the order with the findings and files of the visit it followed."""

    order: Order
    findings: Sequence[Finding]
    files: Sequence[Evidence]


def listed_sections(round_: Round) -> QuerySet[RoundSection]:
    """Return the sections on the list as it stands: a correction has taken the withdrawn ones off."""
    return round_.sections.filter(result__is_listed=True)


def sections_with_too_few(round_: Round) -> QuerySet[RoundSection]:
    """Return the sections whose ballots were too few for a place (样本不足)."""
    return round_.sections.filter(result__is_listed=False, result__label=TOO_FEW)


def visits_unchecked() -> QuerySet[Inspection]:
    """Return the visits whose findings nobody has ordered to mend, or whose order has not been checked."""
    found = Inspection.objects.filter(state=InspectionState.APPROVED, conclusion__in=ORDERING)
    return found.filter(Q(order=None) | Q(order__state__in=UNCHECKED))


def other_sections(round_: Round) -> QuerySet[RoundSection]:
    """Return the sections among which a plan's further ones are drawn."""
    return round_.sections.exclude(result__is_listed=True).exclude(result__label=TOO_FEW)


def scope_of(round_: Round) -> Scope:
    """Return how many sections each ground for a visit concerns (three queries)."""
    return Scope(listed_sections(round_).count(), sections_with_too_few(round_).count(), other_sections(round_).count())


def wanted_sections(plan: InspectionPlan) -> list[Wanted]:
    """Return the sections a plan has to visit, in the order of their codes (two queries)."""
    drawn = set(plan.draw.entries.filter(is_selected=True).values_list("ref", flat=True)) if plan.draw else set()
    sections = (
        listed_sections(plan.round) | sections_with_too_few(plan.round) | plan.round.sections.filter(code__in=drawn)
    )
    return [
        Wanted(section, *_ground(section, plan.round, is_drawn=section.code in drawn))
        for section in sections.select_related("result").distinct().order_by("code")
    ]


def left_uncovered(plan: InspectionPlan, visits: Iterable[Inspection]) -> list[Wanted]:
    """Return the sections of a plan that no visit covers: newly concerned ones, and those whose visit is cancelled.

    A finished plan wants nothing more: there, only cancelled visits have left a section without one.
    """
    given = [(visit.section.code, visit.state) for visit in visits]
    wanted = {each.section.code: each for each in wanted_sections(plan)}
    known = {code for code, _ in given}
    asked = [code for code in wanted if plan.state != PlanState.DONE or code in known]
    return [wanted[code] for code in uncovered(asked, given)]


def never_scheduled(plan: InspectionPlan) -> list[Wanted]:
    """Return the sections of a plan that have had no visit at all, not even a cancelled one."""
    visits = list(plan.inspections.select_related("section"))
    known = {visit.section.code for visit in visits}
    return [each for each in left_uncovered(plan, visits) if each.section.code not in known]


def reason_of(visit: Inspection) -> str:
    """Return in words why a section is visited; its result is read with it."""
    if visit.target == Target.TOO_FEW:
        return explain(visit.section.result.data, visit.plan.round.rulebook, inside=False)
    return visit.source


def ordered_before(visit: Inspection) -> Ordered | None:
    """Return what was ordered after the visit that this one checks (回访复查), for whoever may view this one."""
    first = visit.returns_to
    order = Order.objects.filter(inspection=first).first() if first else None
    if first is None or order is None:
        return None
    return Ordered(order, list(first.findings.all()), list(first.evidence.servable()))


def _ground(section: RoundSection, round_: Round, *, is_drawn: bool) -> tuple[Target, str]:
    result = section.result
    if result.is_listed:
        return Target.LISTED, f"本轮上榜，位列第{result.rank}位"
    if result.label == TOO_FEW:
        return Target.TOO_FEW, explain(result.data, round_.rulebook, inside=False).rstrip("。")
    return Target.DRAWN, "随机抽查抽中" if is_drawn else ""
