"""Import of the whole roster: all or nothing, matched by codes, in a constant number of SQL statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from departments.models import Department, Section, Tenure
from departments.roster.rules.comparison import Difference, Held, compare, faults
from departments.roster.rules.parsing import RosterError, SourceRow, parse_roster
from departments.roster.rules.rows import CARRIED, RosterRow
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.permissions import policy

# Field of RosterRow -> field of Department.
DEPARTMENT_FIELDS = {key: key.removeprefix("department_") for key in CARRIED[1:]}
Tenures = Mapping[str, Sequence[Tenure]]


@dataclass(frozen=True)
class RosterReport:
    """The changes of an import; `absent` = active sections missing from the file."""

    differences: tuple[Difference, ...]
    absent: tuple[str, ...]

    @property
    def departments(self) -> int:
        """Number of departments in the file."""
        return len({difference.after.department_code for difference in self.differences})

    @property
    def sections(self) -> int:
        """Number of sections in the file."""
        return len(self.differences)

    @property
    def created(self) -> tuple[str, ...]:
        """Codes of new sections."""
        return tuple(d.after.section_code for d in self.differences if d.is_new)

    @property
    def changed(self) -> tuple[str, ...]:
        """Codes of sections whose own fields, department or head differ."""
        return tuple(d.after.section_code for d in self.differences if d.is_changed)

    @property
    def unchanged(self) -> int:
        """Number of unchanged sections."""
        return self.sections - len(self.created) - len(self.changed)

    @property
    def fingerprint(self) -> str:
        """Digest of all changes; a different file or roster gives a different one."""
        return sha256_hex(repr(self.differences).encode())


@transaction.atomic
def import_roster(
    *, rows: Iterable[SourceRow], by: policy.Actor, at: datetime, dry_run: bool = False, agreed: str = ""
) -> RosterReport:
    """Import a roster; nothing is deleted. `agreed` = fingerprint of the confirmed preview."""
    (policy.check_starts if dry_run else policy.check)(by, "roster.import")
    report, tenures = _compared(rows)
    refuse_unless_agreed(report, agreed)
    if not dry_run:
        saved = _save(report, tenures)
        audit.record("roster.import", None, by=by, at=at, detail=_figures(report), wrote=saved)
    return report


def compare_roster(rows: Iterable[SourceRow]) -> RosterReport:
    """Return what an import would change; the caller checks the permission and opens the transaction."""
    return _compared(rows)[0]


def refuse_unless_agreed(report: RosterReport, agreed: str) -> None:
    """Refuse changes other than those of the confirmed preview."""
    if agreed and agreed != report.fingerprint:
        raise RuleViolation("名录在预览之后有变动，请重新上传文件，核对新的预览。")


def _compared(rows: Iterable[SourceRow]) -> tuple[RosterReport, Tenures]:
    sections = list(Section.objects.select_for_update(of=("self",)).select_related("department"))
    tenures: dict[str, list[Tenure]] = {section.code: [] for section in sections}
    for tenure in Tenure.objects.select_related("section").order_by("starts_on", "pk"):
        tenures[tenure.section.code].append(tenure)
    return _report(_parsed(rows), {s.code: _held(s, tenures[s.code]) for s in sections}), tenures


def _parsed(rows: Iterable[SourceRow]) -> list[RosterRow]:
    try:
        return parse_roster(rows)
    except RosterError as error:
        raise FileRefused(error.faults) from None


def _held(section: Section, tenures: Sequence[Tenure]) -> Held:
    department = section.department
    serving = next((tenure for tenure in reversed(tenures) if tenure.ends_on is None), None)
    ends = [tenure.ends_on for tenure in tenures if tenure.ends_on]
    return Held(
        RosterRow(
            department_code=department.code,
            section_code=section.code,
            section_name=section.name,
            service_kind=section.service_kind,
            head_name=serving.name if serving else "",
            head_since=serving.starts_on if serving else None,
            **_department_values(department),
        ),
        is_active=section.is_active and department.is_active,
        holds_name=section.is_active,
        vacant_since=None if serving or not ends else max(ends),
    )


def _department_values(department: Department) -> dict[str, Any]:
    return {key: getattr(department, name) for key, name in DEPARTMENT_FIELDS.items()}


def _report(rows: Sequence[RosterRow], held: Mapping[str, Held]) -> RosterReport:
    departments = {department.code: _department_values(department) for department in Department.objects.all()}
    differences = compare(rows, held, departments)
    found = faults(differences, held)
    if found:
        raise FileRefused(found)
    named = {row.section_code for row in rows}
    return RosterReport(
        differences=tuple(differences),
        absent=tuple(sorted(code for code, one in held.items() if one.is_active and code not in named)),
    )


def _save(report: RosterReport, tenures: Tenures) -> list[models.Model]:
    """Save the differences; returns the rows written."""
    touched = [difference for difference in report.differences if difference.is_new or difference.is_changed]
    if not touched:
        return []
    departments = _save_departments([difference.after for difference in touched])
    sections = _save_sections(touched, departments)
    return [*departments.values(), *sections.values(), *_save_heads(touched, sections, tenures)]


def _save_departments(rows: Sequence[RosterRow]) -> dict[str, Department]:
    departments = {
        row.department_code: Department(
            code=row.department_code,
            is_active=True,
            **{name: getattr(row, key) for key, name in DEPARTMENT_FIELDS.items()},
        )
        for row in rows
    }
    saved = Department.objects.bulk_create(
        departments.values(),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=[*DEPARTMENT_FIELDS.values(), "is_active"],
    )
    return {department.code: department for department in saved}


def _save_sections(touched: Sequence[Difference], departments: Mapping[str, Department]) -> dict[str, Section]:
    # Sections may swap names: free all of them first, as names of active sections are unique.
    Section.objects.filter(code__in=[d.after.section_code for d in touched if d.before]).update(is_active=False)
    saved = Section.objects.bulk_create(
        [
            Section(
                code=row.section_code,
                name=row.section_name,
                department=departments[row.department_code],
                service_kind=row.service_kind,
            )
            for row in (difference.after for difference in touched)
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "department", "service_kind", "is_active"],
    )
    return {section.code: section for section in saved}


def _save_heads(touched: Sequence[Difference], sections: Mapping[str, Section], tenures: Tenures) -> list[Tenure]:
    """Enter new heads, ending the predecessor's tenure the day before; correct the first day of heads who stay."""
    altered, new = [], []
    for row, before in ((d.after, d.before.row if d.before else None) for d in touched):
        serving = [tenure for tenure in tenures.get(row.section_code, ()) if tenure.ends_on is None]
        if not row.head_name or row.head_since is None or row == before:
            continue
        if before and row.head_name == before.head_name:
            serving[-1].starts_on = row.head_since
        else:
            for tenure in serving:
                tenure.ends_on = row.head_since - timedelta(days=1)
            new.append(Tenure(section=sections[row.section_code], name=row.head_name, starts_on=row.head_since))
        altered += serving
    Tenure.objects.bulk_update(altered, ["starts_on", "ends_on"])
    return [*altered, *Tenure.objects.bulk_create(new)]


def _figures(report: RosterReport) -> dict[str, object]:
    return {
        "departments": report.departments,
        "sections": report.sections,
        "created": len(report.created),
        "changed": list(report.changed),
        "absent": list(report.absent),
    }
