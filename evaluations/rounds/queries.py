"""The open round, a round's draws and objection period, and the readiness of its next step."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.rounds.models import Round
from evaluations.rounds.rules.calendar import OFFSETS
from evaluations.rounds.rules.dates import RoundDates, too_soon, unusual_dates
from evaluations.rounds.rules.lacks import Lack, texts_of
from evaluations.rounds.rules.lifecycle import (
    COUNTED,
    LIFE,
    VOIDABLE,
    DrawPurpose,
    Readiness,
    RoundState,
    Step,
    lacks,
    state_label,
)
from evaluations.rounds.rules.overlap import Overlap, overlaps, period_doubt
from evaluations.rounds.rules.rhythm import rhythm_of
from evaluations.rounds.rules.rulebook import ISSUED_CODES
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.profile.rules.profile import Profile, from_json
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import declared_years
from nanchuan_eval.workdays.rules import Term, days_hint, term_of

# States whose next step depends on draws.
WITH_DRAWS = (RoundState.FROZEN, RoundState.SEALED)
# State -> reader of what the next step's conditions depend on; registered by the apps' configurations.
readers: dict[RoundState, Callable[[Round], dict[str, Any]]] = {}


def open_round(at: datetime) -> Round | None:
    """Return the round whose ballots are accepted at that moment, if any (one query)."""
    return Round.objects.accepting(at).first()


class VoteDates(NamedTuple):
    """The next vote that is announced, and the last one that has ended."""

    coming: Round | None
    ended: Round | None


def vote_dates(at: datetime) -> VoteDates:
    """Return the votes before and after a moment at which none is open (two queries)."""
    rounds = Round.objects.defer("ballot_form", "closing")
    announced = (RoundState.FROZEN, RoundState.DRAWN, RoundState.OPEN)
    coming = rounds.filter(state__in=announced, opens_at__gt=at).order_by("opens_at")
    ended = rounds.exclude(state__in=(RoundState.DRAFT, RoundState.FROZEN, RoundState.DRAWN, RoundState.VOID))
    return VoteDates(coming.first(), ended.filter(closes_at__lte=at).order_by("-closes_at").first())


class Office(NamedTuple):
    """The office's telephone, and whether there is a demonstration among the rounds."""

    phone: str
    is_demo: bool


def office() -> Office:
    """Return whom a visitor calls: the telephone of the open round, else of the newest frozen one (one query).

    Rounds frozen before the telephone was required may have none; then the profile's stands in.
    """
    rounds = Round.objects.exclude(state=RoundState.VOID).values_list("state", "is_demo", "rulebook__office_phone")
    rows = list(rounds)
    frozen = [(state != RoundState.OPEN, phone) for state, _, phone in rows if state != RoundState.DRAFT and phone]
    # The order of the rounds, newest first, stands within both kinds.
    phones = [phone for _, phone in sorted(frozen, key=lambda row: row[0])]
    phone = next(iter(phones), "") or current_profile().phone
    return Office(phone, is_demo=any(is_demo for _, is_demo, _ in rows))


def profile_of(round_: Round) -> Profile:
    """Return the profile that a round's papers, notices and lists use: frozen with its roster, before that today's."""
    return from_json(round_.profile) if round_.profile else current_profile()


def state_now(round_: Round, at: datetime) -> str:
    """Return what the round's state is called at that moment: every page, workbook and mail shows this."""
    return state_label(RoundState(round_.state), round_.closes_at, at)


def wanted_draws(round_: Round) -> tuple[DrawPurpose, ...]:
    """Return the draws of people that the round's rulebook asks for before the vote."""
    issued = round_.rulebook["sampled_forms"] == ISSUED_CODES
    clients = round_.rulebook.get("client_draw", False)
    return (
        *(DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS),
        *([DrawPurpose.CLIENTS] if clients else []),
        *([DrawPurpose.ISSUED] if issued else []),
    )


def announced_on(round_: Round) -> date | None:
    """Return the day on which the result was announced to the units (at most one query)."""
    announced = (step.at for step in round_.steps.all() if step.state == RoundState.REVIEW)
    return next((timezone.localdate(at) for at in announced), None)


def objection_term(round_: Round) -> Term | None:
    """Return the objection period (R-G), or None before the result is announced to the units."""
    start = announced_on(round_)
    if start is None or not round_.rulebook["objection_workdays"]:
        return None
    return term_of(start, round_.rulebook["objection_workdays"], Holiday.objects.calendar())


def objections_until(round_: Round) -> date | None:
    """Return the last day of the objection period, if it has begun."""
    term = objection_term(round_)
    return term.ends_on if term else None


