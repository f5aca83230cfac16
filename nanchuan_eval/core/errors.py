"""The one exception that is meant for people, and its form for files that are rejected."""

from collections.abc import Sequence

from nanchuan_eval.core.attempts import note_refusal
from nanchuan_eval.core.faults import Fault, summed_up


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


class FileRefused(RuleViolation):
    """A file is rejected; `reasons` sums up repeated faults, `faults` holds all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        super().__init__(*summed_up(faults))

    @property
    def audit_reason(self) -> str:
        """The number of faults only: their texts quote cells, which the audit log must not hold."""
        return f"文件未通过检查，共{len(self.faults)}处错误"
