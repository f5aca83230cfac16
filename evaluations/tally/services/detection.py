"""Anomaly detection (异常提示) when a round is counted; anomalies.py decides on the flags."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from evaluations.ballot_form.rules.votes import Origin
from evaluations.rounds.models import Round
from evaluations.scoring.methods import AnyMethod, gaps_to_drawn, outcomes
from evaluations.scoring.nc2.ballots import Ballots
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.queries.aggregates import count_ballots_of, counted_sheets
from evaluations.tally.queries.days import returns_by_day
from evaluations.tally.rules.anomalies import (
    Flag,
    FlagKind,
    Limits,
    Verdict,
    comparable_cells,
    flag_ballots,
    flag_bursts,
    flag_cells,
    without,
)

CELL_KINDS = frozenset({FlagKind.ONE_SIDED, FlagKind.EXTREME, FlagKind.FAR})
FIGURE = re.compile(r"[0-9.]+")
Place = tuple[int | None, bool]


def flag_round(round_: Round, method: AnyMethod, ballots: Ballots, *, at: datetime) -> list[AnomalyFlag]:
    """Store the flags of a count (decided ones stay) and return those whose ballots still count."""
    book = round_.rulebook
    asked = questionnaire_of(book)
    limits = Limits(Fraction(str(book["flag_points"])), Fraction(str(book["flag_z"])), asked)
    tested = comparable_cells(method, ballots.cells)
    found = [
        *flag_ballots(method, counted_sheets(round_), frozenset(tested), asked),
        *flag_bursts(returns_by_day(round_), {origin.value: origin.label for origin in Origin}),
        *flag_cells(method, ballots.cells, gaps_to_drawn(method, ballots), tested, limits),
    ]
    sections = dict(round_.sections.values_list("code", "pk"))
    AnomalyFlag.objects.filter(round=round_, verdict=Verdict.OPEN).delete()
    decided = list(AnomalyFlag.objects.filter(round=round_).select_related("section"))
    known = {_identity(flag) for flag in decided}
    fresh = [row for flag in found if _identity(row := _row(round_, flag, sections, at)) not in known]
    AnomalyFlag.objects.bulk_create(fresh)
    return [*(flag for flag in decided if flag.verdict == Verdict.KEPT), *fresh]


def without_flagged(
    round_: Round, method: AnyMethod, ballots: Ballots, flags: Iterable[AnomalyFlag]
) -> dict[str, Place]:
    """Return every section's place and whether it is listed if everything flagged were left out."""
    flags = list(flags)
    codes = dict(round_.sections.values_list("pk", "code"))
    whole = {(codes[f.section_id], f.channel) for f in flags if f.kind in CELL_KINDS and f.section_id}
    named = {ballot for flag in flags for ballot in flag.ballots}
    flagged = count_ballots_of(round_, method, named) if named else Ballots({}, {})
    return outcomes(method, without(ballots, flagged, whole))


def _row(round_: Round, flag: Flag, sections: Mapping[str, int], at: datetime) -> AnomalyFlag:
    return AnomalyFlag(
        round=round_,
        kind=flag.kind,
        section_id=sections.get(flag.section),
        channel=flag.channel,
        text=flag.text,
        ballots=list(flag.ballots),
        found_at=at,
    )


def _identity(flag: AnomalyFlag) -> tuple[object, ...]:
    """Return what makes it the same flag in a recount; of a whole cell the figures in the text may change."""
    text = FIGURE.sub("", flag.text) if flag.kind in CELL_KINDS else flag.text
    return flag.kind, flag.section_id, flag.channel, text, tuple(flag.ballots)
