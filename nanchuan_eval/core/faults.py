"""The faults of a file, one for each place, and how a long list of them is summed up."""

from collections.abc import Iterable
from typing import NamedTuple

SHOWN_OF_A_KIND = 5
MOST_CHARACTERS = 60  # of a faulty value that a message repeats


class Fault(NamedTuple):
    """One fault (文件中的问题) at one place of a file, or in all of it; faults of one `kind` have the same remedy."""

    where: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.where}：{self.text}" if self.where else self.text


def summed_up(faults: Iterable[Fault]) -> list[str]:
    """Return one line per fault; of each kind the first few, then the number of the others."""
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return [line for alike in kinds.values() for line in _lines(alike)]


def _lines(alike: list[Fault]) -> list[str]:
    # Showing the last one takes no more room than “1 more”.
    shown = alike if len(alike) == SHOWN_OF_A_KIND + 1 else alike[:SHOWN_OF_A_KIND]
    lines = [str(fault) for fault in shown]
    more = len(alike) - len(shown)
    if more:
        lines.append(f"另有{more}处同样的问题（{alike[0].kind}），到{alike[-1].where}为止，不再一一列出。")
    return lines


def shortened(value: object) -> str:
    """Return a value for a message, without the rest of a long one; half a character, which has no bytes, escaped."""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text[:MOST_CHARACTERS] + "…" * (len(text) > MOST_CHARACTERS)
