"""The one exception that is meant for people."""

from collections.abc import Sequence

from nanchuan_eval.rules.faults import Fault, summed_up


class RuleViolation(Exception):
    """A rule refuses the act; the Chinese text says what is wrong and what to do.

    Only views, admin and commands catch it. `reasons` holds one text per thing still missing.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


class FileRefused(RuleViolation):
    """A file cannot be taken; the reasons sum up many equal faults, `faults` holds them all."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(*summed_up(faults))
        self.faults = faults
