"""The list of service topics as an approvable action, and as a list to upload."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import reverse

from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.rules.topic_list import COLUMNS, HEADINGS
from evaluations.ballot_form.services import ACTION, compare_topics, fingerprint, import_topics
from nanchuan_eval.admin_site.record_changes import kind_of
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.previews import Change, Preview
from nanchuan_eval.lists.services import CHANGED, ListKind
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.spreadsheets.guard import MIB
from nanchuan_eval.users.models import User

NAME, PROPOSAL = "service-topics", "service_topics.import"
NOTHING = "文件与现有办事事项一致，没有需要导入的内容。"


def _content(_: ContentType, arguments: Arguments) -> dict[str, object]:
    changes, _notices = compare_topics(_rows(arguments))
    texts = [Change("", change.cells).texts() for change in changes]
    return {
        "文件": arguments["file"],
        "变动": ["，".join(f"{h} {t}" for h, t in zip(HEADINGS, line, strict=True) if t) for line in texts] or "无",
        "变动校验值": fingerprint(changes),
    }


def _import(_: ContentType, arguments: Arguments, *, by: User, at: datetime) -> int:
    return import_topics(rows=_rows(arguments), agreed=arguments["agreed"], by=by, at=at)


IMPORT_TOPICS = ApprovableAction(
    PROPOSAL,
    ACTION,
    "导入办事事项",
    ContentType,  # all topics: their content type is locked
    content=_content,
    perform=_import,
    names=lambda _, arguments: str(arguments["file"]),
)


def _preview(subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime) -> Preview:
    changes, notices = compare_topics(rows)
    new = sum(not change.before for change in changes)
    return Preview(
        figures=(("新增", new), ("变更", len(changes) - new)),
        headings=HEADINGS,
        changes=tuple(Change("变更" if change.before else "新增", change.cells) for change in changes),
        notices=notices,
        fingerprint=fingerprint(changes),
        nothing="" if changes else NOTHING,
    )


@transaction.atomic
def _confirm(  # noqa: PLR0913  as every list is confirmed
    subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], agreed: str, filename: str, by: User, at: datetime
) -> Approval | str:
    """Propose the list, or import it at once where one person may."""
    if not policy.requires_approval(ACTION):
        return f"已导入{import_topics(rows=rows, agreed=agreed, by=by, at=at)}个办事事项。"
    policy.check_starts(by, ACTION)
    if fingerprint(compare_topics(rows)[0]) != agreed:
        raise RuleViolation(CHANGED)
    plain = [[row.sheet, row.number, list(row.cells)] for row in rows]
    return approvals.propose(PROPOSAL, kind_of(ServiceTopic), by=by, at=at, file=filename, rows=plain, agreed=agreed)


TOPIC_LIST = ListKind(
    NAME,
    "办事事项",
    ACTION,
    columns=lambda _: COLUMNS,
    preview=_preview,
    confirm=_confirm,
    back=lambda _: reverse("admin:evaluations_servicetopic_changelist"),
    notes=(
        "文件中没有的办事事项不删除，没有的列保留原有内容，空单元格清除原有内容。",
        "在办事事项页面点击“导出清单”，取得现有的全部事项，修改后可以直接导入。",
    ),
    most_bytes=MIB,
)


def _rows(arguments: Arguments) -> list[Row]:
    return [Row(sheet, number, tuple(cells)) for sheet, number, cells in arguments["rows"]]
