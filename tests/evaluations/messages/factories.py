"""Rounds whose clients are drawn, and messages made, sent and kept by a gateway that only remembers."""

from datetime import timedelta
from typing import Any

from evaluations.messages.services import gateways
from evaluations.messages.services.gateways import Outcome, Outgoing
from evaluations.messages.services.making import deliver_new
from evaluations.messages.services.sending import send_due
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from evaluations.turnout.queries import client_draw, section_returns
from tests.evaluations.draws.test_clients import client_round
from tests.evaluations.service_records.factories import make_client, make_records
from tests.factories import NOON, hold_draw, make_user

SITE = "https://pingyi.example"


def drawn_round(*people: int, both: int = 0, **rules: Any) -> Round:
    """An open round whose clients are drawn: so many of each section, `both` of them in the first two sections."""
    round_, sections = client_round(*people, **{"client_batch_min": 5, **rules})
    for _ in range(both):
        agent = make_client()
        for section in sections[:2]:
            make_records(section, agent)
    hold_draw(round_, DrawPurpose.CLIENTS)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.OPEN)
    round_.refresh_from_db()
    return round_


def deliver(round_: Round, **given: Any) -> Any:
    """Make what is lacking, as a clerk."""
    return deliver_new(round_id=round_.pk, **{"site": SITE, "by": make_user("clerk"), "at": NOON, **given})


def delivered(round_: Round) -> list[int]:
    """How many drawn clients of each section have got their ballot, as far as is known."""
    draw = client_draw(round_)
    return [section.delivered for section in section_returns(draw, NOON)] if draw else []


def send_all(monkeypatch: Any, outcome: Any = Outcome(), at: Any = NOON) -> list[Outgoing]:  # noqa: B008  a tuple
    """Send everything that is due; returns what the gateway got, which answers `outcome`."""
    got: list[Outgoing] = []

    def hand_over(message: Outgoing) -> Outcome:
        got.append(message)
        return outcome(message) if callable(outcome) else outcome

    moment = [at]

    def sleep(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    monkeypatch.setitem(gateways.ADAPTERS, "console", hand_over)
    send_due(now=lambda: moment[0], sleep=sleep)
    return got
