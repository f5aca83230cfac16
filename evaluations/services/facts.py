"""What a round still lacks: facts from the database, conditions from rules/rounds."""

from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Value
from django.utils import timezone

from departments.models import Section
from evaluations.code_batches import unfit_codes
from evaluations.models import CodeBatch, Manifestation, OpenClaimAlert, Round, SectionResult, SigningCode, Tally
from evaluations.models.ballot import Ballot
from evaluations.paper_books import paper_faults
from evaluations.rules.anomalies import Verdict
from evaluations.rules.indicators import Channel, Indicator
from evaluations.rules.rounds import DrawPurpose, RoundFacts, RoundState, Step, missing
from evaluations.rules.rulebook import ISSUED_CODES, rulebook_errors
from nanchuan_eval import approvals, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import Holiday
from nanchuan_eval.rules.workdays import add_workdays

# What stands in the place of a subject in the one query of what is undecided.
FLAG, SIGNED = "#flag", "#signed"


def missing_for(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> list[str]:
    """Return in Chinese what the step still lacks; the admin page shows and the refused step says the same."""
    return missing(step, gather_facts(round_, at, open_cases=open_cases))


def require(round_: Round, step: Step, at: datetime, *, open_cases: int = 0) -> None:
    """Refuse the step while anything is missing."""
    lacks = missing_for(round_, step, at, open_cases=open_cases)
    if lacks:
        raise RuleViolation(*lacks)


def gather_facts(round_: Round, at: datetime, *, open_cases: int = 0) -> RoundFacts:
    """Read what the conditions of the round's next step look at."""
    return RoundFacts(
        state=RoundState(round_.state),
        now=timezone.localtime(at),
        opens_at=timezone.localtime(round_.opens_at),
        closes_at=timezone.localtime(round_.closes_at),
        draws=dict(round_.draws.standing().values_list("purpose", "status")),
        open_cases=open_cases,
        **_facts_of_state(round_),
    )


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


def _facts_of_state(round_: Round) -> dict[str, Any]:
    readers = {
        RoundState.DRAFT: _draft_facts,
        RoundState.FROZEN: _draw_facts,
        RoundState.DRAWN: _code_facts,
        RoundState.OPEN: _paper_facts,
        RoundState.SEALED: _box_facts,
        RoundState.COUNTED: _list_facts,
        RoundState.REVIEW: _list_facts,
    }
    reader = readers.get(RoundState(round_.state))
    return reader(round_) if reader else {}


def _draft_facts(round_: Round) -> dict[str, Any]:
    present = set(Manifestation.objects.filter(is_active=True).values_list("indicator", flat=True))
    return {
        "is_settled": not policy.requires_approval("round.edit") or approvals.has_approved("round.edit", round_),
        "active_sections": Section.objects.active().count(),
        "rulebook_errors": tuple(rulebook_errors(round_.rulebook)),
        "indicators_without_manifestation": tuple(i.label for i in Indicator if i not in present),
    }


def _draw_facts(round_: Round) -> dict[str, Any]:
    return {"wanted_draws": wanted_draws(round_)}


def _code_facts(round_: Round) -> dict[str, Any]:
    batches = CodeBatch.objects.filter(round=round_, is_open=True).annotate(codes=Count("credentials"))
    ready = set(batches.filter(Q(codes__gt=0) | Q(is_self_service=True)).values_list("channel", flat=True))
    return {
        "channels_without_codes": tuple(
            c.label for c in Channel if c in round_.rulebook["channels"] and c not in ready
        ),
        "unfit_codes": tuple(unfit_codes(round_)),
    }


def _paper_facts(round_: Round) -> dict[str, Any]:
    return {"paper_faults": tuple(paper_faults(round_))}


def _box_facts(round_: Round) -> dict[str, Any]:
    return {
        "sampled_ballots": Ballot.objects.filter(round=round_, channel=Channel.SAMPLED).count(),
        "unreviewed_alerts": OpenClaimAlert.objects.unreviewed().filter(batch__round=round_).count(),
    }


def _undecided(round_: Round) -> dict[str, Any]:
    """Read open objections, open flags and the count's signatures together (one query).

    Signatures are asked for once the round's supervisors have their signing codes.
    """
    holds = round_.holds.filter(released_at=None).order_by().values_list("subject", "pk")
    flags = round_.flags.filter(verdict=Verdict.OPEN).order_by().values_list(Value(FLAG), "pk")
    newer = Tally.objects.filter(round=OuterRef("round"), version__gt=OuterRef("version"))
    codes = SigningCode.objects.filter(entry__draw__round=OuterRef("round"))
    count = Tally.objects.filter(~Exists(newer), Exists(codes), round=round_).order_by()
    signed = count.annotate(signed=Count("signatures")).values_list(Value(SIGNED), "signed")
    rows = list(holds.union(flags, signed, all=True))
    wanted = int(round_.rulebook["count_witnesses"])
    return {
        "undecided": tuple(subject for subject, _ in rows if subject not in {FLAG, SIGNED}),
        "open_flags": sum(subject == FLAG for subject, _ in rows),
        "lacking_witnesses": sum(max(0, wanted - number) for subject, number in rows if subject == SIGNED),
    }


def _list_facts(round_: Round) -> dict[str, Any]:
    unwritten = SectionResult.objects.filter(round=round_, is_listed=True, main_problems="").select_related("section")
    return {
        "listed_without_problems": tuple(str(result.section) for result in unwritten),
        "objections_until": objections_until(round_),
        **_undecided(round_),
    }
