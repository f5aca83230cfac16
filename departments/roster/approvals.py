"""Approvable action for importing the roster: proposes the file's rows with every change they make."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from departments.models import DepartmentKind, Section, ServiceKind
from departments.roster.rules.comparison import Difference
from departments.roster.rules.parsing import SourceRow
from departments.roster.rules.rows import HEADINGS, RosterRow
from departments.roster.services import RosterReport, compare_roster, import_roster, refuse_unless_agreed
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User

LABELS = {key: names[0] for key, names in HEADINGS.items()}
CODE = LABELS["section_code"]


def _content(_: ContentType, arguments: Arguments) -> dict[str, object]:
    report = compare_roster(_rows(arguments))
    return {
        "文件": arguments["file"],
        "新增": [_description(d) for d in report.differences if d.is_new] or "无",
        "变更": [_description(d) for d in report.differences if d.is_changed] or "无",
        "未变": report.unchanged,
        "名录中有、文件中没有（不删除）": list(report.absent) or "无",
        "变动校验值": report.fingerprint,
    }


def _import(_: ContentType, arguments: Arguments, *, by: User, at: datetime) -> RosterReport:
    return import_roster(rows=_rows(arguments), by=by, at=at)


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
def propose_import(file: str, rows: Sequence[SourceRow], *, agreed: str, by: User, at: datetime) -> Approval:
    """Propose a file's rows, if they make the changes of the preview with the fingerprint `agreed`."""
    policy.check_starts(by, "roster.import")
    refuse_unless_agreed(compare_roster(rows), agreed)
    plain = [[sheet, number, list(cells)] for sheet, number, cells in rows]
    return approvals.propose(IMPORT_ROSTER.name, kind_of(Section), by=by, at=at, file=file, rows=plain)


def shown(row: RosterRow) -> dict[str, str]:
    """Return a row's values by heading, as people read them."""
    words = {
        "department_kind": DepartmentKind(row.department_kind).label,
        "service_kind": ServiceKind(row.service_kind).label,
        "is_vertical": "是" if row.is_vertical else "否",
        "head_since": row.head_since.isoformat() if row.head_since else "",
    }
    return {label: str(words.get(key, getattr(row, key, ""))) for key, label in LABELS.items()}


def _description(difference: Difference) -> str:
    after = shown(difference.after)
    title = f"{after[CODE]} {difference.after.department_name}{difference.after.section_name}"
    if difference.before is None:
        return title
    before = shown(difference.before.row)
    changes = [f"{k}：{before[k] or '（空）'} → {after[k] or '（空）'}" for k in after if before[k] != after[k]]
    return f"{title}：{'，'.join(changes) or '重新参评'}"


def _rows(arguments: Arguments) -> Iterable[tuple[Any, ...]]:
    return [tuple(row) for row in arguments["rows"]]
