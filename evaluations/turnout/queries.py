"""Turnout (票数): issued, returned, valid and counted ballots by channel; each figure is part of the one before.

Pages, records, notices and workbooks take their figures from `disclosed_turnout`, their columns from `COLUMNS`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice, pairwise
from typing import Any, NamedTuple, TypedDict

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q

from evaluations.ballots.models import Ballot, Rating, answers_given
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.queries import DEAD, counted_batches
from evaluations.codes.rules.issuing import is_thin
from evaluations.codes.rules.publishing import is_small
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries.committed_rounds import (
    current_round,
    eligible_of,
    opened_at,
    people_of,
    seats_by_round,
)
from evaluations.messages.queries import NotDelivered, deliveries_by_stratum, not_delivered_by_section
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import LIFE, DrawPurpose, DrawStatus, RoundState
from evaluations.rounds.rules.rulebook import DEFAULTS, ISSUED_CODES
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN, shown, shown_beside_total
from evaluations.turnout.rules.forecast import (
    USUAL_CURVE,
    Group,
    SectionReturns,
    foretell,
    is_sent,
    is_too_early,
    needed_ballots,
    part_passed,
    short_of,
)
from evaluations.turnout.rules.response import REST, group_key, response_cells

# In these states there are no ballots to count; a void round may have some.
BEFORE_SEALING = LIFE[: LIFE.index(RoundState.SEALED)]
SECTION, STRATUM = "section", "stratum"
HELD = (DrawStatus.DRAWN, DrawStatus.PUBLISHED)
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
NOT_OPENED, NOT_TALLIED = "开箱后统计", "计票后统计"
# In those of a round that was voided before its box was opened, or before its ballots were counted.
NEVER_OPENED, NEVER_TALLIED = "没有开箱", "没有计票"


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
    knows which ballots are valid, before the tally not always which sampled ones count.
    """
    codes = _codes(round_)
    rows = _turnout(round_, codes)
    able = {channel: row["able"] for channel, row in codes.items()}
    returned = shown_beside_total({row["channel"]: row["returned"] for row in rows}, able)
    found = [_disclosed(row, returned[row["channel"]], _unread(round_)) for row in rows]
    if round_.state == RoundState.SEALED:
        _leave_sampled_open(found)
    elif round_.state == RoundState.VOID and round_.closing_root and not round_.tallies.exists():
        for row in found:
            row["counted"] = NEVER_TALLIED
    return found


def turnout_table(rows: Iterable[Mapping[str, int | str]]) -> list[list[str]]:
    """Return figures as a table prints them, in the order of `COLUMNS`."""
    return [[str(row[key]) for key in COLUMNS] for row in rows]


def _disclosed(row: ChannelTurnout, returned: int | str, unread: str) -> dict[str, int | str]:
    hidden = returned if isinstance(returned, str) else unread
    return {
        **{key: row[key] for key in ("channel", "label", "issued")},
        "returned": returned,
        "valid": hidden or shown(row["valid"]),
        "counted": hidden or shown(row["counted"]),
    }


def _unread(round_: Round) -> str:
    """Return what stands for figures that only an opened box gives; "" once it is open."""
    if round_.state == RoundState.VOID:
        return "" if round_.closing_root else NEVER_OPENED
    return NOT_OPENED if round_.state in BEFORE_SEALING else ""


def _leave_sampled_open(rows: Iterable[dict[str, int | str]]) -> None:
    """Say no 0 of sampled ballots that are not marked yet: their draw does it or, where all count, the tally."""
    for row in rows:
        if row["channel"] == Channel.SAMPLED and row["counted"] == 0 and row["returned"]:
            row["counted"] = NOT_TALLIED


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


def client_draw(round_: Round) -> Draw | None:
    """Return the draw among clients once it is held; None before that, and in rounds without one."""
    return round_.draws.filter(purpose=DrawPurpose.CLIENTS, status__in=HELD).select_related("round").first()


def _delivered(codes: Mapping[str, tuple[int, int]], left: Mapping[str, NotDelivered]) -> dict[str, int]:
    """Return section code -> codes that can vote or did, less those in letters not printed yet and messages that wait
    or did not arrive, as far as is known: whatever was used has arrived.
    """
    return {code: max(used, able - left[code].codes) if code in left else able for code, (able, used) in codes.items()}


def bound_codes(round_: Round) -> dict[str, tuple[int, int]]:
    """Return section code -> codes of its bound batches that can vote or did, and those used (one query)."""
    codes = Credential.objects.filter(batch__round=round_, batch__section__isnull=False).order_by()
    rows = codes.values_list("batch__section__code").annotate(able=Count("pk", filter=~DEAD), used=Count("spend"))
    return {code: (able, used) for code, able, used in rows}


