"""A small list of people to try the flow with: kept in memory, compared by name; the phones may be asked about."""

from collections.abc import Mapping
from contextlib import contextmanager

from django.http import Http404

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.lists import services
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.previews import Change, Preview, Question
from nanchuan_eval.lists.rules.tables import TableError, read_table
from nanchuan_eval.lists.services import ListKind
from nanchuan_eval.permissions import policy
from tests.departments.roster.files import xlsx

NAME = "fake"
COLUMNS = (
    Column("name", "姓名", ("名字",), is_required=True, most=40, help="身份证上的姓名。", examples=("张三", "李四")),
    Column("phone", "手机号", kind=Kind.PHONE, is_required=True, examples=("13900000001", "139 0000 0002")),
    Column("unit", "单位", examples=("发改委", "")),
)
HEADER = ("姓名", "手机号", "单位")
PEOPLE = (("张三", "13900000001", "发改委"), ("李四", "13900000002", ""))
TAKEN = "改用文件中的手机号"
QUESTION = Question("phones", "手机号与原来不同的，以哪个为准？", (("new", TAKEN), ("old", "保留原来的手机号")))


class Register:
    """The people kept, by name; `is_asking` = changed phones are asked about, `is_late` = imports are refused."""

    def __init__(self) -> None:
        self.people: dict[str, tuple[str, str]] = {}
        self.is_asking, self.is_late = False, False

    def preview(self, subject: str, rows, *, answers: Mapping[str, str], by, at) -> Preview:
        if self.is_late:
            raise RuleViolation("名单已经锁定，不能再导入。")
        try:
            table = read_table(rows, COLUMNS)
        except TableError as error:
            raise FileRefused(error.faults) from None
        changes = [self._change(record) for record in table.records]
        changes = [change for change in changes if any(before != after for before, after in change.cells)]
        differing = tuple(f"{c.cells[0][1]}：{c.cells[1][0]} → {c.cells[1][1]}" for c in changes if not c.is_new)
        asked = self.is_asking and differing
        question = Question(QUESTION.key, QUESTION.text, QUESTION.choices, detail=differing)
        if asked and question.answer(answers) == "old":
            changes = [change for change in changes if change.is_new]
        return Preview(
            figures=(("新增", sum(c.is_new for c in changes)), ("变更", sum(not c.is_new for c in changes))),
            headings=HEADER,
            changes=tuple(changes),
            notices=table.notices,
            questions=(question,) if asked else (),
            fingerprint=sha256_hex(repr(changes).encode()),
            nothing="" if changes or asked else "文件与现有名单一致，没有需要导入的内容。",
        )

    def confirm(self, subject: str, rows, *, answers, agreed, filename, by, at) -> object:
        if policy.requires_approval("roster.import"):
            policy.check_proposes(by, "roster.import")
            return approvals.PROPOSED
        policy.check(by, "roster.import")
        preview = self.preview(subject, rows, answers=answers, by=by, at=at)
        if preview.fingerprint != agreed:
            raise RuleViolation("名单在预览之后有变动。")
        for change in preview.changes:
            name, phone, unit = (after for _, after in change.cells)
            self.people[name] = phone, unit
        return f"已导入{len(preview.changes)}人。"

    def _change(self, record) -> Change:
        before = self.people.get(record["name"])
        was = (record["name"], *before) if before else ("", "", "")
        return Change(
            "变更" if before else "新增",
            tuple(zip(was, (record["name"], record["phone"], record["unit"]), strict=True)),
        )


def subject_title(subject: str) -> str:
    if subject not in ("", "2026"):
        raise Http404
    return f"{subject}年" if subject else ""


@contextmanager
def fake_list(**options):
    """Register the list while a test runs."""
    register = Register()
    kind = ListKind(
        NAME,
        "名单",
        "roster.import",
        lambda _: COLUMNS,
        register.preview,
        register.confirm,
        back=lambda _: "/admin/departments/section/",
        subject_title=subject_title,
        **options,
    )
    services.register(kind)
    try:
        yield register
    finally:
        services._kinds.pop(NAME)


def people(*rows, header=HEADER, edit=lambda _: None):
    """The workbook of a list."""
    return xlsx(header, *(rows or PEOPLE), edit=edit)
