"""Rounds: readiness."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import Readiness, RoundState, Step, missing
from nanchuan_eval.core.errors import RuleViolation

# How the facts are read that the next step of a round in a state looks at; the app's configuration fills it in.
readers: dict[RoundState, Callable[[Round], dict[str, Any]]] = {}


def missing_for(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> list[str]:
    """Return in Chinese what the step still lacks; the admin page shows and the refused step says the same."""
    return missing(step, gather_readiness(round_, at, open_cases=open_cases))


def require(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> None:
    """Refuse the step while anything is missing."""
    lacks = missing_for(round_, step, at, open_cases=open_cases)
    if lacks:
        raise RuleViolation(*lacks)


def gather_readiness(round_: Round, at: datetime, *, open_cases: int = 0) -> Readiness:
    """Read what the conditions of the round's next step look at."""
    return Readiness(
        state=RoundState(round_.state),
        now=timezone.localtime(at),
        opens_at=timezone.localtime(round_.opens_at),
        closes_at=timezone.localtime(round_.closes_at),
        draws=dict(round_.draws.standing().values_list("purpose", "status")),
        open_cases=open_cases,
        **(readers[RoundState(round_.state)](round_) if RoundState(round_.state) in readers else {}),
    )
