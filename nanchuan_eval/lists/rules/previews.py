"""What a preview of an uploaded list says: its changes, its questions, and the errors of a file that is refused."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nanchuan_eval.core.faults import SHOWN_OF_A_KIND, Fault

EMPTY = "（空）"
PLACES_SHOWN = 3


@dataclass(frozen=True)
class Question:
    """A question of the preview, with choices as (value, text); without a default it must be answered."""

    key: str
    text: str
    choices: tuple[tuple[str, str], ...]
    default: str = ""
    detail: tuple[str, ...] = ()

    def answer(self, answers: Mapping[str, str]) -> str:
        """Return the chosen value, the default, or "" while there is neither."""
        given = answers.get(self.key, "")
        return given if given in dict(self.choices) else self.default

    def answer_text(self, answers: Mapping[str, str]) -> str:
        """Return the text of the chosen value."""
        return dict(self.choices).get(self.answer(answers), "")


@dataclass(frozen=True)
class Change:
    """One line of the preview: its kind (新增, 变更, 合并 …) and (before, after) of each heading; equal = unchanged."""

    kind: str
    cells: tuple[tuple[str, str], ...]

    @property
    def is_new(self) -> bool:
        """True if there was nothing before."""
        return not any(before for before, _ in self.cells)

    def texts(self) -> list[str]:
        """Return the cells as text: “before → after” where they differ."""
        return [
            after if self.is_new or before == after else f"{before or EMPTY} → {after or EMPTY}"
            for before, after in self.cells
        ]


@dataclass(frozen=True)
class Preview:
    """What a confirmation would do; `fingerprint` is a digest of all of it."""

    figures: tuple[tuple[str, int], ...]
    headings: tuple[str, ...]
    changes: tuple[Change, ...]
    notices: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    fingerprint: str = ""
    # Why there is nothing to confirm, if so.
    nothing: str = ""
    # What the confirmation means, beside the button.
    consequence: str = ""
    # How many of the first headings say which line is meant; the page shows what changes right behind them.
    keys: int = 1

    def open_questions(self, answers: Mapping[str, str]) -> list[Question]:
        """Return the questions that still need an answer."""
        return [question for question in self.questions if not question.answer(answers)]

    def answered(self, posted: Mapping[str, str]) -> dict[str, str]:
        """Return those of the posted answers that are choices of a question."""
        given = {question.key: question.answer(posted) for question in self.questions}
        return {key: value for key, value in given.items() if value}

    def arranged(self) -> "Preview":
        """Return the preview without empty columns, those in which something changes right behind the keys."""
        columns = range(len(self.headings))
        used = [n for n in columns if n < self.keys or any(any(change.cells[n]) for change in self.changes)]
        altered = {n for n in used if any(c.cells[n][0] != c.cells[n][1] and not c.is_new for c in self.changes)}
        order = sorted(used, key=lambda n: (n >= self.keys, n >= self.keys and n not in altered, n))
        return replace(
            self,
            headings=tuple(self.headings[n] for n in order),
            changes=tuple(Change(c.kind, tuple(c.cells[n] for n in order)) for c in self.changes),
        )


@dataclass(frozen=True)
class FaultLine:
    """A line of the table of errors: the same problem at one place or at several."""

    text: str
    places: str
    count: int


def fault_lines(faults: Iterable[Fault]) -> list[FaultLine]:
    """Group faults by kind and text: equal ones are one line; of a kind, the first few texts are shown."""
    kinds: dict[str, dict[str, list[Fault]]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, {}).setdefault(fault.text, []).append(fault)
    return [line for kind, texts in kinds.items() for line in _lines(kind, list(texts.items()))]


def _lines(kind: str, texts: Sequence[tuple[str, list[Fault]]]) -> list[FaultLine]:
    # Showing the last one takes no more room than “1 more”.
    shown = texts if len(texts) == SHOWN_OF_A_KIND + 1 else texts[:SHOWN_OF_A_KIND]
    lines = [_line(text, alike) for text, alike in shown]
    others = [fault for _, alike in texts[len(shown) :] for fault in alike]
    if others:
        lines.append(_line(f"另有同样的问题：{kind.rstrip('。')}。", others))
    return lines


def _line(text: str, faults: Sequence[Fault]) -> FaultLine:
    places = [fault.where for fault in faults if fault.where]
    shown = "、".join(places[:PLACES_SHOWN]) or "整份文件"
    return FaultLine(text, f"{shown}等{len(places)}处" if len(places) > PLACES_SHOWN else shown, len(faults))
