"""Rounds: queries."""

from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import COUNTED, DrawPurpose, RoundState
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.rounds.sql import read_open_round
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.rules import add_workdays


def open_round(at: datetime) -> Round | None:
    """Return the round whose ballots are accepted at that moment, if any (one query)."""
    return Round.objects.accepting(at).first()


class OpenRound(NamedTuple):
    """What the entrance says of the round that takes ballots."""

    key: str
    name: str
    closes_at: datetime
    is_demo: bool


def open_round_facts(at: datetime) -> OpenRound | None:
    """Return the facts alone: the round's paper and rules are long (one query)."""
    facts = read_open_round(at)
    return OpenRound(*facts) if facts else None


def wanted_draws(round_: Round) -> tuple[DrawPurpose, ...]:
    """Return the draws of people that the round's rulebook asks for before the vote."""
    issued = round_.rulebook["sampled_forms"] == ISSUED_CODES
    return (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS, *([DrawPurpose.ISSUED] if issued else []))


def objections_until(round_: Round) -> date | None:
    """Return the last day of the objection window (R-G), or None before the units were told."""
    told = round_.steps.filter(state=RoundState.REVIEW).values_list("at", flat=True).first()
    if told is None or not round_.rulebook["objection_workdays"]:
        return None
    start = timezone.localtime(told).date()
    return add_workdays(start, round_.rulebook["objection_workdays"], Holiday.objects.calendar())


def rounds_to_choose() -> QuerySet[Round]:
    """Return the rounds, newest first."""
    return Round.objects.exclude(state=RoundState.VOID)


def has_result(round_: Round) -> bool:
    """Say whether a result exists (计票之后)."""
    return round_.state in COUNTED
