"""A section's history for its page."""

from dataclasses import dataclass

from departments.models import ChangeKind, Department, Section, SectionChange, SectionQuerySet
from departments.reforms.rules.lineage import Continued, Line, Step, Title, continued_sections, history_lines

# Reforms after which a section that takes part no longer is over.
ENDING = (ChangeKind.MERGED, ChangeKind.SPLIT, ChangeKind.ABOLISHED)


@dataclass(frozen=True)
class SectionHistory:
    """沿革 of one section: its changes, and the sections (with primary keys) whose ranks it continues."""

    lines: list[Line]
    continues: list[tuple[int, Continued]]


def title_of(section: Section) -> Title:
    """Return the present name and department of a section."""
    return Title(section.name, section.department.name)


def standing_sections(*departments: Department) -> SectionQuerySet:
    """Return the departments' sections that no reform has ended, also those that take no part for a time."""
    ended = SectionChange.objects.filter(kind__in=ENDING, earlier__is_active=False).values("earlier")
    found = Section.objects.filter(department__in=departments).exclude(pk__in=ended)
    return found.select_related("department").order_by("pk")


def section_history(section: Section) -> SectionHistory:
    """Return the section's history (1 query, which reads all reforms, since there are few)."""
    changes = _changes()
    known = {one.code: one for change in changes for one in (change.earlier, change.later) if one}
    steps = [_step(change) for change in changes]
    return SectionHistory(
        lines=history_lines(section.code, steps, {code: title_of(one) for code, one in known.items()}),
        continues=[(known[one.code].pk, one) for one in continued_sections(section.code, steps)],
    )


def reform_steps() -> list[Step]:
    """Return all reforms in the order of their days (1 query)."""
    return [_step(change) for change in _changes()]


def _changes() -> list[SectionChange]:
    return list(SectionChange.objects.select_related("earlier__department", "later__department"))


def _step(change: SectionChange) -> Step:
    return Step(
        on=change.on,
        kind=change.kind,
        earlier=change.earlier.code,
        later=change.later.code if change.later else None,
        was=Title(change.earlier_name, change.earlier_department_name),
        note=change.note,
    )
