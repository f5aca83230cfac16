"""Approvable action for reforms."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from departments.models import Department, Section, SectionChange
from departments.reforms.services import (
    Changes,
    NewSection,
    abolish_sections,
    merge_department,
    merge_sections,
    move_sections,
    rehearse,
    rename_department,
    rename_section,
    split_section,
)
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.names.rules.others import joined, with_former
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

REFORM = "section.reform"
DEPARTMENT_REFORM = "department.reform"

REFORM_SERVICES: Mapping[str, Callable[..., Changes]] = {
    "更名": rename_section,
    "转隶": move_sections,
    "合并": merge_sections,
    "拆分": split_section,
    "撤销": abolish_sections,
    "单位更名": rename_department,
    "单位合并": merge_department,
}


def propose_reform(
    kind: str, first: Section | Department, arguments: Mapping[str, Any], *, by: User, at: datetime
) -> Approval:
    """Propose a reform with the arguments of its service; the proposal is shown on the first one's page."""
    plain = {key: _plain(value) for key, value in arguments.items()}
    action = DEPARTMENT_REFORM if isinstance(first, Department) else REFORM
    return approvals.propose(action, first, by=by, at=at, kind=kind, asked=plain)


def _reform_content(_: Section | Department, arguments: Arguments) -> dict[str, object]:
    changes = rehearse(REFORM_SERVICES[arguments["kind"]], **_given(arguments), at=clock.now())
    return {
        "办理": arguments["kind"],
        "生效日期": in_chinese(date.fromisoformat(arguments["asked"]["on"])),
        "依据": arguments["asked"]["note"] or "（未填）",
        "变动": [_change_text(change) for change in changes],
    }


def _department_content(department: Department, arguments: Arguments) -> dict[str, object]:
    asked = arguments["asked"]
    if "into_id" in asked:
        into = Department.objects.get(pk=asked["into_id"])
        name, former = into.name, joined([into.former_names, department.name, *department.other_names], but=[into.name])
        reform = f"{department}（{department.code}） → 并入{into}（{into.code}），不再参评"
    else:
        name, former = asked["name"], with_former(department.former_names, department.name, asked["name"])
        reform = f"{department}（{department.code}） → {name}（{department.code}）"
    content = _reform_content(department, arguments)
    sections = content.pop("变动") or "（没有科室）"
    return {**content, "单位": reform, f"“{name}”的曾用名": former, "所属科室": sections}


def _change_text(change: SectionChange) -> str:
    later = f"{change.later}（{change.later.code}）" if change.later else "（不再参评）"
    return f"{change.earlier_department_name}{change.earlier_name}（{change.earlier.code}） → {later}"


def _given(arguments: Arguments) -> dict[str, Any]:
    given = {key: _typed(value) for key, value in arguments["asked"].items()}
    return {**given, "on": date.fromisoformat(given["on"])}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, NewSection):
        return {"code": value.code, "name": value.name}
    return value.isoformat() if isinstance(value, date) else value


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(one) for one in value]
    return NewSection(**value) if isinstance(value, dict) else value


def _perform(_: Section | Department, arguments: Arguments, *, by: User, at: datetime) -> Changes:
    return REFORM_SERVICES[arguments["kind"]](**_given(arguments), by=by, at=at)


def _title(first: Section | Department, arguments: Arguments) -> str:
    return f"{arguments['kind']} {first}"


ACTIONS = (
    ApprovableAction(
        REFORM, "roster.edit", "科室沿革", Section, content=_reform_content, perform=_perform, names=_title
    ),
    ApprovableAction(
        DEPARTMENT_REFORM,
        "roster.edit",
        "单位沿革",
        Department,
        content=_department_content,
        perform=_perform,
        names=_title,
    ),
)
