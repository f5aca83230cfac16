"""The one exception that is meant for people."""

from collections.abc import Sequence

from nanchuan_eval.core.attempts import note_refusal
from nanchuan_eval.core.faults import Fault, summed_up


class RuleViolation(Exception):
    """A rule refuses the act; the Chinese text says what is wrong and what to do.

    Only views, admin and commands catch it. `reasons` holds one text per thing still missing.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons
        note_refusal(self.for_the_trace)

    @property
    def for_the_trace(self) -> str:
        """What the trace keeps of the reasons."""
        return "；".join(self.reasons)


class FileRefused(RuleViolation):
    """A file cannot be taken; the reasons sum up many equal faults, `faults` holds them all."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(*summed_up(faults))

    @property
    def for_the_trace(self) -> str:
        """A file's faults quote its cells, which are no business of the trace."""
        return f"文件未通过检查，共{len(self.faults)}处错误"