def section_returns(draw: Draw, at: datetime) -> list[SectionReturns]:
    """Return the drawn clients of every section of a held draw: delivered to, returned, needed, foretold.

    Nothing is foretold of a section, or of any, while too many of its people wait for their code: that they did not
    answer tells nothing of them.
    """
    round_, curve = draw.round, settings.RETURN_CURVE or USUAL_CURVE
    rounds = seats_by_round(draw)[: current_round(draw)]
    starts = [round_.opens_at, *opened_at(draw)]
    passed = [part_passed(start, round_.closes_at, at) for start in starts]
    codes, left, drawn = bound_codes(round_), not_delivered_by_section(round_), people_of(draw)
    delivered = _delivered(codes, left)
    least = int(round_.rulebook.get("client_batch_min", DEFAULTS["client_batch_min"]))
    found = []
    for name, eligible in eligible_of(draw).items():
        code = section_of(name)
        seats, (able, used) = [each[name] for each in rounds], codes.get(code, (0, 0))
        people = [later - earlier for earlier, later in pairwise([0, *seats])]
        groups = [Group(*pair) for pair in zip(people, passed, strict=True)]
        sent, unsent = delivered.get(code, 0), left[code].waiting if code in left else 0
        foretold = None if is_too_early(passed[0], curve) else foretell(used, sent, groups, curve)
        needed = needed_ballots(needed_lines(round_.rulebook, code), settings.VALID_PERCENT)
        of = SectionReturns(code, eligible, seats[-1], able, sent, used, needed, foretold)
        thin = is_thin(drawn[name], able, least)
        found.append(replace(of, unsent=unsent, empty=seats[-1] - drawn[name], is_thin=thin))
    percent, all_sent = settings.SENT_PERCENT, not unsent_faults(draw, found)
    return [
        each
        if all_sent and not each.is_thin and is_sent(each.people, each.waiting, percent)
        else replace(each, foretold=None)
        for each in found
    ]


def unsent_faults(draw: Draw, sections: Sequence[SectionReturns]) -> list[str]:
    """Return in Chinese that too many drawn clients have not been sent their code: nothing can be foretold before.

    The measure are those drawn last: after a small top-up a few people in a hundred are all that it drew.
    """
    totals = [0, *(sum(seats.values()) for seats in seats_by_round(draw)[: current_round(draw)])]
    without, unsent = sum(of.without_code for of in sections), sum(of.unsent for of in sections)
    waiting = without + unsent
    if is_sent((totals[-1] - totals[-2]) or totals[-1], waiting, settings.SENT_PERCENT):
        return []
    parts = [f"{without}人没有票号" * bool(without), f"{unsent}人的短信、信函没有发出" * bool(unsent)]
    what = "、".join(filter(None, parts))
    return [f"抽中的办事群众中，尚有{waiting}人未送达（{what}）。请先发送；此前不能预计收回数，不能启动追加抽取。"]


def further_seats(draw: Draw) -> list[dict[str, int]]:
    """Return section code -> seats in each committed round that is not open yet."""
    left = seats_by_round(draw)[current_round(draw) :]
    return [{section_of(name): seats for name, seats in each.items()} for each in left]


def top_up_faults(draw: Draw, at: datetime) -> list[str]:
    """Return in Chinese why the draw's next committed round may not be opened now: its trigger leaves no discretion.

    It rests on returned codes alone. Until those drawn by the round before were sent theirs, nothing can be foretold:
    whoever has no ballot yet cannot return it. What did not arrive is not waited for.
    """
    round_ = draw.round
    if not round_.accepts(at):
        return ["追加抽取只能在投票期间启动：投票尚未开始，或者已经截止。"]
    sections = section_returns(draw, at)
    if faults := unsent_faults(draw, sections):
        return faults
    curve = settings.RETURN_CURVE or USUAL_CURVE
    if is_too_early(part_passed(round_.opens_at, round_.closes_at, at), curve):
        return [f"投票时间未过{min(curve)}%，收回的票太少，还不能预计，不能启动追加抽取。"]
    return _not_needed(sections, further_seats(draw))


def _not_needed(sections: list[SectionReturns], rounds: list[dict[str, int]]) -> list[str]:
    short = short_of(sections)
    if not short:
        return ["按已收回的票数预计，各科室都能收满，不能启动追加抽取。"]
    if not any(rounds[0][each.code] > each.drawn for each in short):
        return ["预计收不满的科室，办事群众已全部抽取，追加抽取不能再增加。"]
    return []


