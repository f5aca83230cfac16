"""The one exception that is meant for people."""


class RuleViolation(Exception):
    """A rule refuses the act; the Chinese text says what is wrong and what to do.

    Only views, admin and commands catch it. `reasons` holds one text per thing still missing.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons
