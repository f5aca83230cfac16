"""Lineage (沿革): the earlier sections whose ranks a section inherits through reforms (article: 适时调整)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Change = tuple[str, str | None]
# Reforms after which a section is no longer the one it was, though it may keep its code.
RESHAPING = frozenset({"merged", "split"})


@dataclass(frozen=True)
class Title:
    """Name and department of a section."""

    name: str
    department: str

    def __str__(self) -> str:
        return f"{self.department}“{self.name}”"


@dataclass(frozen=True)
class Step:
    """One change from section `earlier`, whose title was `was`, to `later`, both by code."""

    on: date
    kind: str
    earlier: str
    later: str | None
    was: Title
    note: str = ""


@dataclass(frozen=True)
class Roster:
    """The sections of a round by code, and the day as of which people rated them."""

    codes: frozenset[str]
    on: date


@dataclass(frozen=True)
class Continued:
    """A section whose ranks another one continues (延续), with its last title and its last day."""

    code: str
    title: Title
    until: date


@dataclass(frozen=True)
class Line:
    """A line of a section's history as shown."""

    on: date
    text: str
    note: str


def earlier_sections(code: str, changes: Iterable[Change]) -> frozenset[str]:
    """Return the sections that became `code` through any chain of changes, without `code` itself.

    `changes` = (earlier code, later code or None if abolished); renaming and moving keep the code.
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


def reshaped_sections(before: Roster, now: Roster, steps: Iterable[Step]) -> dict[str, str]:
    """Return the sections that were merged or split between two rosters, with the kind of reform.

    Renaming and moving keep the code and change nothing about who is rated.
    """
    found: dict[str, str] = {}
    for step in steps:
        if step.kind in RESHAPING and step.later is not None and _is_between(step, before, now):
            found |= dict.fromkeys({step.earlier, step.later} & now.codes, step.kind)
    return found


def _is_between(step: Step, before: Roster, now: Roster) -> bool:
    """True if a reform took effect between two rosters: by its day, or because a section ended or began."""
    has_ended = step.earlier in before.codes and step.earlier not in now.codes
    has_begun = step.later in now.codes and step.later not in before.codes
    return before.on < step.on <= now.on or has_ended or has_begun


def continued_sections(code: str, steps: Sequence[Step]) -> list[Continued]:
    """Return the sections that `code` continues with their last titles, latest first."""
    known = earlier_sections(code, [(step.earlier, step.later) for step in steps])
    last = {step.earlier: step for step in steps if step.earlier in known and step.later != step.earlier}
    found = [Continued(earlier, step.was, step.on) for earlier, step in last.items()]
    return sorted(found, key=lambda one: (one.until, one.code), reverse=True)


def history_lines(code: str, steps: Sequence[Step], now: Mapping[str, Title]) -> list[Line]:
    """Describe the history of `code`, oldest first; `steps` are in order of their days, `now` = titles by code."""
    own = {code, *earlier_sections(code, [(step.earlier, step.later) for step in steps])}
    return [
        Line(step.on, _sentence(step, index, steps, now), step.note)
        for index, step in enumerate(steps)
        if step.later in own or step.earlier == code
    ]


def _sentence(step: Step, index: int, steps: Sequence[Step], now: Mapping[str, Title]) -> str:
    if step.later is None:
        return f"{step.was}撤销，没有科室延续"
    became = _title_after(step.later, index, steps, now)
    if step.kind == "renamed":
        return f"{step.was}更名为“{became.name}”"
    if step.kind == "unit":
        return f"{step.was}所属单位更名为“{became.department}”，原单位名称“{step.was.department}”"
    if step.kind == "moved":
        return f"{step.was}转隶到{became.department}"
    if step.kind == "merged":
        return f"{step.was}（{step.earlier}）并入{became}（{step.later}）"
    return f"{step.was}（{step.earlier}）拆分出{became}（{step.later}）"


def _title_after(code: str, index: int, steps: Sequence[Step], now: Mapping[str, Title]) -> Title:
    """Return a section's title right after a step: the one before its next change, or the present one."""
    return next((step.was for step in steps[index + 1 :] if step.earlier == code), now[code])
