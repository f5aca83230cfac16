"""Turnout (票数): issued, returned, valid and counted ballots by channel; each figure is part of the one before."""

from typing import Any, TypedDict

from django.db.models import Count, Exists, F, OuterRef, Q

from evaluations.ballots.models import Ballot, Rating, answers_given
from evaluations.codes.models import Credential
from evaluations.codes.queries import DEAD
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import shown

# Printed under every table of these figures.
COLUMNS_EXPLAINED = (
    "“发出”不含作废、停用的票号；“有效”指至少对一个科室作出有效评议的票；"
    "“计票”指有效票中计入结果的票，抽样评议只计抽中的票，经核查认定的废票不计。"
)


class ChannelTurnout(TypedDict):
    """One channel's ballots (渠道票数)."""

    channel: str
    label: str
    issued: int
    returned: int
    valid: int
    counted: int


def turnout(round_: Round) -> list[ChannelTurnout]:
    """Return the figures of every channel in the rulebook's order (two queries).

    `issued` leaves out codes that can no longer vote: void, or unused in a recalled batch. Before sealing, `returned`
    counts spent codes, and `valid` and `counted` are 0, because nothing is read from the spool. A ballot without a
    valid line adds nothing to the result and is not `counted`, though it may have been drawn.
    """
    codes = {row["channel"]: row for row in _codes(round_)}
    ballots = {row["channel"]: row for row in _ballots(round_)}
    return [
        ChannelTurnout(
            channel=channel.value,
            label=channel.label,
            issued=codes.get(channel, {}).get("issued", 0),
            returned=codes.get(channel, {}).get("used", 0),
            valid=ballots.get(channel, {}).get("valid", 0),
            counted=ballots.get(channel, {}).get("counted", 0),
        )
        for channel in Channel
        if channel in round_.rulebook["channels"]
    ]


def disclosed_turnout(round_: Round) -> list[dict[str, int | str]]:
    """Return the figures for disclosure: one to four ballots of a channel are hidden."""
    rows: list[dict[str, Any]] = [dict(row) for row in turnout(round_)]
    return [{**row, **{key: shown(row[key]) for key in ("returned", "valid", "counted")}} for row in rows]


def _codes(round_: Round) -> list[Any]:
    return list(
        Credential.objects.filter(~DEAD, batch__round=round_)
        .order_by()
        .values(channel=F("batch__channel"))
        .annotate(issued=Count("pk"), used=Count("spend"))
    )


def _ballots(round_: Round) -> list[Any]:
    lines = Rating.objects.filter(ballot=OuterRef("pk")).annotate(answers=answers_given())
    valid_line = lines.filter(answers__gte=round_.rulebook["min_answered"])
    return list(
        Ballot.objects.filter(round=round_)
        .annotate(has_valid=Exists(valid_line))
        .values("channel")
        .annotate(
            valid=Count("pk", filter=Q(has_valid=True)), counted=Count("pk", filter=Q(has_valid=True, is_counted=True))
        )
    )
