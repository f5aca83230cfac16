"""科室经过: all that happened to a section over the rounds, as far as an account may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accountability.history.models import EarlierListing
from accountability.section_story.queries.checks import objections_of, visits_and_orders
from accountability.section_story.queries.consequences import cases_of, lists_of, rectifications_of
from accountability.section_story.queries.reading import Reading
from accountability.section_story.rules import Entry, Kind, in_order
from departments.models import Section, SectionChange
from departments.reforms.rules.lineage import earlier_sections
from evaluations.rounds.models import Round, RoundSection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User


@dataclass(frozen=True)
class Chapter:
    """What happened to a section (or its predecessor) in one round; an imported list has no `round_`."""

    name: str
    key: str
    section: str
    entries: Sequence[Entry]
    round_: Round | None = None


def sections_for(by: User) -> QuerySet[RoundSection]:
    """Return the sections whose story the account may see: all, its unit's, or those an inspector visits."""
    rows = RoundSection.objects.select_related("round", "result")
    if policy.may_see(by, "rect.view"):
        return rows
    if not policy.may_see(by, "rect.view", own=True):
        return rows.none()
    if by.role == Role.INSPECTOR:
        return rows.filter(inspections__inspectors=by).distinct()
    return rows.filter(department_code=by.unit_code) if by.unit_code else rows.none()


def read_story(code: str, *, by: User) -> list[Chapter]:
    """Return the chapters of a section, the newest round first, in a fixed number of queries.

    Predecessors of reforms (沿革) are followed. Every entry is one that the account may open on its own page.
    """
    known = {code, *earlier_sections(code, SectionChange.objects.values_list("earlier__code", "later__code"))}
    sections = list(sections_for(by).filter(code__in=known).order_by("-round__period_start", "-round", "code"))
    reading = Reading(by, sections)
    found = [
        *lists_of(reading),
        *cases_of(reading),
        *rectifications_of(reading),
        *visits_and_orders(reading),
        *objections_of(reading),
    ]
    counted = [
        Chapter(
            section.round.name,
            section.round.key,
            str(section),
            in_order(entry for of, entry in found if of == section.pk),
            section.round,
        )
        for section in sections
    ]
    return [*counted, *_imported(by, known, is_demo=any(section.round.is_demo for section in sections))]


def _imported(by: User, codes: Iterable[str], *, is_demo: bool) -> list[Chapter]:
    """Return the chapters of lists that were published before this system; a demonstration has none."""
    if is_demo:
        return []
    sections = Section.objects.filter(code__in=codes)
    if not policy.may_see(by, "rect.view"):
        sections = sections.filter(department__code=by.unit_code) if by.role == Role.LIAISON else sections.none()
    rows = EarlierListing.objects.filter(section__in=sections).select_related("round")
    return [
        Chapter(
            row.round.name,
            row.round.key,
            str(row),
            [Entry(Kind.LIST, f"公示（往期上榜名单）：第{row.rank}位", None, details=_problems(row.problems))],
        )
        for row in rows.order_by("-round__period_start", "rank")
    ]


def _problems(text: str) -> tuple[tuple[str, str], ...]:
    return (("主要问题", text),) if text else ()
