"""A counted round, or one unit's sections, in a constant number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet

from accountability.cases.models import Measure
from accountability.cases.queries import cases_ended
from accountability.history.queries import RoundHistory, read_history
from accountability.history.rules.history import History
from accountability.inspections.rules import InspectionState
from accountability.rectifications.queries import signs_of
from accountability.results.queries.changes import read_published_changes
from accountability.results.queries.lines import Line, has_scores, read_line
from accountability.talks.queries import with_talks
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.queries import lacks_for
from evaluations.rounds.rules.lacks import Lack
from evaluations.rounds.rules.lifecycle import COUNTED, PUBLISHED, RoundState, Step, next_step
from evaluations.scoring.method import Method
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.result import CERTAIN, VETOED
from evaluations.scoring.wording import empty_list, explain, interval_note, nobody_apart, places_heading
from evaluations.tally.models import SectionResult, Tally, by_place
from evaluations.tally.queries.figures import Figures, read_figures
from evaluations.tally.rules.main_problems import often_ticked


@dataclass(frozen=True)
class Places:
    """What the places and intervals of a round refer to: all its sections, the ranked ones, those with a place.

    A vetoed section has a place even if it has too few ballots to be ranked.
    """

    round_: Round
    sections: int
    ranked: int
    placed: int

    @property
    def heading(self) -> str:
        """The words above the places."""
        return places_heading(self.ranked, self.placed)

    @property
    def asked(self) -> Questionnaire:
        """What the round called its indicators and levels."""
        return questionnaire_of(self.round_.rulebook)

    @property
    def interval_note(self) -> str:
        """What the intervals cover."""
        return interval_note(self.round_.rulebook, self.sections)


@dataclass(frozen=True)
class Result:
    """A counted round: the listed sections, all with a place and those with too few ballots (样本不足)."""

    round_: Round
    tally: Tally
    figures: Figures
    past: RoundHistory
    # Versions of the published list, in order; none before publication.
    publications: list[Publication]
    places: Places
    listed: list[Line]
    ranked: list[Line]
    unranked: list[Line]

    @property
    def publication(self) -> Publication | None:
        """The version in force; None before publication."""
        return self.publications[-1] if self.publications else None

    @property
    def asked(self) -> Questionnaire:
        """What the round called its indicators and levels."""
        return self.places.asked

    @property
    def is_published(self) -> bool:
        """True once the list is published; until then it is for the office and the commission only."""
        return self.publication is not None

    @property
    def unranked_again(self) -> list[Line]:
        """The sections that had too few ballots in the round before, too (连续样本不足)."""
        return [line for line in self.unranked if line.history.stays_too_few]

    @property
    def scored(self) -> list[Line]:
        """The sections whose scores are shown."""
        return [line for line in self.ranked if line.has_scores]

    @property
    def is_by_method_one(self) -> bool:
        """True if the round was counted by NC-1."""
        return isinstance(self.figures.method, Method)

    @property
    def empty(self) -> str:
        """Why no section is listed."""
        return empty_list(self.places.placed)

    @property
    def caution(self) -> str:
        """What to say above a list if the count found no listed section, withdrawn or not, clearly apart."""
        labels = {line.result.label for line in self.ranked if line.result.data["listed"]}
        if not self.is_by_method_one:
            return nobody_apart(labels, self.round_.rulebook["list_length"], len(self.figures.method.sections))
        is_unsure = labels and not labels & {CERTAIN, VETOED}
        return "本轮上榜科室与未上榜科室的差别均在误差范围内，运用结果应当从严把握。" if is_unsure else ""


@dataclass(frozen=True)
class NextStep:
    """The commission's next step for a round, with the conditions not met yet."""

    step: str
    label: str
    missing: list[Lack]
    # What came of the cases, of a round that can be archived.
    ended: str = ""


def commission_step(round_: Round, *, at: datetime) -> NextStep | None:
    """Return publication or archiving if it is the round's next step."""
    step = next_step(RoundState(round_.state))
    if step not in {Step.PUBLISH, Step.ARCHIVE}:
        return None
    missing = lacks_for(round_, step, at)
    if missing or step == Step.PUBLISH:
        return NextStep(step.value, step.label, missing)
    ended = Round.objects.filter(pk=round_.pk).values_list(cases_ended(round_.pk), flat=True)
    return NextStep(step.value, step.label, missing, ended.get())


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
            read_line(result, history_of.get(result.section.code, History()), figures, round_.rulebook),
            sentence=explain(result.data, round_.rulebook, is_withdrawn=result.is_withdrawn),
            without_flags=tally.without_flags.get(result.section.code, [None])[0],
            recommended=figures.recommended.get(result.section.code) if has_scores(result) else None,
            in_class=in_class.get(result.pk),
        )
        for result in results
    ]
    return Result(
        round_=round_,
        tally=tally,
        figures=figures,
        past=past,
        publications=list(round_.publications.select_related("approved_by", "round").order_by("version")),
        places=places_of(round_, results),
        listed=[line for line in lines if line.result.is_listed],
        ranked=[line for line in lines if line.result.rank is not None],
        unranked=[line for line in lines if line.result.rank is None],
    )


