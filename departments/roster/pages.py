"""The roster as a list that is uploaded, previewed and confirmed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.urls import reverse

from departments.roster.approvals import AGAIN, propose_import, shown
from departments.roster.rules.comparison import CORRECT, HEADS, REPLACE, Difference, HeadChange
from departments.roster.rules.rows import COLUMNS, LABELS
from departments.roster.services import RosterReport, compare_roster, import_roster
from nanchuan_eval.lists.rules.previews import Change, Preview
from nanchuan_eval.lists.services import ListKind
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.spreadsheets.guard import MIB
from nanchuan_eval.users.models import User

NAME, ACTION = "roster", "roster.import"
LARGEST_MEGABYTES = 2
MOST_NAMED = 50  # absent sections
KEYS = (LABELS["section_code"], LABELS["department_name"], LABELS["section_name"])
HEADINGS = (*KEYS, *(label for label in LABELS.values() if label not in KEYS))
UNCHANGED = "文件与现有名录一致，没有需要导入的内容。"


def _preview(subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], by: User, at: datetime) -> Preview:
    report = compare_roster(rows, correct_heads=answers.get(HEADS) == CORRECT)
    changes = [_change(difference) for difference in report.differences if difference.is_new or difference.is_changed]
    question = report.question
    return Preview(
        figures=_figures(report),
        headings=tuple(HEADINGS),
        changes=tuple(changes),
        notices=(*report.notices, *_absent(report)),
        questions=(question,) if question else (),
        fingerprint=report.fingerprint,
        nothing=_nothing(report, answers) if changes else UNCHANGED,
        keys=len(KEYS),
    )


def _confirm(  # noqa: PLR0913  as every list is confirmed
    subject: str, rows: Sequence[Row], *, answers: Mapping[str, str], agreed: str, filename: str, by: User, at: datetime
) -> object:
    correct_heads = answers.get(HEADS) == CORRECT
    if policy.requires_approval(ACTION):
        return propose_import(file=filename, rows=rows, correct_heads=correct_heads, agreed=agreed, by=by, at=at)
    report = import_roster(rows=rows, correct_heads=correct_heads, agreed=agreed, by=by, at=at)
    created, changed = len(report.created), len(report.changed)
    return f"名录已导入：新增{created}个科室，变更{changed}个，未变{report.unchanged}个。"


ROSTER_LIST = ListKind(
    NAME,
    "名录",
    ACTION,
    columns=lambda _: COLUMNS,
    preview=_preview,
    confirm=_confirm,
    back=lambda _: reverse("admin:departments_section_changelist"),
    notes=(
        "科室按代码与现有名录对应；没有该列或单元格为空时，保留原有内容。单位的单元格可以合并。",
        "名录中有、文件中没有的科室不会删除；撤销、合并、更名等请用科室页面上“机构改革”的按钮办理。",
    ),
    most_bytes=LARGEST_MEGABYTES * MIB,
)


def _figures(report: RosterReport) -> tuple[tuple[str, int], ...]:
    heads = [(change.value, len(report.with_head(change))) for change in HeadChange if change.value]
    return (
        ("单位", report.departments),
        ("科室", report.sections),
        ("新增", len(report.created)),
        ("变更", len(report.changed)),
        ("未变", report.unchanged),
        *((name, number) for name, number in (("单位更名", len(report.renamed)), *heads) if number),
    )


def _change(difference: Difference) -> Change:
    after = shown(difference.after)
    before = shown(difference.before.row) if difference.before else dict.fromkeys(after, "")
    return Change(_kind(difference), tuple((before[label], after[label]) for label in HEADINGS))


def _kind(difference: Difference) -> str:
    if difference.before is None:
        return "新增"
    if not difference.before.is_active:
        return AGAIN
    return difference.head.value or "变更"


def _absent(report: RosterReport) -> list[str]:
    if not report.absent:
        return []
    named = "、".join(report.absent[:MOST_NAMED]) + "等" * (len(report.absent) > MOST_NAMED)
    return [
        f"名录中有、文件中没有的科室{len(report.absent)}个（不会删除，请核对是否撤销或改了代码）：{named}。",
    ]


def _nothing(report: RosterReport, answers: Mapping[str, str]) -> str:
    """Return what has to be done first if somebody else has taken over without a first day."""
    if answers.get(HEADS) != REPLACE or report.question is None:
        return ""
    number = len(report.question.detail)
    return f"{number}个科室换人的，请在文件中填写新任负责人的任职日期（晚于前任的任职日期），再重新上传。"
