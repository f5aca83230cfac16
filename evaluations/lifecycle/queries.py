"""Readers of readiness: they query what the conditions in rounds/rules/lifecycle.py depend on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Value

from departments.models import Section
from evaluations.ballot_form.models import Manifestation
from evaluations.ballots.models import Ballot
from evaluations.box_key.queries import key_faults
from evaluations.codes.models import CodeBatch, OpenClaimAlert
from evaluations.codes.queries import unfit_codes
from evaluations.draws.models import SigningCode
from evaluations.paper_ballots.queries import paper_faults
from evaluations.publication.queries import gate_faults
from evaluations.rounds.models import Round
from evaluations.rounds.queries import hindering_overlaps, objection_term, wanted_draws
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.rules.rulebook_errors import rulebook_errors, seat_errors
from evaluations.sample_audit.queries.audits import audit_faults
from evaluations.scoring.method import Channel
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.tally.models import SectionResult, Tally
from evaluations.tally.rules.anomalies import Verdict
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.rules.phone import phone_faults
from nanchuan_eval.workdays.queries import hint_of

# Mark the rows of flags and signatures where the union below has a hold's subject.
FLAG, SIGNED = "#flag", "#signed"


def _read_draft(round_: Round) -> dict[str, Any]:
    sections = set(Section.objects.active().values_list("code", flat=True))
    faults = [*rulebook_errors(round_.rulebook), *seat_errors(round_.rulebook, sections)]
    present = set(Manifestation.objects.filter(is_active=True).values_list("indicator", flat=True))
    return {
        "is_settled": not policy.requires_approval("round.edit") or approvals.has_approved("round.edit", round_),
        "active_sections": len(sections),
        "rulebook_errors": tuple(faults),
        # A faulty rulebook may not even have the terms.
        "overlaps": () if faults else tuple(hindering_overlaps(round_)),
        "phone_faults": tuple(phone_faults(str(round_.rulebook.get("office_phone", "")))),
        "indicators_without_manifestation": tuple(
            name for i, name in questionnaire_of(round_.rulebook).names.items() if i not in present
        ),
    }


def _read_draws(round_: Round) -> dict[str, Any]:
    return {"wanted_draws": wanted_draws(round_)}


def _read_codes(round_: Round) -> dict[str, Any]:
    batches = CodeBatch.objects.filter(round=round_, is_open=True).annotate(codes=Count("credentials"))
    ready = set(batches.filter(Q(codes__gt=0) | Q(is_self_service=True)).values_list("channel", flat=True))
    return {
        "channels_without_codes": tuple(
            c.label for c in Channel if c in round_.rulebook["channels"] and c not in ready
        ),
        "unfit_codes": tuple(unfit_codes(round_)),
        "key_faults": tuple(key_faults(round_)),
    }


def _read_paper(round_: Round) -> dict[str, Any]:
    return {"paper_faults": paper_faults(round_)}


def _read_box(round_: Round) -> dict[str, Any]:
    return {
        "sampled_places": int(round_.rulebook["counted_sampled_ballots"]),
        "sampled_ballots": Ballot.objects.filter(round=round_, channel=Channel.SAMPLED).count(),
        "unreviewed_alerts": OpenClaimAlert.objects.unreviewed().filter(batch__round=round_).count(),
        "lacking_openers": _lacking_openers(round_),
    }


def _lacking_openers(round_: Round) -> int:
    """Return how many supervisors have yet to sign the record of the opening, where they hold the key."""
    if not is_opened_by_supervisors(round_.rulebook):
        return 0
    return max(0, int(round_.rulebook["supervisors_present"]) - round_.opening_signatures.count())


def _read_undecided(round_: Round) -> dict[str, Any]:
    """Read open holds, open flags and the count's signatures (one query).

    Signatures are required once the round's supervisors have signing codes.
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


def _read_list(round_: Round) -> dict[str, Any]:
    unwritten = SectionResult.objects.filter(round=round_, is_listed=True, main_problems="").select_related("section")
    term = objection_term(round_)
    return {
        "listed_without_problems": {str(result.pk): str(result.section) for result in unwritten},
        "objections_until": term.ends_on if term else None,
        "objections_hint": hint_of(term, "异议期"),
        "gate_faults": tuple(gate_faults(round_)),
        "audit_faults": tuple(audit_faults(round_)),
        **_read_undecided(round_),
    }


READERS = {
    RoundState.DRAFT: _read_draft,
    RoundState.FROZEN: _read_draws,
    RoundState.DRAWN: _read_codes,
    RoundState.OPEN: _read_paper,
    RoundState.SEALED: _read_box,
    RoundState.COUNTED: _read_list,
    RoundState.REVIEW: _read_list,
}


def voting_rounds(since: datetime) -> Iterator[str]:
    """Yield what the clock has to do, and does not, for rounds whose vote began before that time.

    A box whose key supervisors hold is opened by them, so that the clock has nothing to do once its vote is over.
    """
    for round_ in Round.objects.filter(state=RoundState.OPEN, opens_at__lte=since):
        is_by_cards, is_over = is_opened_by_supervisors(round_.rulebook), round_.closes_at <= since
        if not is_by_cards:
            yield f"“{round_.name}”" + ("投票已截止，没有自动封箱" if is_over else "正在投票，截止时间到后不能自动封箱")
        elif not is_over:
            yield f"“{round_.name}”正在投票，短信不能发出，每天的收回数没有记录"


def unfreezing_faults(round_: Round) -> list[str]:
    """Return in Chinese why a frozen roster can no longer be released, and what to do about it.

    Planned draws only announce a day and may stay; a commitment has promised the public who stands in the draw,
    and codes may stand on ballots that were printed with the frozen form.
    """
    if round_.state != RoundState.FROZEN:
        return [f"本轮当前为“{round_.get_state_display()}”，只有“{RoundState.FROZEN.label}”的轮次可以解除锁定。"]
    faults = [
        f"“{draw.get_purpose_display()}”的承诺已经公布，请先作废该项抽取；已录入随机数的，不能解除锁定，只能作废本轮。"
        for draw in round_.draws.standing().defer("params", "result")
    ]
    batches = CodeBatch.objects.filter(round=round_, is_open=True).order_by("pk")
    return faults + [
        f"票号批次“{batch.label}”仍在使用，评议票可能已按原评议表印制，请先停用该批次。" for batch in batches
    ]
