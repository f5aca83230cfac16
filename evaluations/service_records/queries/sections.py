"""The sections by all their names, for reading records."""

from departments.models import Section, SectionChange
from departments.roster.queries import unit_names
from evaluations.service_records.rules.sections import Called, SectionNames, heirs_of


def section_names() -> SectionNames:
    """Return every section by code, name and former names, led to the sections that continue it (5 queries)."""
    sections = list(Section.objects.select_related("department"))
    changes = list(SectionChange.objects.select_related("earlier__department", "later"))
    later: dict[str, list[str]] = {}
    for change in changes:
        if change.later and change.later_id != change.earlier_id:
            later.setdefault(change.earlier.code, []).append(change.later.code)
    called = [Called(one.code, one.name, one.department.code, one.department.name) for one in sections]
    called += [
        Called(one.earlier.code, one.earlier_name, one.earlier.department.code, one.earlier_department_name)
        for one in changes
    ]
    active = frozenset(one.code for one in sections if one.is_active and one.department.is_active)
    heirs = {one.code: heirs_of(one.code, later, active) for one in sections}
    return SectionNames(called, heirs, unit_names())


def sections_by_code() -> dict[str, tuple[int, int]]:
    """Return code -> (primary key, primary key of the unit) of every section (1 query)."""
    rows = Section.objects.order_by().values_list("code", "pk", "department_id")
    return {code: (pk, unit) for code, pk, unit in rows}
