"""The reforms a section goes through: renamed, moved, merged, split, abolished (rulebook R-A)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction

from departments.models import ChangeKind, Department, Section, SectionChange
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation


@transaction.atomic
def rename_section(*, section_id: int, name: str, on: date, by: policy.Actor, at: datetime) -> SectionChange:
    """Give a section a new name (更名); it stays the same section."""
    (section,) = _lock([section_id], by)
    name = _given(name)
    if name == section.name:
        raise RuleViolation("新名称与原名称相同。")
    _check_free(section.department, name)
    change = _change(ChangeKind.RENAMED, section, section, on)
    section.name = name
    section.save(update_fields=["name"])
    return _recorded(change, by=by, at=at)


@transaction.atomic
def move_section(*, section_id: int, department_id: int, on: date, by: policy.Actor, at: datetime) -> SectionChange:
    """Move a section to another department (划转)."""
    (section,) = _lock([section_id], by)
    target = Department.objects.filter(pk=department_id).first()
    if target is None or target == section.department:
        raise RuleViolation("请选择划入的另一个单位。")
    _check_free(target, section.name)
    change = _change(ChangeKind.MOVED, section, section, on)
    section.department = target
    section.save(update_fields=["department"])
    return _recorded(change, by=by, at=at)


@transaction.atomic
def merge_sections(
    *, section_ids: Sequence[int], into_id: int, on: date, by: policy.Actor, at: datetime
) -> list[SectionChange]:
    """Merge sections into one (合并): it inherits their ranks, they take part no longer."""
    sections = _lock([*section_ids, into_id], by)
    merged = [section for section in sections if section.pk != into_id]
    if not merged:
        raise RuleViolation("合并至少需要两个科室。")
    (target,) = (section for section in sections if section.pk == into_id)
    changes = [_change(ChangeKind.MERGED, section, target, on) for section in merged]
    _retire(merged)
    return [_recorded(change, by=by, at=at) for change in changes]


@transaction.atomic
def split_section(
    *, section_id: int, into_ids: Sequence[int], on: date, by: policy.Actor, at: datetime
) -> list[SectionChange]:
    """Split a section (拆分): each part inherits its ranks; the old one stays only if it is itself a part."""
    if len(set(into_ids)) < 2:
        raise RuleViolation("拆分至少得到两个科室。")
    sections = _lock([section_id, *into_ids], by)
    (section,) = (section for section in sections if section.pk == section_id)
    changes = [_change(ChangeKind.SPLIT, section, part, on) for part in sections if part != section]
    if section_id not in into_ids:
        _retire([section])
    return [_recorded(change, by=by, at=at) for change in changes]


@transaction.atomic
def abolish_section(*, section_id: int, on: date, by: policy.Actor, at: datetime) -> SectionChange:
    """Abolish a section (撤销): it takes part no longer, its history stays."""
    (section,) = _lock([section_id], by)
    change = _change(ChangeKind.ABOLISHED, section, None, on)
    _retire([section])
    return _recorded(change, by=by, at=at)


def _lock(section_ids: Iterable[int], by: policy.Actor) -> list[Section]:
    """Return the sections locked, in one order for everybody; each exists and takes part."""
    policy.check(by, "roster.edit")
    wanted = set(section_ids)
    sections = list(
        Section.objects.select_for_update(of=("self",))
        .select_related("department")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    if len(sections) < len(wanted):
        raise RuleViolation("选择的科室不存在。")
    for section in sections:
        if not section.is_active:
            raise RuleViolation(f"“{section}”已不参评，不能再办理沿革。")
    return sections


def _given(name: str) -> str:
    name = " ".join(name.split())
    longest = Section._meta.get_field("name").max_length or 0
    if not name or len(name) > longest:
        raise RuleViolation(f"科室名称应为1至{longest}字。")
    return name


def _check_free(department: Department, name: str) -> None:
    if Section.objects.filter(department=department, name=name, is_active=True).exists():
        raise RuleViolation(f"“{department}”已有参评科室“{name}”。")


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
