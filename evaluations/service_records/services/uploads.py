"""The list of service records that staff upload: usual files are previewed, very large ones take the command."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from evaluations.service_records.rules.columns import COLUMNS
from evaluations.service_records.services.importing import Delivery, import_records
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.lists.services import CHANGED, ListKind
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE, MIB
from nanchuan_eval.users.models import User

NAME = "service-records"
SHOWN_HINTS = 100
NOTES = (
    "同一人在同一科室的几件办件算一次机会；几个人可以共用一个手机号，在一个科室合计一次机会，预览列出是哪些办件。",
    "评议对象的人员、单位联络员及申报的近亲属列为回避，不参加抽取。",
    "没有手机号的办件照常导入、计数，但不能抽取。已经导入过、内容相同的办件自动略过。",
    f"文件不超过{LARGEST_FILE // MIB}MB、5万行；更大的（不超过50万行）请运维人员用 import_service_records 命令导入。",
    "导入后，各单位每天的件数和累计校验值随即在“办件公开”页公布，不能删改；姓名、手机号报错的，可以办理办件更正。",
)


def _trial(rows: Sequence[Row], by: User, at: datetime) -> Delivery:
    return import_records(rows=rows, by=by, at=at, is_trial=True)


def _preview(subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime) -> Preview:
    made = _trial(rows, by, at)
    hints = [str(hint) for hint in made.hints[:SHOWN_HINTS]]
    if more := len(made.hints) - len(hints):
        hints.append(f"另有{more}条同类提示，没有列出。")
    return Preview(
        figures=made.figures,
        headings=("说明",),
        changes=(),
        notices=(*made.notices, *hints),
        fingerprint=made.content,
        nothing="" if made.records else "文件中的办件都已经导入过，没有需要导入的内容。",
        consequence="确认后办件计入各单位的累计校验，不能删改。",
    )


def _confirm(subject: str, rows: Sequence[Row], **given: Any) -> str:
    made = import_records(rows=rows, by=given["by"], at=given["at"])
    if made.content != given["agreed"]:
        raise RuleViolation(CHANGED)  # takes the import back with the transaction of the confirmation
    return f"已导入{made.records}件办件，{made.people}名办事人，{made.days}个办结日；略过已导入的{made.known}件。"


RECORD_LIST = ListKind(
    NAME,
    "办件",
    "pool.import",
    columns=lambda _: COLUMNS,
    preview=_preview,
    confirm=_confirm,
    back=lambda _: reverse("admin:evaluations_recordbatch_changelist"),
    notes=NOTES,
)
