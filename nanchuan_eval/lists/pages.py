"""What the pages of an upload show: the table of errors, or the preview with its questions and changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nanchuan_eval.lists.rules.previews import EMPTY, Change, FaultLine, Preview, Question, fault_lines
from nanchuan_eval.lists.services import ListKind, Opened
from nanchuan_eval.permissions import policy

SHOWN = 50  # changes
OPEN_DETAILS = 20  # lines of a question or notices that are shown unfolded


@dataclass(frozen=True)
class Cell:
    """A cell of the table of changes, with the column's name for phones."""

    heading: str
    before: str
    after: str
    is_changed: bool
    is_key: bool


@dataclass(frozen=True)
class Line:
    """A row of the table of changes."""

    kind: str
    is_new: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Asked:
    """A question with the value chosen so far."""

    name: str
    text: str
    choices: Sequence[tuple[str, str, bool]]
    detail: Sequence[str]
    is_open: bool
    is_folded: bool


@dataclass(frozen=True)
class ChangesPage:
    """The preview as the page shows it."""

    figures: Sequence[tuple[str, int]]
    notices: Sequence[str]
    questions: Sequence[Asked]
    headings: Sequence[str]
    lines: Sequence[Line]
    total: int
    nothing: str
    consequence: str
    is_answered: bool

    @property
    def may_confirm(self) -> bool:
        """True if there is something to confirm, and nothing to answer first."""
        return self.is_answered and not self.nothing

    @property
    def more(self) -> int:
        """Number of changes that are not shown."""
        return self.total - len(self.lines)


@dataclass(frozen=True)
class FaultsPage:
    """The table of errors."""

    lines: Sequence[FaultLine]
    count: int


def verb_of(kind: ListKind) -> str:
    """Return what the confirmation does: propose, where another person approves it, or import at once."""
    return "提请" if policy.requires_approval(kind.action) else "确认"


def faults_page(opened: Opened) -> FaultsPage:
    """Return the table of errors of a refused file."""
    return FaultsPage(fault_lines(opened.faults), len(opened.faults))


def changes_page(preview: Preview, answers: Mapping[str, str]) -> ChangesPage:
    """Return the preview with the answers given so far."""
    shown = preview.arranged()
    return ChangesPage(
        figures=preview.figures,
        notices=preview.notices,
        questions=[_asked(question, answers) for question in preview.questions],
        headings=shown.headings,
        lines=[_line(change, shown) for change in shown.changes[:SHOWN]],
        total=len(preview.changes),
        nothing=preview.nothing,
        consequence=preview.consequence,
        is_answered=not preview.open_questions(answers),
    )


def _asked(question: Question, answers: Mapping[str, str]) -> Asked:
    chosen = question.answer(answers)
    return Asked(
        f"answer-{question.key}",
        question.text,
        [(value, text, value == chosen) for value, text in question.choices],
        question.detail,
        not chosen,
        len(question.detail) > OPEN_DETAILS,
    )


def _line(change: Change, shown: Preview) -> Line:
    cells = [
        Cell(
            heading,
            before or EMPTY,
            after if change.is_new or before == after else after or EMPTY,
            before != after,
            n < shown.keys,
        )
        for n, (heading, (before, after)) in enumerate(zip(shown.headings, change.cells, strict=True))
    ]
    return Line(change.kind, change.is_new, cells)
