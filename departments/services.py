"""Changes of the roster: import as a whole, and the reforms that sections go through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from departments.models import ChangeKind, Department, Section, SectionChange, Tenure
from departments.rules.roster import RosterError, RosterRow, SourceRow, parse_roster
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation

DEPARTMENT_FIELDS = ("name", "kind", "is_vertical", "superior", "chief_leader", "leader_in_charge")
# From when a head is taken to be in office if the roster does not say.
UNKNOWN_START = date(2000, 1, 1)


@dataclass(frozen=True)
class RosterReport:
    """What an import did or would do; `absent` = active sections that the file does not name."""

    departments: int
    sections: int
    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    absent: tuple[str, ...]


@transaction.atomic
def import_roster(
    *, rows: Iterable[SourceRow], by: policy.Actor, at: datetime, dry_run: bool = False
) -> RosterReport:
    """Take a roster over, all or nothing, by codes; nothing is deleted (a constant number of SQL statements)."""
    policy.check(by, "roster.import")
    try:
        parsed = parse_roster(rows)
    except RosterError as error:
        raise RuleViolation(*error.reasons) from None
    before = {section.code: section for section in Section.objects.select_related("department")}
    report = _compare(parsed, before)
    if not dry_run:
        departments = _save_departments(parsed)
        sections = _save_sections(parsed, departments)
        _save_heads(parsed, sections)
        audit.record("roster.import", None, by=by, at=at, detail=_figures(report))
    return report


@transaction.atomic
def rename_section(*, section_id: int, name: str, on: date, by: policy.Actor, at: datetime) -> SectionChange:
    """Give a section a new name (更名); it stays the same section."""
    section = _lock(section_id, by)
    change = _change(ChangeKind.RENAMED, section, section, on)
    section.name = _given(name)
    section.save(update_fields=["name"])
    return _recorded(change, by=by, at=at)


@transaction.atomic
def move_section(
    *, section_id: int, department_id: int, on: date, by: policy.Actor, at: datetime
) -> SectionChange:
    """Move a section to another department (划转)."""
    section = _lock(section_id, by)
    change = _change(ChangeKind.MOVED, section, section, on)
    section.department = Department.objects.get(pk=department_id)
    section.save(update_fields=["department"])
    return _recorded(change, by=by, at=at)


@transaction.atomic
def merge_sections(
    *, section_ids: Sequence[int], into_id: int, on: date, by: policy.Actor, at: datetime
) -> list[SectionChange]:
    """Merge sections into one (合并): it inherits their ranks, they take part no longer."""
    target = _lock(into_id, by)
    merged = [_lock(section_id, by) for section_id in section_ids if section_id != into_id]
    if not merged:
        raise RuleViolation("合并至少需要两个科室。")
    changes = [_change(ChangeKind.MERGED, section, target, on) for section in merged]
    _retire(merged)
    return [_recorded(change, by=by, at=at) for change in changes]


@transaction.atomic
def split_section(
    *, section_id: int, into_ids: Sequence[int], on: date, by: policy.Actor, at: datetime
) -> list[SectionChange]:
    """Split a section (拆分): each part inherits its ranks; the old one stays only if it is itself a part."""
    section = _lock(section_id, by)
    if len(set(into_ids)) < 2:
        raise RuleViolation("拆分至少得到两个科室。")
    parts = Section.objects.filter(pk__in=into_ids).exclude(pk=section.pk)
    changes = [_change(ChangeKind.SPLIT, section, part, on) for part in parts]
    if section_id not in into_ids:
        _retire([section])
    return [_recorded(change, by=by, at=at) for change in changes]


@transaction.atomic
def abolish_section(*, section_id: int, on: date, by: policy.Actor, at: datetime) -> SectionChange:
    """Abolish a section (撤销): it takes part no longer, its history stays."""
    section = _lock(section_id, by)
    change = _change(ChangeKind.ABOLISHED, section, None, on)
    _retire([section])
    return _recorded(change, by=by, at=at)


def _compare(rows: Sequence[RosterRow], before: dict[str, Section]) -> RosterReport:
    created = [row.section_code for row in rows if row.section_code not in before]
    changed = [
        row.section_code
        for row in rows
        if row.section_code in before and _differs(row, before[row.section_code])
    ]
    named = {row.section_code for row in rows}
    return RosterReport(
        departments=len({row.department_code for row in rows}),
        sections=len(rows),
        created=tuple(created),
        changed=tuple(changed),
        unchanged=len(rows) - len(created) - len(changed),
        absent=tuple(
            sorted(code for code, section in before.items() if section.is_active and code not in named)
        ),
    )


def _differs(row: RosterRow, section: Section) -> bool:
    now = (
        section.name,
        section.service_kind,
        section.is_active,
        section.department.code,
        section.department.name,
    )
    return now != (row.section_name, row.service_kind, True, row.department_code, row.department_name)


def _save_departments(rows: Sequence[RosterRow]) -> dict[str, int]:
    first = {row.department_code: row for row in reversed(rows)}
    Department.objects.bulk_create(
        [
            Department(
                code=code,
                name=row.department_name,
                kind=row.department_kind,
                is_vertical=row.is_vertical,
                superior=row.superior,
                chief_leader=row.chief_leader,
                leader_in_charge=row.leader_in_charge,
            )
            for code, row in sorted(first.items())
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=DEPARTMENT_FIELDS,
    )
    return dict(Department.objects.filter(code__in=first).values_list("code", "pk"))


def _save_sections(rows: Sequence[RosterRow], departments: dict[str, int]) -> dict[str, int]:
    Section.objects.bulk_create(
        [
            Section(
                code=row.section_code,
                name=row.section_name,
                department_id=departments[row.department_code],
                service_kind=row.service_kind,
            )
            for row in rows
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "department", "service_kind", "is_active"],
    )
    return dict(Section.objects.filter(code__in=[row.section_code for row in rows]).values_list("code", "pk"))


def _save_heads(rows: Sequence[RosterRow], sections: dict[str, int]) -> None:
    """Enter new heads; the one before leaves office the day before (only where the roster names somebody new)."""
    wanted = {sections[row.section_code]: row for row in rows if row.head_name}
    serving = {
        t.section_id: t for t in Tenure.objects.filter(section__in=wanted, ends_on=None).order_by("starts_on")
    }
    new = [row for pk, row in wanted.items() if pk not in serving or serving[pk].name != row.head_name]
    leaving = []
    for row in new:
        tenure, since = serving.get(sections[row.section_code]), row.head_since or UNKNOWN_START
        if tenure is None:
            continue
        if since <= tenure.starts_on:
            raise RuleViolation(f"科室“{row.section_code}”新负责人的任职日期应晚于现任的{tenure.starts_on}。")
        tenure.ends_on = date.fromordinal(since.toordinal() - 1)
        leaving.append(tenure)
    Tenure.objects.bulk_update(leaving, ["ends_on"])
    Tenure.objects.bulk_create(
        Tenure(
            section_id=sections[row.section_code],
            name=row.head_name,
            starts_on=row.head_since or UNKNOWN_START,
        )
        for row in new
    )


def _figures(report: RosterReport) -> dict[str, object]:
    return {
        "departments": report.departments,
        "sections": report.sections,
        "created": len(report.created),
        "changed": list(report.changed),
        "absent": list(report.absent),
    }


def _lock(section_id: int, by: policy.Actor) -> Section:
    policy.check(by, "roster.edit")
    return Section.objects.select_for_update(of=("self",)).select_related("department").get(pk=section_id)


def _given(name: str) -> str:
    if not name.strip():
        raise RuleViolation("科室名称不能为空。")
    return name.strip()


def _change(kind: ChangeKind, earlier: Section, later: Section | None, on: date) -> SectionChange:
    return SectionChange.objects.create(
        kind=kind,
        on=on,
        earlier=earlier,
        later=later,
        earlier_name=earlier.name,
        earlier_department_name=earlier.department.name,
    )


def _retire(sections: Sequence[Section]) -> None:
    Section.objects.filter(pk__in=[section.pk for section in sections]).update(is_active=False)


def _recorded(change: SectionChange, *, by: policy.Actor, at: datetime) -> SectionChange:
    audit.record("roster.edit", change, by=by, at=at, detail={"kind": change.kind})
    return change
