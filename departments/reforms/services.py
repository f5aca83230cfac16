"""Reforms (rulebook R-A) of sections: rename, move, merge, split, abolish; of departments: rename, merge.

`on` is the day a reform takes effect, `note` the decision it is based on (依据).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from departments.models import ChangeKind, Department, Section, SectionChange, name_is_taken
from departments.reforms.queries import standing_sections
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import is_same_name, tidy
from nanchuan_eval.names.rules.others import joined, with_former
from nanchuan_eval.permissions import policy

EARLIEST = date(1950, 1, 1)
Changes = list[SectionChange]


@dataclass(frozen=True)
class NewSection:
    """A section to be created by a merger or a split (新设科室), with department and kind of the old one."""

    code: str
    name: str


# An existing section by its id, or one to be created.
Target = int | NewSection


@transaction.atomic
def rename_section(*, section_id: int, name: str, on: date, note: str = "", by: policy.Actor, at: datetime) -> Changes:
    """Rename a section (更名); it remains the same section."""
    (section,) = _lock([section_id], by)
    name = _given(name, Section)
    _refuse_same(name, section.name)
    _check_free(section.department, name)
    changes = [_change(ChangeKind.RENAMED, section, section)]
    section.name = name
    section.save(update_fields=["name"])
    return _recorded(changes, on=on, note=note, by=by, at=at)


@transaction.atomic
def move_sections(
    *, section_ids: Sequence[int], department_id: int, on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Move sections to another department (转隶)."""
    sections = _lock(section_ids, by)
    target = Department.objects.filter(pk=department_id, is_active=True).first()
    if target is None or any(section.department == target for section in sections):
        raise RuleViolation("请选择转入的另一个参评单位。")
    for section in sections:
        _check_free(target, section.name, among=sections)
    changes = [_change(ChangeKind.MOVED, section, section) for section in sections]
    for section in sections:
        section.department = target
        section.save(update_fields=["department"])
    return _recorded(changes, on=on, note=note, by=by, at=at)


