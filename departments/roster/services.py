"""Import of the whole roster: all or nothing, matched by codes, in a constant number of SQL statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from departments.models import Department, Section, Tenure
from departments.roster.rules.comparison import (
    Difference,
    HeadChange,
    Held,
    compare,
    faults,
    heads_question,
)
from departments.roster.rules.naming import Renamed, former_name_notices, name_faults, renamed
from departments.roster.rules.parsing import RosterFile, parse_roster
from departments.roster.rules.rows import OF_DEPARTMENT, RosterRow
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.lists.rules.tables import SourceRow, TableError
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.queries import current_profile

# Field of RosterRow -> field of Department.
DEPARTMENT_FIELDS = {key: key.removeprefix("department_") for key in OF_DEPARTMENT}
Tenures = Mapping[str, Sequence[Tenure]]


@dataclass(frozen=True)
class RosterReport:
    """The changes of an import; `absent` = active sections missing from the file, `notices` are about the file."""

    differences: tuple[Difference, ...]
    absent: tuple[str, ...]
    notices: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()

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
    def question(self) -> Question | None:
        """What has to be answered about heads of another name, or None."""
        return heads_question(self.differences)

    def with_head(self, *changes: HeadChange) -> tuple[Difference, ...]:
        """Return the sections whose heads change in one of these ways."""
        return tuple(difference for difference in self.differences if difference.head in changes)

    @property
    def fingerprint(self) -> str:
        """Digest of all changes; a different file or roster gives a different one."""
        return sha256_hex(repr(self.differences).encode())


class HeadsInDoubt(RuleViolation):
    """Heads differ, and nobody has said whether they are corrected or replaced."""

    def __init__(self, report: RosterReport, question: Question) -> None:
        self.report = report
        super().__init__(question.text, *question.detail)


@transaction.atomic
def import_roster(
    *,
    rows: Iterable[SourceRow],
    by: policy.Actor,
    at: datetime,
    correct_heads: bool = False,
    dry_run: bool = False,
    agreed: str = "",
) -> RosterReport:
    """Import a roster; nothing is deleted. `agreed` = fingerprint of the confirmed preview.

    Heads of another name without a first day of their own correct the standing tenure, if `correct_heads` says so.
    """
    (policy.check_starts if dry_run else policy.check)(by, "roster.import")
    report, tenures = _compared(rows, correct_heads=correct_heads)
    refuse_unless_settled(report, agreed)
    if not dry_run:
        saved = _save(report, tenures)
        audit.record("roster.import", None, by=by, at=at, detail=_figures(report), wrote=saved)
    return report


@transaction.atomic
def compare_roster(rows: Iterable[SourceRow], *, correct_heads: bool = False) -> RosterReport:
    """Return what an import would change; the caller checks the permission."""
    return _compared(rows, correct_heads=correct_heads)[0]


def refuse_unless_settled(report: RosterReport, agreed: str) -> None:
    """Refuse an open question, and changes other than those of the confirmed preview."""
    if report.with_head(HeadChange.ASKED) and report.question:
        raise HeadsInDoubt(report, report.question)
    if agreed and agreed != report.fingerprint:
        raise RuleViolation("名录在预览之后有变动，请重新上传文件，核对新的预览。")


def _compared(rows: Iterable[SourceRow], *, correct_heads: bool) -> tuple[RosterReport, Tenures]:
    sections = list(Section.objects.select_for_update(of=("self",)).select_related("department"))
    tenures: dict[str, list[Tenure]] = {section.code: [] for section in sections}
    for tenure in Tenure.objects.select_related("section").order_by("starts_on", "pk"):
        tenures[tenure.section.code].append(tenure)
    held = {section.code: _held(section, tenures[section.code]) for section in sections}
    try:
        return _report(parse_roster(rows), held, correct_heads=correct_heads), tenures
    except TableError as error:
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
        last_left=max(ends, default=None),
    )


def _department_values(department: Department) -> dict[str, Any]:
    return {key: getattr(department, name) for key, name in DEPARTMENT_FIELDS.items()}


def _report(file: RosterFile, held: Mapping[str, Held], *, correct_heads: bool) -> RosterReport:
    known = list(Department.objects.all())
    departments = {department.code: _department_values(department) for department in known}
    active = {department.code: departments[department.code] for department in known if department.is_active}
    places = current_profile().place_names
    differences = compare(file.rows, held, departments, correct_heads=correct_heads, places=places)
    after = [difference.after for difference in differences]
    found = [*name_faults(after, active, places), *faults(differences, held)]
    if found:
        raise FileRefused(found)
    named = {row.section_code for row in file.rows}
    codes = [code for code, one in held.items() if one.is_active and code not in named]
    given = renamed(after, departments)
    notices = (
        *file.notices,
        *former_name_notices(file.rows, departments, places),
        *(f"单位更名：{one}，原名称记入曾用名。" for one in given),
    )
    return RosterReport(tuple(differences), tuple(sorted(codes)), notices, given)


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
    """Enter new heads, ending the predecessor's tenure the day before; correct names and first days of others."""
    altered, new = [], []
    for difference in touched:
        row = difference.after
        serving = [tenure for tenure in tenures.get(row.section_code, ()) if tenure.ends_on is None]
        if difference.head in {HeadChange.CORRECTED, HeadChange.DAY_CORRECTED} and row.head_since:
            serving[-1].name, serving[-1].starts_on = row.head_name, row.head_since
        elif difference.head in {HeadChange.ENTERED, HeadChange.REPLACED} and row.head_since:
            for tenure in serving:
                tenure.ends_on = row.head_since - timedelta(days=1)
            new.append(Tenure(section=sections[row.section_code], name=row.head_name, starts_on=row.head_since))
        else:
            continue
        altered += serving
    Tenure.objects.bulk_update(altered, ["name", "starts_on", "ends_on"])
    return [*altered, *Tenure.objects.bulk_create(new)]


def _figures(report: RosterReport) -> dict[str, object]:
    return {
        "departments": report.departments,
        "sections": report.sections,
        "created": len(report.created),
        "changed": list(report.changed),
        "absent": list(report.absent),
        "corrected_heads": [d.after.section_code for d in report.with_head(HeadChange.CORRECTED)],
        "renamed": [one.code for one in report.renamed],
        "replaced_heads": [d.after.section_code for d in report.with_head(HeadChange.REPLACED)],
    }
