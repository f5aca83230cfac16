"""Lineage (沿革): which earlier sections' ranks follow a section through reforms (article: 适时调整)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Change = tuple[str, str | None]


@dataclass(frozen=True)
class Title:
    """What a section is called and where it belongs."""

    name: str
    department: str

    def __str__(self) -> str:
        return f"{self.department}“{self.name}”"


@dataclass(frozen=True)
class Step:
    """One change in the line: from the section `earlier` (its title until then) to `later`, both by code."""

    on: date
    kind: str
    earlier: str
    later: str | None
    was: Title
    note: str = ""


@dataclass(frozen=True)
class Continued:
    """A section whose ranks another one continues (延续), with its last title and day."""

    code: str
    title: Title
    until: date


@dataclass(frozen=True)
class Line:
    """One line of a section's history."""

    on: date
    text: str
    note: str


def earlier_sections(code: str, changes: Iterable[Change]) -> frozenset[str]:
    """Return all sections that became `code` through any chain of changes; itself not included.

    `changes` = (earlier code, later code or None when abolished); renaming and moving keep the code.
    """
    came_from: dict[str, set[str]] = {}
    for earlier, later in changes:
        if later is not None and later != earlier:
            came_from.setdefault(later, set()).add(earlier)
    found: set[str] = set()
    waiting = [code]
    while waiting:
        for earlier in came_from.get(waiting.pop(), set()) - found:
            found.add(earlier)
            waiting.append(earlier)
    return frozenset(found - {code})


def continued_sections(code: str, steps: Sequence[Step]) -> list[Continued]:
    """Return the sections that `code` continues, with what they were called at last, latest first."""
    known = earlier_sections(code, [(step.earlier, step.later) for step in steps])
    last = {step.earlier: step for step in steps if step.earlier in known and step.later != step.earlier}
    found = [Continued(earlier, step.was, step.on) for earlier, step in last.items()]
    return sorted(found, key=lambda one: (one.until, one.code), reverse=True)


def history_lines(code: str, steps: Sequence[Step], now: Mapping[str, Title]) -> list[Line]:
    """Tell the line of `code` in words, oldest first; `steps` in the order of their days, `now` = titles by code."""
    own = {code, *earlier_sections(code, [(step.earlier, step.later) for step in steps])}
    return [
        Line(step.on, _told(step, index, steps, now), step.note)
        for index, step in enumerate(steps)
        if step.later in own or step.earlier == code
    ]


def _told(step: Step, index: int, steps: Sequence[Step], now: Mapping[str, Title]) -> str:
    if step.later is None:
        return f"{step.was}撤销，没有科室延续"
    became = _title_after(step.later, index, steps, now)
    if step.kind == "renamed":
        return f"{step.was}更名为“{became.name}”"
    if step.kind == "moved":
        return f"{step.was}转隶到{became.department}"
    if step.kind == "merged":
        return f"{step.was}（{step.earlier}）并入{became}（{step.later}）"
    return f"{step.was}（{step.earlier}）拆分出{became}（{step.later}）"


def _title_after(code: str, index: int, steps: Sequence[Step], now: Mapping[str, Title]) -> Title:
    """What a section was called right after a step: as the next change found it, or as it is now."""
    return next((step.was for step in steps[index + 1 :] if step.earlier == code), now[code])
