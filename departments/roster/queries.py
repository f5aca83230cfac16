"""The roster's units by all their names; what the actions on it fix (固定内容): rows whose digests the log holds."""

from collections.abc import Mapping

from departments.models import Department, Section, SectionChange, Tenure
from nanchuan_eval.audit.queries import RowFact
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import Unit, UnitNames
from nanchuan_eval.profile.queries import current_profile

DEPARTMENT = (
    *("code", "name", "kind", "is_vertical", "superior"),
    *("chief_leader", "leader_in_charge", "is_active"),
)
CHANGE = (
    *("kind", "earlier_id", "later_id", "earlier_name", "earlier_department_name"),
    *("on", "note"),
)
ROWS = (
    RowFact("单位", Department, DEPARTMENT),
    RowFact("单位的简称和曾用名", Department, ("short_names", "former_names"), part="names"),
    RowFact("科室", Section, ("code", "department_id", "name", "service_kind", "is_active")),
    RowFact("科室负责人任职", Tenure, ("section_id", "name", "starts_on", "ends_on", "leaving")),
    RowFact("科室沿革", SectionChange, CHANGE),
)


def unit_names() -> UnitNames:
    """Return all units of the roster with all names of their sections, to recognise them in lists (2 queries).

    A unit that takes part no longer is its own, unless another one has taken over its name (单位合并).
    """
    departments = {one.pk: one for one in Department.objects.order_by("code")}
    heirs = {name_key(name): one for one in departments.values() if one.is_active for name in one.other_names}
    named = Section.objects.order_by().values_list("department_id", "name")
    once = SectionChange.objects.order_by().values_list("earlier__department_id", "earlier_name")
    sections: dict[str, list[str]] = {}
    for one in departments.values():
        sections.setdefault(_heir(one, heirs).code, [])
    for department, name in named.union(once).order_by("department_id", "name"):
        sections[_heir(departments[department], heirs).code].append(name)
    units = [
        Unit(one.code, one.name, one.other_names, tuple(sections[one.code]))
        for one in departments.values()
        if one.code in sections
    ]
    return UnitNames(units, current_profile().place_names)


def _heir(one: Department, heirs: Mapping[str, Department]) -> Department:
    return one if one.is_active else heirs.get(name_key(one.name), one)
