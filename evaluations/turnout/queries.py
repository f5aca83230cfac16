"""Turnout (票数): issued, returned, valid and counted ballots by channel; each figure is part of the one before.

Pages, records, notices and workbooks take their figures from `disclosed_turnout`, their columns from `COLUMNS`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from django.db.models import Count, Exists, F, OuterRef, Q

from evaluations.ballots.models import Ballot, Rating, answers_given
from evaluations.codes.models import Credential
from evaluations.codes.queries import DEAD
from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import LIFE, DrawPurpose, RoundState
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import shown, shown_beside_total

# In these states there are no ballots to count; a void round may have some.
BEFORE_SEALING = LIFE[: LIFE.index(RoundState.SEALED)]
# What stands in the columns of every table of these figures.
COLUMNS = {"label": "渠道", "issued": "发出", "returned": "收回", "valid": "有效", "counted": "计票"}
# Printed under every table of these figures.
COLUMNS_EXPLAINED = (
    "“发出”不含作废、停用的票号；“有效”指至少对一个科室作出有效评议的票；"
    "“计票”指有效票中计入结果的票，收回的抽样评议票多于规定张数的，只计抽中的票，经核查认定的废票不计。"
)
# Printed under the figures of lists published before a ballot without a valid line ceased to be counted.
COLUMNS_EXPLAINED_BEFORE = (
    "“发出”不含作废、停用的票号；“有效”指至少对一个科室作出有效评议的票；"
    "“计票”指供计票的票，其中没有有效评议的票对结果没有影响，因此“计票”可能多于“有效”；"
    "抽样评议只计抽中的票，经核查认定的废票不计。"
)
NOT_OPENED = "开箱后统计"


class ChannelTurnout(TypedDict):
    """One channel's ballots (渠道票数)."""

    channel: str
    label: str
    issued: int
    returned: int
    valid: int
    counted: int


def drawn_evaluators(round_: Round) -> list[tuple[str, str]]:
    """Return (stratum, declared section codes) of every drawn evaluator (one query)."""
    entries = DrawEntry.objects.filter(draw__round=round_, draw__purpose=DrawPurpose.EVALUATORS, is_selected=True)
    return list(entries.values_list("stratum", "person__dealt_with"))


def declared_sections(drawn: Iterable[tuple[str, str]]) -> Counter[str]:
    """Return section code -> drawn evaluators who have dealt with it."""
    return Counter(code for _, codes in drawn for code in (codes or "").split())


def turnout(round_: Round) -> list[ChannelTurnout]:
    """Return the figures of every channel in the rulebook's order (two queries).

    `issued` leaves out codes that can no longer vote: void, or unused in a recalled batch. Before sealing, `returned`
    counts spent codes, and `valid` and `counted` are 0, because nothing is read from the spool. A ballot without a
    valid line adds nothing to the result and is not `counted`, though it may have been drawn.
    """
    return _turnout(round_, _codes(round_))


def disclosed_turnout(round_: Round) -> list[dict[str, int | str]]:
    """Return the figures for disclosure: one to four ballots are hidden, and all figures of one to four codes.

    As the total of used codes is public, a second channel is hidden beside a single hidden one. Before sealing nobody
    knows which ballots are valid.
    """
    codes = _codes(round_)
    rows = _turnout(round_, codes)
    able = {channel: row["able"] for channel, row in codes.items()}
    returned = shown_beside_total({row["channel"]: row["returned"] for row in rows}, able)
    is_opened = round_.state not in BEFORE_SEALING
    return [_disclosed(row, returned[row["channel"]], is_opened=is_opened) for row in rows]


def turnout_table(rows: Iterable[Mapping[str, int | str]]) -> list[list[str]]:
    """Return figures as a table prints them, in the order of `COLUMNS`."""
    return [[str(row[key]) for key in COLUMNS] for row in rows]


def _disclosed(row: ChannelTurnout, returned: int | str, *, is_opened: bool) -> dict[str, int | str]:
    hidden = returned if isinstance(returned, str) else "" if is_opened else NOT_OPENED
    return {
        **{key: row[key] for key in ("channel", "label", "issued")},
        "returned": returned,
        "valid": hidden or shown(row["valid"]),
        "counted": hidden or shown(row["counted"]),
    }


def _turnout(round_: Round, codes: Mapping[str, Any]) -> list[ChannelTurnout]:
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


def _codes(round_: Round) -> dict[str, Any]:
    """Return channel -> codes `issued` that can vote or did, `used` ones, and `able` ones, which are not void."""
    rows = (
        Credential.objects.filter(batch__round=round_)
        .order_by()
        .values(channel=F("batch__channel"))
        .annotate(issued=Count("pk", filter=~DEAD), used=Count("spend"), able=Count("pk", filter=Q(is_void=False)))
    )
    return {row["channel"]: row for row in rows}


def _ballots(round_: Round) -> list[Any]:
    if round_.state in BEFORE_SEALING:
        return []
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
