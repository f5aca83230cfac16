"""The open round, a round's draws and objection period, and the readiness of its next step."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import (
    COUNTED,
    DrawPurpose,
    Readiness,
    RoundState,
    Step,
    missing,
    state_label,
)
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import add_workdays

# State -> reader of what the next step's conditions depend on; registered by the app's configuration.
readers: dict[RoundState, Callable[[Round], dict[str, Any]]] = {}


def open_round(at: datetime) -> Round | None:
    """Return the round whose ballots are accepted at that moment, if any (one query)."""
    return Round.objects.accepting(at).first()


def awaiting_opening(at: datetime) -> Round | None:
    """Return the round whose vote has ended and whose box is not open yet, if any (one query)."""
    return Round.objects.overdue_for_sealing(at).first()


def state_now(round_: Round, at: datetime) -> str:
    """Return what the round's state is called at that moment: every page, workbook and mail shows this."""
    return state_label(RoundState(round_.state), round_.closes_at, at)


def wanted_draws(round_: Round) -> tuple[DrawPurpose, ...]:
    """Return the draws of people that the round's rulebook asks for before the vote."""
    issued = round_.rulebook["sampled_forms"] == ISSUED_CODES
    return (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS, *([DrawPurpose.ISSUED] if issued else []))


def objections_until(round_: Round) -> date | None:
    """Return the last day of the objection period (R-G), or None before the result is announced to the units."""
    announced = round_.steps.filter(state=RoundState.REVIEW).values_list("at", flat=True).first()
    if announced is None or not round_.rulebook["objection_workdays"]:
        return None
    start = timezone.localtime(announced).date()
    return add_workdays(start, round_.rulebook["objection_workdays"], Holiday.objects.calendar())


def rounds_to_choose() -> QuerySet[Round]:
    """Return the rounds that are not void, newest first."""
    return Round.objects.exclude(state=RoundState.VOID)


def has_result(round_: Round) -> bool:
    """True if the round has been counted."""
    return round_.state in COUNTED


def missing_for(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> list[str]:
    """Return in Chinese what the step still lacks; the staff page and a refused step show the same list."""
    return missing(step, gather_readiness(round_, at, open_cases=open_cases))


def require(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> None:
    """Refuse the step while anything is missing."""
    lacks = missing_for(round_, step, at, open_cases=open_cases)
    if lacks:
        raise RuleViolation(*lacks)


def gather_readiness(round_: Round, at: datetime, *, open_cases: int = 0) -> Readiness:
    """Read what the conditions of the round's next step depend on."""
    return Readiness(
        state=RoundState(round_.state),
        now=timezone.localtime(at),
        opens_at=timezone.localtime(round_.opens_at),
        closes_at=timezone.localtime(round_.closes_at),
        draws=dict(round_.draws.standing().values_list("purpose", "status")),
        open_cases=open_cases,
        **(readers[RoundState(round_.state)](round_) if RoundState(round_.state) in readers else {}),
    )


def earlier_round(round_: Round) -> Round | None:
    """Return the latest round before this one, whose rulebook may be carried over."""
    return Round.objects.filter(period_start__lt=round_.period_start).first()
