"""往期上榜名单 as a list to upload: its preview, and the proposal that another person approves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse

from accountability.history.models import EarlierRound
from accountability.history.rules.comparison import HEADINGS, Comparison
from accountability.history.rules.earlier_lists import COLUMNS
from accountability.history.services import HistoryReport, compare_history, import_history, refuse_unless_agreed
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.lists.services import ListKind
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User

ACTION = "roster.import"
PROPOSAL = "history.import"


def _content(_: ContentType, arguments: Arguments) -> dict[str, object]:
    found = compare_history(_rows(arguments), arguments["answers"], clock.now())
    return {
        "文件": arguments["file"],
        "轮次": list(found.lists.rounds),
        "变动": [f"{change.kind}：{_described(change.texts())}" for change in found.changes] or "无",
        "不计入历次情况的科室": list(found.unknown) or "无",
        "变动校验值": found.fingerprint,
    }


def _described(texts: Sequence[str]) -> str:
    return "，".join(f"{heading} {text}" for heading, text in zip(HEADINGS, texts, strict=True) if text)


def _import(_: ContentType, arguments: Arguments, *, by: User, at: datetime) -> HistoryReport:
    return import_history(rows=_rows(arguments), answers=arguments["answers"], by=by, at=at)


IMPORT_HISTORY = ApprovableAction(
    PROPOSAL,
    ACTION,
    "导入往期上榜名单",
    ContentType,  # all earlier lists: their content type is locked
    content=_content,
    perform=_import,
    names=lambda _, arguments: str(arguments["file"]),
)


def _preview(_: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime) -> Preview:
    return compare_history(rows, answers, at).preview()


def _confirm(
    _: str, rows: Sequence[Row], *, answers: Mapping[str, str], agreed: str, filename: str, by: User, at: datetime
) -> Approval | str:
    """Propose the lists, or import them at once where one person may."""
    if policy.requires_approval(ACTION):
        return propose_history(filename, rows, answers, agreed=agreed, by=by, at=at)
    report = import_history(rows=rows, answers=answers, agreed=agreed, by=by, at=at)
    return f"已导入往期上榜名单：{report.rounds}个轮次，{report.listings}个上榜科室。"


@transaction.atomic
def propose_history(
    file: str, rows: Sequence[Row], answers: Mapping[str, str], *, agreed: str, by: User, at: datetime
) -> Approval:
    """Propose a file's lists, if they make the changes of the preview with the fingerprint `agreed`."""
    policy.check_starts(by, ACTION)
    found: Comparison = compare_history(rows, answers, at)
    refuse_unless_agreed(found, agreed)
    plain = [[row.sheet, row.number, list(row.cells)] for row in rows]
    return approvals.propose(
        PROPOSAL, kind_of(EarlierRound), by=by, at=at, file=file, rows=plain, answers=dict(answers)
    )


def _rows(arguments: Arguments) -> list[Row]:
    return [Row(sheet, number, tuple(cells)) for sheet, number, cells in arguments["rows"]]


def _back(_: Any) -> str:
    return reverse("admin:accountability_earlierround_changelist")


HISTORY = ListKind(
    "history",
    "往期上榜名单",
    ACTION,
    lambda _: COLUMNS,
    _preview,
    _confirm,
    _back,
    notes=(
        "每行一个上榜科室，按公布时的名称填写；改革前的名称按科室沿革对应到现科室。",
        "不能确定是哪个科室的，预览中逐一询问；文件中的轮次原来导入过的，由文件内容取代。",
    ),
)
