"""The running freezes, and the page of a list's answers with what the download needs, signed and not stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core import signing

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.rules import Answer, Question, Verdict, figures
from accountability.promotion_freezes.workbooks import AskedList
from evaluations.rounds.rules.lifecycle import DEMO_NOTICE
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.previews import FaultLine, fault_lines
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind

MOST_SHOWN = 300  # people on the page; the workbook has all
LASTS = timedelta(hours=12)
SALT = "accountability.promotion_freezes."
ASKED, FAULTS = "asked", "faults"


@dataclass(frozen=True)
class AnswersPage:
    """The answers to a list: figures, and who is or may be in a freeze, or was in one on other days, with numbers."""

    figures: str
    total: int
    noted: Sequence[tuple[int, Answer]]
    more: int
    notices: Sequence[str]
    asked: str


@dataclass(frozen=True)
class FaultsPage:
    """The table of errors of a list."""

    count: int
    lines: Sequence[FaultLine]
    faults: str


def freeze_table(rows: Sequence[PromotionFreeze], *, is_demo: bool) -> Table[PromotionFreeze]:
    """Return the freezes in force today, each with its certificate."""
    columns: list[Column[PromotionFreeze]] = [
        Column("name", "姓名", lambda row: row.person_name, is_head=True, blank="（姓名未登记）"),
        Column("post", "职务", lambda row: row.post, width=40),
        Column("starts", "起始日期", lambda row: row.starts_on, Kind.DAY),
        Column("ends", "截止日期", lambda row: row.ends_on, Kind.DAY),
        Column(
            "certificate",
            "证明",
            lambda _: "",
            template="accountability/promotion_freezes/_certificate.html",
            is_sortable=False,
            is_exported=False,
        ),
    ]
    return Table(
        name="freezes",
        title="今天在影响期内的人员",
        columns=columns,
        rows=rows,
        caption="影响期登记，截止当日仍在影响期内",
        empty="今天没有人在影响期内。",
        notes=[DEMO_NOTICE] if is_demo else [],
    )


def answers_page(asked: AskedList, answers: Sequence[Answer]) -> AnswersPage:
    """Return what the page of the answers shows."""
    noted = [
        (number, each)
        for number, each in enumerate(answers, start=1)
        if each.verdict != Verdict.FREE or each.on_other_days
    ]
    questions = [
        [each.name, each.unit, each.on.first.isoformat(), each.on.last.isoformat()] for each in asked.questions
    ]
    return AnswersPage(
        figures=figures(answers),
        total=len(answers),
        noted=noted[:MOST_SHOWN],
        more=len(noted[MOST_SHOWN:]),
        notices=asked.notices,
        asked=_signed(ASKED, {"questions": questions, "notices": asked.notices}),
    )


def faults_page(filename: str, faults: Sequence[Fault]) -> FaultsPage:
    """Return what the page of a refused file shows."""
    return FaultsPage(len(faults), fault_lines(faults), _signed(FAULTS, {"filename": filename, "faults": faults}))


def asked_on(text: str) -> AskedList:
    """Return the questions that a page carried along."""
    kept, day = _unsigned(ASKED, text), date.fromisoformat
    questions = (Question(name, unit, Span(day(first), day(last))) for name, unit, first, last in kept["questions"])
    return AskedList(tuple(questions), tuple(kept["notices"]))


def faults_on(text: str) -> tuple[str, list[Fault]]:
    """Return the file name and the faults that a page carried along."""
    kept = _unsigned(FAULTS, text)
    return kept["filename"], [Fault(*each) for each in kept["faults"]]


def _signed(what: str, kept: dict[str, Any]) -> str:
    return signing.dumps(kept, salt=SALT + what, compress=True)


def _unsigned(what: str, text: str) -> Any:
    try:
        return signing.loads(text, salt=SALT + what, max_age=LASTS)
    except signing.BadSignature:
        raise RuleViolation("页面已失效，请重新上传名单。") from None