class DueTopUp(NamedTuple):
    """What the drawn clients of an open round wait for: a further round for short sections, codes for those drawn."""

    draw: Draw
    round: int
    short: int
    without_code: int


def due_top_up(round_: Round, at: datetime) -> DueTopUp | None:
    """Return what the drawn clients of an open round wait for; None if for nothing."""
    draw = client_draw(round_)
    if draw is None or not round_.accepts(at):
        return None
    sections = section_returns(draw, at)
    may_open = bool(further_seats(draw)) and not top_up_faults(draw, at)
    short = len(short_of(sections)) if may_open else 0
    without = sum(each.without_code for each in sections)
    return DueTopUp(draw, current_round(draw), short, without) if short or without else None


def section_of(stratum: str) -> str:
    """Return the section code of a stratum of the draw among clients, "code name"."""
    return stratum.partition(" ")[0]


def needed_lines(rulebook: Mapping[str, Any], code: str) -> int:
    """Return how many valid lines a section needs from its drawn clients: as planned, else the rulebook's minimum."""
    least = rulebook.get("client_least", DEFAULTS["client_least"])
    return int(rulebook.get("client_needs", {}).get(code, least))


def response_of(round_: Round) -> dict[str, Any]:
    """Return the response of a sealed round as it is published: returned ÷ delivered (three queries).

    `sections` are those of drawn clients, `strata` those of general evaluators, `sampled` those of the sampled channel
    where its forms go to drawn people. Small batches, of replacements and top-ups, are left out and only counted: the
    published list of used codes tells nothing of them, and a total would.
    """
    names = {section.pk: str(section) for section in round_.sections.order_by("code")}
    order = {group_key(SECTION, name): number for number, name in enumerate(names.values())}
    groups: dict[str, dict[str, tuple[int, int]]] = {Channel.TARGETED: {}, Channel.SAMPLED: {}}
    batches = counted_batches(round_)
    undelivered = _undelivered(round_, batches)
    for batch in batches:
        if batch.channel in groups and not batch.is_self_service:
            mine, able = groups[batch.channel], batch.codes - batch.dead  # type: ignore[attr-defined]  # annotated
            key = REST if is_small(able, SMALLEST_SHOWN) else _group_of(batch, names)
            before = mine.get(key, (0, 0))
            left = 0 if key == REST else undelivered.get(batch.pk, 0)
            mine[key] = (before[0] + able - left, before[1] + batch.used)  # type: ignore[attr-defined]  # annotated
    for key, (delivered, used) in groups[Channel.TARGETED].items():
        groups[Channel.TARGETED][key] = (max(used, delivered), used)
    told = {channel: response_cells(mine) for channel, mine in groups.items()}
    is_issued = round_.rulebook["sampled_forms"] == ISSUED_CODES

    def lines(channel: Channel, kind: str) -> list[dict[str, Any]]:
        found = {key: of for key, of in groups[channel].items() if key != REST and key.startswith(f"{kind} ")}
        return [
            {"name": key.removeprefix(f"{kind} "), "delivered": able, "returned": told[channel][key]}
            for key, (able, _) in sorted(found.items(), key=lambda item: (order.get(item[0], 0), item[0]))
        ]

    return {
        "sections": lines(Channel.TARGETED, SECTION),
        "strata": lines(Channel.TARGETED, STRATUM),
        "sampled": lines(Channel.SAMPLED, STRATUM) if is_issued else [],
        "left_out": sum(
            groups[channel].get(REST, (0, 0))[0] for channel in groups if channel == Channel.TARGETED or is_issued
        ),
    }


def _undelivered(round_: Round, batches: Iterable[CodeBatch]) -> dict[int, int]:
    """Return batch -> its codes in letters and messages that have not gone out, or did not arrive.

    Codes are handed out in the order of their batches; those made in place of void ones are in no message.
    """
    made = {stratum: iter(each) for stratum, each in deliveries_by_stratum(round_).items()}
    mine = [batch for batch in batches if batch.channel == Channel.TARGETED and not batch.replaces_id]
    return {
        batch.pk: sum(
            not is_delivered
            for is_delivered in islice(made.get(batch.stratum, iter(())), batch.codes)  # type: ignore[attr-defined]  # annotated
        )
        for batch in mine
    }


def _group_of(batch: CodeBatch, names: Mapping[int, str]) -> str:
    if batch.section_id:
        return group_key(SECTION, names[batch.section_id])
    return group_key(STRATUM, batch.stratum or "（不分类别）")
