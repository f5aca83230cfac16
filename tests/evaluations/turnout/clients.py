"""Rounds that draw clients, with bound codes some of which are used."""

from evaluations.codes.models import Credential
from evaluations.codes.services.issuing import issue_together
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from tests.evaluations.service_records.factories import make_clients
from tests.factories import NOON, hold_draw, make_open_round, make_user

# Ten letters for each section, five ballots needed (four valid lines), half as many people in each further round.
RULES = {"client_draw": True, "client_letters": 10, "client_batch_min": 5, "client_least": 4, "client_top_ups": 2}


def client_vote(*people, with_codes=True, **rules):
    """An open round in which clients are drawn for each section from so many; returns its draw."""
    round_ = make_open_round(sections=len(people), rulebook={**RULES, **rules})
    Round.objects.filter(pk=round_.pk).update(state=RoundState.FROZEN)
    round_.refresh_from_db()
    for each, size in zip(round_.sections.order_by("code"), people, strict=True):
        make_clients(each.section, size)
    draw = hold_draw(round_, DrawPurpose.CLIENTS)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    draw.round.refresh_from_db()
    if with_codes:
        issue(draw)
    return draw


def issue(draw):
    """Make the codes that drawn clients lack."""
    issue_together(round_id=draw.round_id, counters=(), by=make_user("clerk"), at=NOON)


def return_ballots(draw, *numbers):
    """Use so many codes of each section, in the order of their codes."""
    for section, number in zip(draw.round.sections.order_by("code"), numbers, strict=True):
        codes = Credential.objects.filter(batch__section=section, spend=None).order_by("issue")
        for code in codes[:number]:
            Credential.objects.filter(pk=code.pk).update(spend=code.pk[::-1])
