"""The list of accounts as it is uploaded, previewed and confirmed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.urls import reverse

from nanchuan_eval.account_lists.rules import COLUMNS, HEADINGS
from nanchuan_eval.account_lists.services import create_listed, read_list
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.previews import Change, Preview
from nanchuan_eval.lists.services import CHANGED, ListKind
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.spreadsheets.guard import MIB
from nanchuan_eval.users.models import User

NAME, ACTION = "accounts", "user.create"
NOTHING = "名单中的人员都已经有账号，没有需要建立的。"


def _preview(subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime) -> Preview:
    found = read_list(rows, answers)
    cells = [one.cells for one in found.wanted]
    return Preview(
        figures=(("新建账号", len(cells)), ("已有账号", found.present)),
        headings=HEADINGS,
        changes=tuple(Change("新建", tuple(("", text) for text in line)) for line in cells),
        notices=found.notices,
        questions=found.questions,
        fingerprint=sha256_hex(canonical_json([list(line) for line in cells])),
        nothing="" if cells else NOTHING,
        consequence=(
            f"确认后建立{len(cells)}个账号，均没有权限和口令。由安全管理员在“账号”页提请授权，评议办负责人同意后，再打印登录通知书。"
        ),
    )


def _confirm(  # noqa: PLR0913  as every list is confirmed
    subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], agreed: str, filename: str, by: User, at: datetime
) -> object:
    preview = _preview(subject, rows, answers=answers, by=by, at=at)
    if preview.fingerprint != agreed:
        raise RuleViolation(CHANGED)
    usernames = [change.cells[-1][1] for change in preview.changes]
    made = create_listed(rows=rows, answers=answers, agreed=usernames, by=by, at=at)
    return f"已建立{made}个账号。请告知安全管理员在“账号”页点击“按名单提请授权”。"


ACCOUNT_LIST = ListKind(
    NAME,
    "账号名单",
    ACTION,
    columns=lambda _: COLUMNS,
    preview=_preview,
    confirm=_confirm,
    back=lambda _: reverse("admin:nanchuan_eval_user_changelist"),
    notes=(
        "同一人员、同一角色、同一单位已经有账号的，不再建立，也不改动。",
        "名单中不填口令：授权以后打印登录通知书，由本人凭其中的链接设置。",
    ),
    most_bytes=MIB,
)