def rounds_to_choose() -> QuerySet[Round]:
    """Return the rounds that are not void, newest first."""
    return Round.objects.exclude(state=RoundState.VOID)


def questionnaire_in_use(*, with_draft: bool = False) -> Questionnaire:
    """Return the questionnaire of the newest frozen round, or also of a draft; the default without any (one query)."""
    states = (RoundState.VOID,) if with_draft else (RoundState.VOID, RoundState.DRAFT)
    rulebook = Round.objects.exclude(state__in=states).values_list("rulebook", flat=True).first()
    return questionnaire_of(rulebook or {})


def has_result(round_: Round) -> bool:
    """True if the round has been counted."""
    return round_.state in COUNTED


def missing_for(round_: Round, step: Step, at: datetime) -> list[str]:
    """Return in Chinese what the step still lacks; the staff page and a refused step show the same list."""
    return texts_of(lacks_for(round_, step, at))


def lacks_for(round_: Round, step: Step, at: datetime) -> list[Lack]:
    """Return what the step still lacks, each with the place where it is mended."""
    return lacks(step, gather_readiness(round_, at))


def require(round_: Round, step: Step, at: datetime) -> None:
    """Refuse the step while anything is missing."""
    if reasons := missing_for(round_, step, at):
        raise RuleViolation(*reasons)


def gather_readiness(round_: Round, at: datetime) -> Readiness:
    """Read what the conditions of the round's next step depend on."""
    return Readiness(
        state=RoundState(round_.state),
        now=timezone.localtime(at),
        opens_at=timezone.localtime(round_.opens_at),
        closes_at=timezone.localtime(round_.closes_at),
        draws=_draws(round_) if round_.state in WITH_DRAWS else {},
        **(readers[RoundState(round_.state)](round_) if RoundState(round_.state) in readers else {}),
    )


def dates_of(round_: Round) -> RoundDates:
    """Return the period and the days of the vote."""
    opens_on, closes_on = (timezone.localdate(moment) for moment in (round_.opens_at, round_.closes_at))
    return RoundDates(round_.period_start, round_.period_end, opens_on, closes_on)


def unusual_dates_of(round_: Round, today: date | None) -> list[str]:
    """Return in Chinese what is improbable about the round's dates, with a day also what is too soon after it."""
    dates, lead = dates_of(round_), {**OFFSETS, **settings.CALENDAR_DAYS}["freeze"]
    return [*unusual_dates(dates, settings.USUAL_DAYS), *(too_soon(dates, today, lead) if today else ())]


def overlaps_of(round_: Round) -> list[Overlap]:
    """Return the terms of the round that reach into the next one (one query)."""
    holidays = Holiday.objects.calendar()
    return overlaps(dates_of(round_), round_.rulebook, holidays, {**OFFSETS, **settings.CALENDAR_DAYS})


def hindering_overlaps(round_: Round) -> list[str]:
    """Return in Chinese the terms for which neither the plan is approved nor the roster frozen."""
    return in_words(round_, [each for each in overlaps_of(round_) if each.prevents])


def rhythm_doubts(round_: Round) -> list[str]:
    """Return in Chinese what does not go with the round's rhythm: its period, terms that reach into the next round."""
    return [*period_doubt(dates_of(round_), round_.rulebook), *in_words(round_, overlaps_of(round_))]


def in_words(round_: Round, found: list[Overlap]) -> list[str]:
    """Return the overlaps in Chinese, and that their days are not sure while a year's holidays are not."""
    rhythm = rhythm_of(round_.rulebook)
    last = max((each.ends_on for each in found), default=None)
    doubt = days_hint(dates_of(round_).closes_on, last, declared_years()) if last else ""
    return [*(each.text(rhythm) for each in found), *([f"{doubt}。"] if doubt else [])]


def leading_round(rounds: Iterable[Round]) -> Round | None:
    """Return the most advanced of the rounds before publication."""
    before = [round_ for round_ in rounds if round_.state in VOIDABLE]
    return max(before, key=lambda round_: LIFE.index(RoundState(round_.state)), default=None)


def rounds_in_hand(rounds: Iterable[Round]) -> list[Round]:
    """Return the most advanced of the rounds before publication, and the one whose vote is open if that is another."""
    known = list(rounds)
    leading = leading_round(known)
    return [each for each in known if each == leading or each.state == RoundState.OPEN]


def _draws(round_: Round) -> dict[str, str]:
    return dict(round_.draws.standing().values_list("purpose", "status"))


def earlier_round(round_: Round) -> Round | None:
    """Return the latest round before this one that was not voided, whose rulebook may be carried over."""
    return rounds_to_choose().filter(period_start__lt=round_.period_start).first()
