"""Approvable action for reforms."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from departments.models import Section, SectionChange
from departments.reforms.services import (
    Changes,
    NewSection,
    abolish_sections,
    merge_sections,
    move_sections,
    rehearse,
    rename_section,
    split_section,
)
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.users.models import User

REFORM = "section.reform"


REFORM_SERVICES: Mapping[str, Callable[..., Changes]] = {
    "更名": rename_section,
    "转隶": move_sections,
    "合并": merge_sections,
    "拆分": split_section,
    "撤销": abolish_sections,
}


def propose_reform(kind: str, section: Section, arguments: Mapping[str, Any], *, by: User, at: datetime) -> Approval:
    """Propose a reform with the arguments of its service; the proposal is shown on the first section's page."""
    plain = {key: _plain(value) for key, value in arguments.items()}
    return approvals.propose(REFORM, section, by=by, at=at, kind=kind, asked=plain)


def _reform_content(section: Section, arguments: Arguments) -> dict[str, object]:
    changes = rehearse(REFORM_SERVICES[arguments["kind"]], **_given(arguments), at=clock.now())
    return {
        "办理": arguments["kind"],
        "生效日期": arguments["asked"]["on"],
        "依据": arguments["asked"]["note"] or "（未填）",
        "变动": [_change_text(change) for change in changes],
    }


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


ACTIONS = (
    ApprovableAction(
        REFORM,
        "roster.edit",
        "科室沿革",
        Section,
        content=_reform_content,
        perform=lambda _, arguments, by, at: REFORM_SERVICES[arguments["kind"]](**_given(arguments), by=by, at=at),
        names=lambda section, arguments: f"{arguments['kind']} {section}",
    ),
)