@transaction.atomic
def merge_sections(
    *, section_ids: Sequence[int], into: Target, on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Merge sections into one (合并), which inherits their ranks; they no longer take part."""
    known = [*section_ids, into] if isinstance(into, int) else section_ids
    sections = _lock(known, by)
    merged = [section for section in sections if section.pk != into]
    if len(merged) < (1 if isinstance(into, int) else 2):
        raise RuleViolation("合并至少需要两个科室。")
    _retire(merged)
    target = _target(into, sections, like=merged[0])
    changes = [_change(ChangeKind.MERGED, section, target) for section in merged]
    return _recorded(changes, on=on, note=note, by=by, at=at)


@transaction.atomic
def split_section(
    *, section_id: int, into: Sequence[Target], on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Split a section (拆分): each part inherits its ranks; the old one remains only if it is one of the parts."""
    if len(set(into)) < 2:
        raise RuleViolation("拆分后至少应有两个科室。")
    known = [part for part in into if isinstance(part, int)]
    sections = _lock([section_id, *known], by)
    (section,) = (section for section in sections if section.pk == section_id)
    if section_id not in known:
        _retire([section])
    parts = [_target(part, sections, like=section) for part in dict.fromkeys(into) if part != section_id]
    changes = [_change(ChangeKind.SPLIT, section, part) for part in parts]
    return _recorded(changes, on=on, note=note, by=by, at=at)


@transaction.atomic
def abolish_sections(
    *, section_ids: Sequence[int], on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Abolish sections (撤销): they no longer take part; their history remains."""
    sections = _lock(section_ids, by)
    _retire(sections)
    changes = [_change(ChangeKind.ABOLISHED, section, None) for section in sections]
    return _recorded(changes, on=on, note=note, by=by, at=at)


@transaction.atomic
def rename_department(
    *, department_id: int, name: str, on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Rename a department (单位更名); its sections stay, its old name is a former name by which lists still find it."""
    (department,), sections = _lock_departments([department_id], by)
    name = _given(name, Department)
    _refuse_same(name, department.name)
    changes = [_change(ChangeKind.UNIT_RENAMED, section, section) for section in sections]
    department.former_names = with_former(department.former_names, department.name, name)
    department.name = name
    _save_checked(department)
    for section in sections:
        section.department = department
    return _recorded_of(department, changes, [department], on=on, note=note, by=by, at=at)


@transaction.atomic
def merge_department(
    *, department_id: int, into_id: int, on: date, note: str = "", by: policy.Actor, at: datetime
) -> Changes:
    """Merge a department into another (单位合并): sections and names pass to that one, it takes part no longer."""
    departments, sections = _lock_departments([department_id, into_id], by)
    if department_id == into_id:
        raise RuleViolation("请选择并入的另一个参评单位。")
    department, into = sorted(departments, key=lambda one: one.pk != department_id)
    moving = [section for section in sections if section.department_id == department_id]
    for section in moving:
        if section.is_active:
            _check_free(into, section.name, among=[one for one in moving if one.is_active])
    changes = [_change(ChangeKind.MOVED, section, section) for section in moving]
    for section in moving:
        section.department = into
        section.save(update_fields=["department"])
    department.is_active = False
    department.save(update_fields=["is_active"])
    into.former_names = joined([into.former_names, department.name, *department.other_names], but=[into.name])
    _save_checked(into)
    return _recorded_of(department, changes, [department, into], on=on, note=note, by=by, at=at)


def rehearse(reform: Callable[..., Changes], /, **arguments: Any) -> Changes:
    """Perform a reform and roll it back: returns its changes, or raises what would refuse it."""
    with policy.rehearsed("roster.edit"):
        return reform(**arguments, by=policy.CLOCK)


def _lock(section_ids: Iterable[int], by: policy.Actor) -> list[Section]:
    """Lock sections that exist and take part, ordered by primary key to avoid deadlocks."""
    policy.check(by, "roster.edit")
    wanted = set(section_ids)
    sections = list(
        Section.objects.select_for_update(of=("self",))
        .select_related("department")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    if not sections or len(sections) < len(wanted):
        raise RuleViolation("所选科室不存在，请重新选择。")
    for section in sections:
        if not section.is_active:
            raise RuleViolation(f"“{section}”已不再参评，不能办理更名、转隶、合并、拆分、撤销。")
    return sections


def _lock_departments(department_ids: Sequence[int], by: policy.Actor) -> tuple[list[Department], list[Section]]:
    """Lock departments that take part, and their sections that no reform has ended."""
    policy.check(by, "roster.edit")
    departments = list(Department.objects.select_for_update().filter(pk__in=department_ids).order_by("pk"))
    if not departments or len(departments) < len(set(department_ids)):
        raise RuleViolation("所选单位不存在，请重新选择。")
    for department in departments:
        if not department.is_active:
            raise RuleViolation(f"“{department}”已不再参评，不能办理更名、合并。")
    return departments, list(standing_sections(*departments).select_for_update(of=("self",)))


def _save_checked(department: Department) -> None:
    try:
        department.full_clean()
    except ValidationError as error:
        raise RuleViolation(*(f"“{department}”：{text}" for text in error.messages)) from None
    department.save()


def _target(target: Target, sections: Sequence[Section], *, like: Section) -> Section:
    """Return the section that continues the old one; a new one is created."""
    if isinstance(target, int):
        return next(section for section in sections if section.pk == target)
    section = Section(
        code=target.code, name=_given(target.name, Section), department=like.department, service_kind=like.service_kind
    )
    try:
        section.full_clean()
    except ValidationError as error:
        raise RuleViolation(*(f"新设的“{target.code} {target.name}”：{text}" for text in error.messages)) from None
    section.save()
    return section


def _given(name: str, model: type[Department | Section]) -> str:
    name = tidy(name)
    longest = model._meta.get_field("name").max_length or 0
    if not name or len(name) > longest:
        raise RuleViolation(f"{'单位' if model is Department else '科室'}名称应为1至{longest}字。")
    return name


def _refuse_same(name: str, now: str) -> None:
    if name == now:
        raise RuleViolation("新名称与原名称相同。")
    if is_same_name(name, now):
        raise RuleViolation("新名称与原名称相同，只是写法不同；写法请在该页面直接更正。")


def _check_free(department: Department, name: str, among: Sequence[Section] = ()) -> None:
    """Refuse a name already used in the department, or used twice among the sections that are moved."""
    if name_is_taken(department, name) or sum(is_same_name(section.name, name) for section in among) > 1:
        raise RuleViolation(f"“{department}”已有参评科室“{name}”。")


def _change(kind: ChangeKind, earlier: Section, later: Section | None) -> SectionChange:
    """Return an unsaved change with the present names."""
    return SectionChange(
        kind=kind,
        earlier=earlier,
        later=later,
        earlier_name=earlier.name,
        earlier_department_name=earlier.department.name,
    )


def _retire(sections: Sequence[Section]) -> None:
    Section.objects.filter(pk__in=[section.pk for section in sections]).update(is_active=False)


def _recorded(changes: Changes, *, on: date, note: str, by: policy.Actor, at: datetime) -> Changes:
    """Save and log the changes of one reform; a section's changes must be in chronological order."""
    _check_day(on, changes, today=timezone.localdate(at))
    for change in changes:
        change.on, change.note = on, note.strip()
        change.save()
        touched = [row for row in (change, change.earlier, change.later) if row]
        audit.record("roster.edit", change, by=by, at=at, reason=change.note, detail=_detail(change), wrote=touched)
    return changes


def _recorded_of(  # noqa: PLR0913  a reform of a department with its sections' changes
    department: Department,
    changes: Changes,
    departments: Sequence[Department],
    *,
    on: date,
    note: str,
    by: policy.Actor,
    at: datetime,
) -> Changes:
    """Save a department's reform in the lineage of each of its sections and log it once."""
    _check_day(on, changes, today=timezone.localdate(at))
    for change in changes:
        change.on, change.note = on, note.strip()
        change.save()
    wrote = [*departments, *changes, *(change.earlier for change in changes)]
    detail = {"departments": [one.code for one in departments], "sections": len(changes)}
    audit.record("roster.edit", department, by=by, at=at, reason=note.strip(), detail=detail, wrote=wrote)
    return changes


def _check_day(on: date, changes: Changes, *, today: date) -> None:
    if not EARLIEST <= on <= today:
        raise RuleViolation(f"生效日期应在{EARLIEST.year}年之后、不晚于今天；尚未生效的变动，请于生效之日办理。")
    touched = {pk for change in changes for pk in (change.earlier_id, change.later_id)}
    last = SectionChange.objects.filter(Q(earlier__in=touched) | Q(later__in=touched)).order_by("on", "pk").last()
    if last and on < last.on:
        raise RuleViolation(f"生效日期不能早于上一次沿革（{last}）。")


def _detail(change: SectionChange) -> Mapping[str, object]:
    later = change.later
    return {"kind": change.kind, "earlier": change.earlier.code, "later": later.code if later else ""}
