"""Approvable action for importing the roster: proposes the file's rows with every change they make."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from departments.models import Department, DepartmentKind, Section, ServiceKind
from departments.roster.rules.comparison import Difference, HeadChange
from departments.roster.rules.rows import LABELS, OF_DEPARTMENT, RosterRow
from departments.roster.services import RosterReport, compare_roster, import_roster, refuse_unless_settled
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.lists.rules.previews import EMPTY
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import in_chinese

SHOWN = (HeadChange.REPLACED, HeadChange.CORRECTED, HeadChange.DAY_CORRECTED, HeadChange.ENTERED)
AGAIN = "重新参评"


def _content(_: ContentType, arguments: Arguments) -> dict[str, object]:
    report = compare_roster(_rows(arguments), correct_heads=_corrects_heads(arguments))
    found: dict[str, list[Any]] = {
        "请注意": list(report.notices),
        "新增单位": _new_departments(report),
        "新增": _table([_worded(d.after) for d in report.differences if d.is_new]),
        "变更": [_description(d) for d in report.differences if d.is_changed],
        **{change.value: _heads(report, change) for change in SHOWN},
        "名录中有、文件中没有（不删除）": list(report.absent),
    }
    return {
        "文件": arguments["file"],
        **{label: lines for label, lines in found.items() if lines},
        "未变": report.unchanged,
        "变动校验值": report.fingerprint,
    }


def _table(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the rows under their headings, without the columns that are empty in all of them."""
    labels = [label for label in LABELS.values() if any(row[label] for row in rows)]
    return [labels, *([row[label] for label in labels] for row in rows)] if rows else []


def _worded(row: RosterRow) -> dict[str, str]:
    """Return a row's values by heading, with its date in words."""
    return {**shown(row), LABELS["head_since"]: in_chinese(row.head_since) if row.head_since else ""}


def _import(_: ContentType, arguments: Arguments, *, by: User, at: datetime) -> RosterReport:
    return import_roster(rows=_rows(arguments), correct_heads=_corrects_heads(arguments), by=by, at=at)


IMPORT_ROSTER = ApprovableAction(
    "roster.import",
    "roster.import",
    "导入名录",
    ContentType,  # the whole roster: the sections' content type is locked
    content=_content,
    perform=_import,
    names=lambda _, arguments: str(arguments["file"]),
)


@transaction.atomic
def propose_import(
    *, file: str, rows: Sequence[Row], correct_heads: bool, agreed: str, by: User, at: datetime
) -> Approval:
    """Propose a file's rows, if they make the changes of the preview with the fingerprint `agreed`."""
    policy.check_starts(by, "roster.import")
    refuse_unless_settled(compare_roster(rows, correct_heads=correct_heads), agreed)
    arguments = {"file": file, "rows": [list(row) for row in rows], "correct_heads": correct_heads}
    return approvals.propose(IMPORT_ROSTER.name, kind_of(Section), by=by, at=at, **arguments)


def _new_departments(report: RosterReport) -> list[str]:
    """Return the units of which the roster has no section yet, once each, with every field of theirs."""
    known = set(Department.objects.values_list("code", flat=True))
    rows = {d.after.department_code: shown(d.after) for d in report.differences}
    labels = [LABELS[key] for key in ("department_code", *OF_DEPARTMENT)]
    return [
        "，".join(f"{label} {row[label]}" for label in labels if row[label])
        for code, row in rows.items()
        if code not in known
    ]


def shown(row: RosterRow) -> dict[str, str]:
    """Return a row's values by heading, as people read them."""
    words = {
        "department_kind": DepartmentKind(row.department_kind).label,
        "service_kind": ServiceKind(row.service_kind).label,
        "is_vertical": "是" if row.is_vertical else "否",
        "head_since": row.head_since.isoformat() if row.head_since else "",
    }
    return {label: str(words.get(key, getattr(row, key))) for key, label in LABELS.items()}


def title_of(row: RosterRow) -> str:
    """Return the section's code and name."""
    return f"{row.section_code} {row.department_name}{row.section_name}"


def _heads(report: RosterReport, change: HeadChange) -> list[str]:
    """Describe the heads that change in one way, before and after; a new section's row has its head."""
    return [f"{title_of(d.after)}：{_head_before(d)}{_head(d.after)}" for d in report.with_head(change) if d.before]


def _head_before(difference: Difference) -> str:
    before = difference.before
    return f"{_head(before.row)} → " if before and before.row.head_name else ""


def _head(row: RosterRow) -> str:
    return f"{row.head_name}（{in_chinese(row.head_since)}任职）" if row.head_since else row.head_name


def _description(difference: Difference) -> str:
    """Describe a section of the roster that changes: each such field before and after."""
    after, title = _worded(difference.after), title_of(difference.after)
    if difference.before is None:
        return title
    before = _worded(difference.before.row)
    changes = [f"{k}：{before[k] or EMPTY} → {after[k] or EMPTY}" for k in after if before[k] != after[k]]
    return f"{title}：{'，'.join([*changes, *([] if difference.before.is_active else [AGAIN])])}"


def _rows(arguments: Arguments) -> list[Row]:
    return [Row(*row) for row in arguments["rows"]]


def _corrects_heads(arguments: Arguments) -> bool:
    return bool(arguments.get("correct_heads"))
