"""年度综合考核: the year's listings with their deductions, the cadres that answer for them, the bonuses."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils import timezone

from accountability.assessment.rules import (
    BY_SUPERIOR,
    CADRES_EXPLAINED,
    TAKE_BACK,
    BonusLine,
    CadreLine,
    Line,
    Listed,
    PointRules,
    Post,
    Recorded,
    TakenBack,
    UnitLine,
    assess,
    by_cadre,
    by_unit,
)
from accountability.cases.models import Case, Measure
from accountability.cases.permissions import measures_for
from accountability.cases.rules.deadlines import year_end
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.rectifications.rules import RectificationState
from accountability.results.queries.changes import cut_in_words, read_changes
from departments.models import DepartmentKind, SectionChange
from departments.reforms.rules.lineage import Change, earlier_sections
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.pinyin import text_key
from nanchuan_eval.users.models import User

ASSESSED = (MeasureKind.ASSESSMENT, MeasureKind.BONUS)


@dataclass(frozen=True)
class Assessment:
    """A year's listings and deductions, for the assessment office."""

    year: int
    rounds: Sequence[Round]
    units: Sequence[UnitLine]
    lines: Sequence[Line]
    bonuses: Sequence[BonusLine]
    taken_back: Sequence[TakenBack]
    around_cut: str
    is_demo: bool

    cadres_explained: ClassVar[str] = f"{CADRES_EXPLAINED}{BY_SUPERIOR}"
    take_back: ClassVar[str] = TAKE_BACK

    @cached_property
    def cadres(self) -> list[CadreLine]:
        """The cadres of the leading bodies and the heads, with what they answer for."""
        return by_cadre(self.lines, text_key)

    @property
    def digest(self) -> str:
        """SHA-256 of the lines; equal content gives the same digest."""
        rows = [
            [
                line.listed.unit,
                line.listed.section,
                line.listed.round_name,
                line.listed.rank,
                line.listed.rectification,
                str(line.points) if line.points is not None else "",
                list(line.reasons),
                {key: str(value) for key, value in asdict(line.listed.assessment).items()},
            ]
            for line in self.lines
        ]
        cadres = [[row.unit, row.post.value, row.name, row.places] for row in self.cadres]
        bonuses = [{key: str(value) for key, value in asdict(row).items()} for row in self.bonuses]
        content = {"year": self.year, "lines": rows, "cadres": cadres, "bonuses": bonuses}
        if self.taken_back:
            content["taken_back"] = [{key: str(value) for key, value in asdict(row).items()} for row in self.taken_back]
        return sha256_hex(canonical_json(content))


def read_assessment(year: int) -> Assessment:
    """Return the assessment of the lists published in a year (7 queries)."""
    rounds = [round_ for round_, counted_in in _rounds() if counted_in == year]
    order = {round_.pk: place for place, round_ in enumerate(rounds)}
    measures = Prefetch("measures", Measure.objects.filter(kind__in=ASSESSED))
    cases = Case.objects.filter(result__round__in=order).prefetch_related(measures)
    found = list(cases.select_related("result__section", "result__round", "rectification"))
    changes = list(SectionChange.objects.values_list("earlier__code", "later__code"))
    listed = [case for case in found if case.result.is_listed]
    withdrawn = [case for case in found if not case.result.is_listed]
    lines = assess((_listed(case, order[case.result.round_id], changes) for case in listed), text_key)
    return Assessment(
        year=year,
        rounds=rounds,
        units=by_unit(lines, text_key),
        lines=lines,
        bonuses=sorted(_bonuses(listed), key=_by_name),
        taken_back=sorted(_taken_back(withdrawn), key=_by_name),
        around_cut=cut_in_words(read_changes(rounds[-1]), rounds[-1]) if rounds else "",
        is_demo=any(round_.is_demo for round_ in rounds),
    )


def years() -> list[int]:
    """Return the years in which lists were published, the newest first (one query)."""
    return sorted({year for _, year in _rounds()}, reverse=True)


def to_record(by: User, pks: Sequence[int] = ()) -> QuerySet[Measure]:
    """Return the assessments and bonuses that wait for their record, and those asked for, in the order of units."""
    rows = measures_for(by).filter(kind__in=ASSESSED)
    waiting = rows.filter(state=MeasureState.PENDING, case__state=CaseState.OPEN)
    section = "case__result__section"
    return (waiting | rows.filter(pk__in=pks)).order_by(f"{section}__department_name", f"{section}__code", "position")


def _rounds() -> Iterator[tuple[Round, int]]:
    """Yield the published rounds with the year in whose assessment their listings count."""
    first = Publication.objects.filter(round=OuterRef("pk"), version=1).values("published_at")
    rounds = Round.objects.filter(state__in=PUBLISHED).annotate(published_at=Subquery(first))
    for round_ in rounds.filter(published_at__isnull=False).order_by("period_start", "pk"):
        at = round_.published_at  # type: ignore[attr-defined]  # annotated
        yield round_, year_end(timezone.localdate(at)).year


def _listed(case: Case, order: int, changes: Sequence[Change]) -> Listed:
    section, round_ = case.result.section, case.result.round
    rectification = getattr(case, "rectification", None)
    return Listed(
        order=order,
        round_name=round_.name,
        unit=section.department_name,
        section=section.name,
        unit_code=section.department_code,
        section_code=section.code,
        predecessors=frozenset(earlier_sections(section.code, changes)),
        rank=case.result.rank or 0,
        rectification=rectification.get_state_display() if rectification else "尚未建立整改事项",
        is_closed=bool(rectification and rectification.state == RectificationState.CLOSED),
        by_superior=section.is_vertical or section.department_kind == DepartmentKind.UTILITY,
        rules=PointRules.of(round_.rulebook),
        names={
            Post.CHIEF: section.chief_leader,
            Post.IN_CHARGE: section.leader_in_charge,
            Post.HEAD: case.head_name,
        },
        assessment=_recorded(case),
    )


def _by_name(row: BonusLine | TakenBack) -> tuple[Any, ...]:
    return text_key(row.unit), text_key(row.section), row.round_name


def _recorded(case: Case) -> Recorded:
    for measure in case.measures.all():
        if measure.kind == MeasureKind.ASSESSMENT:
            return Recorded(measure.get_state_display(), measure.done_on, measure.record)
    return Recorded()


def _taken_back(cases: Sequence[Case]) -> Iterator[TakenBack]:
    for case in cases:
        section = case.result.section
        for measure in case.measures.all():
            if measure.state == MeasureState.DONE:
                yield TakenBack(
                    unit=section.department_name,
                    section=section.name,
                    round_name=case.result.round.name,
                    measure=measure.get_kind_display(),
                    done_on=measure.done_on,
                    record=measure.record,
                )


def _bonuses(cases: Sequence[Case]) -> Iterator[BonusLine]:
    for case in cases:
        section = case.result.section
        for measure in case.measures.all():
            if measure.kind == MeasureKind.BONUS:
                yield BonusLine(
                    unit=section.department_name,
                    section=section.name,
                    round_name=case.result.round.name,
                    rank=case.result.rank or 0,
                    due_on=measure.due_on,
                    state=measure.get_state_display(),
                    done_on=measure.done_on,
                    record=measure.record,
                )
