"""A counted round, or one unit's sections, in a constant number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accountability.cases.models import Case
from accountability.history.queries import RoundHistory, read_history
from accountability.history.rules.history import History
from accountability.inspections.rules import InspectionState
from accountability.results.queries.lines import Line, read_line
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import PUBLISHED, RoundState, Step, next_step
from evaluations.scoring.wording import explain
from evaluations.tally.models import SectionResult, Tally
from evaluations.tally.queries.figures import Figures, read_figures


@dataclass(frozen=True)
class Result:
    """A counted round: the listed sections, all ranked ones and those with too few ballots (样本不足)."""

    round_: Round
    tally: Tally
    figures: Figures
    past: RoundHistory
    publication: Publication | None
    listed: list[Line]
    ranked: list[Line]
    unranked: list[Line]

    @property
    def is_published(self) -> bool:
        """True once the list is published; until then it is for the office and the commission only."""
        return self.publication is not None

    @property
    def has_certain_places(self) -> bool:
        """True if at least one listed place is beyond sampling error."""
        return any(line.result.label in {"明确", "一票否决"} for line in self.listed)


@dataclass(frozen=True)
class NextStep:
    """The commission's next step for a round, with the conditions not met yet."""

    name: str
    label: str
    missing: list[str]


def commission_step(round_: Round, *, at: datetime) -> NextStep | None:
    """Return publication or archiving if it is the round's next step."""
    step = next_step(RoundState(round_.state))
    if step not in {Step.PUBLISH, Step.ARCHIVE}:
        return None
    open_cases = Case.objects.of_round(round_.pk).open().count() if step == Step.ARCHIVE else 0
    return NextStep(step.value, step.label, missing_for(round_, step, at, open_cases=open_cases))


def read_result(round_: Round) -> Result:
    """Return everything about a counted round (10 queries, independent of the number of sections)."""
    past = read_history(round_)
    history_of = past.histories()
    tally = round_.tally
    figures = read_figures(round_, tally)
    results = list(_results(SectionResult.objects.filter(round=round_)))
    in_class = _places_in_class(results)
    lines = [
        replace(
            read_line(result, history_of.get(result.section.code, History()), figures),
            sentence=explain(result.data, round_.rulebook),
            without_flags=tally.without_flags.get(result.section.code, [None])[0],
            recommended=figures.recommended.get(result.section.code),
            in_class=in_class.get(result.pk),
        )
        for result in results
    ]
    return Result(
        round_=round_,
        tally=tally,
        figures=figures,
        past=past,
        publication=round_.publications.select_related("approved_by").order_by("-version").first(),
        listed=[line for line in lines if line.result.is_listed],
        ranked=[line for line in lines if line.result.rank is not None],
        unranked=[line for line in lines if line.result.rank is None],
    )


def read_unit(unit_code: str) -> list[tuple[Round, list[Line]]]:
    """Return a unit's own sections by round, the newest first (6 queries).

    Includes published rounds and the preliminary result (初步结果) of a round open to objections.
    """
    visible = (RoundState.REVIEW, *PUBLISHED)
    results = SectionResult.objects.filter(round__state__in=visible, section__department_code=unit_code)
    by_round: dict[Round, list[Line]] = {}
    for result in _results(results.select_related("round").order_by("-round__period_start", "rank", "section__code")):
        sentence = explain(result.data, result.round.rulebook, inside=False)
        by_round.setdefault(result.round, []).append(replace(read_line(result, History(), None), sentence=sentence))
    return list(by_round.items())


def _results(results: QuerySet[SectionResult]) -> QuerySet[SectionResult]:
    visits = Count("section__inspections", filter=Q(section__inspections__state=InspectionState.APPROVED))
    related = results.select_related("section__veto", "case__rectification")
    return related.prefetch_related("case__measures", "case__freezes").annotate(visits=visits)


def _places_in_class(results: Iterable[SectionResult]) -> dict[int, int]:
    """Return each ranked section's place among those of its kind of service (服务类型)."""
    kinds: dict[str, list[SectionResult]] = {}
    for result in results:
        if result.rank is not None:
            kinds.setdefault(result.section.service_kind, []).append(result)
    return {
        result.pk: 1 + sum((other.rank or 0) < (result.rank or 0) for other in group)
        for group in kinds.values()
        for result in group
    }
