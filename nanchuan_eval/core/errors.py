"""The one exception that is meant for people, and the faults of a file that it lists."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nanchuan_eval.core.attempts import note_refusal

SHOWN_OF_A_KIND = 5


class RuleViolation(Exception):
    """A rule refuses the action; the Chinese text says what is wrong and what to do.

    Only views, admin and commands catch it. `reasons` holds one text per unmet condition.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons
        note_refusal(self.audit_reason)

    @property
    def audit_reason(self) -> str:
        """The reasons as the audit log keeps them."""
        return "；".join(self.reasons)


class Fault(NamedTuple):
    """One fault (文件中的问题) at one place of a file, or in all of it; faults of one `kind` have the same remedy."""

    where: str
    text: str
    kind: str

    def __str__(self) -> str:
        return f"{self.where}：{self.text}" if self.where else self.text


class FileRefused(RuleViolation):
    """A file is rejected; `reasons` sums up repeated faults, `faults` holds all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(*summed_up(faults))

    @property
    def audit_reason(self) -> str:
        """The number of faults only: their texts quote cells, which the audit log must not hold."""
        return f"文件未通过检查，共{len(self.faults)}处错误"


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