def places_of(round_: Round, results: Sequence[SectionResult]) -> Places:
    """Return what the places of these results, all of one round, refer to."""
    placed = sum(result.rank is not None for result in results)
    return Places(round_, len(results), sum(map(has_scores, results)), placed)


def read_unit(unit_code: str) -> list[tuple[Round, Places, list[Line]]]:
    """Return a unit's own sections by round, the newest first (8 queries).

    Includes published rounds, with their change, and the preliminary result (初步结果) of a round open to objections.
    """
    visible = SectionResult.objects.filter(round__state__in=(RoundState.REVIEW, *PUBLISHED))
    own = visible.filter(section__department_code=unit_code).select_related("round")
    results = list(_results(own, "-round__period_start"))
    changes = read_published_changes(result.round for result in results)
    by_round: dict[Round, list[Line]] = {}
    signs = {result.round: signs_of(result.round) for result in results if result.round.state in PUBLISHED}
    for result in results:
        line = read_line(result, History(), None, result.round.rulebook)
        sentence = explain(result.data, result.round.rulebook, inside=False, is_withdrawn=result.is_withdrawn)
        change = changes[result.round].of(result.section.code) if result.round in changes else ""
        line = replace(line, sentence=sentence, change=change, signs=_signs_for_unit(result, signs))
        by_round.setdefault(result.round, []).append(line)
    places = _places_in_rounds(by_round)
    return [(round_, places[round_], lines) for round_, lines in by_round.items()]


def read_sections(codes: Collection[str], *, is_demo: bool) -> list[tuple[Places, Line]]:
    """Return the results of sections in all counted rounds, the newest first, for office and commission (6 queries)."""
    counted = SectionResult.objects.filter(round__state__in=COUNTED, round__is_demo=is_demo, section__code__in=codes)
    results = list(_results(counted.select_related("round"), "-round__period_start", "-round", "section__code"))
    places = _places_in_rounds({result.round for result in results})
    return [
        (
            places[result.round],
            replace(
                read_line(result, History(), None, result.round.rulebook),
                sentence=explain(result.data, result.round.rulebook, is_withdrawn=result.is_withdrawn),
            ),
        )
        for result in results
    ]


def _places_in_rounds(rounds: Iterable[Round]) -> dict[Round, Places]:
    """Return what the places of several rounds refer to (one query)."""
    known = {round_.pk: round_ for round_ in rounds}
    is_ranked = Q(rank__isnull=False, difficulty__isnull=False)
    counts = SectionResult.objects.filter(round__in=list(known)).order_by().values("round")
    counts = counts.annotate(sections=Count("pk"), ranked=Count("pk", filter=is_ranked), placed=Count("rank"))
    return {
        known[row["round"]]: Places(known[row["round"]], row["sections"], row["ranked"], row["placed"])
        for row in counts
    }


def _signs_for_unit(
    result: SectionResult, signs: Mapping[Round, Mapping[str, Mapping[str, str]]]
) -> tuple[str, ...] | None:
    """Return what a unit may know of a section not listed: after publication, of enough ballots, no counts."""
    if result.is_listed or result.round not in signs or not has_scores(result):
        return None
    return tuple(often_ticked(result.ticks, signs[result.round]))


def _results(results: QuerySet[SectionResult], *first: str) -> QuerySet[SectionResult]:
    """Return the results in order of their places; counting drops the order of the model."""
    visits = Count("section__inspections", filter=Q(section__inspections__state=InspectionState.APPROVED))
    related = results.select_related("section__veto", "case__rectification")
    measures = Prefetch("case__measures", with_talks(Measure.objects.all()))
    counted = related.prefetch_related(measures, "case__freezes").annotate(visits=visits)
    return counted.order_by(*first, *by_place())


def _places_in_class(results: Iterable[SectionResult]) -> dict[int, int]:
    """Return each ranked section's place among those of its kind of service (服务类型)."""
    kinds: dict[str, list[SectionResult]] = {}
    for result in results:
        if has_scores(result):
            kinds.setdefault(result.section.service_kind, []).append(result)
    return {
        result.pk: 1 + sum((other.rank or 0) < (result.rank or 0) for other in group)
        for group in kinds.values()
        for result in group
    }
