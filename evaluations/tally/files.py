"""The files that a count is repeated from: ballots.csv and rulebook.json (method.md 4.1, 4.2).

Whoever told somebody how to vote could look for the prescribed pattern of a whole ballot, so the file has single lines
wherever the method adds up single lines. NC-2 takes the strictness of drawn ballots off and needs their lines together:
these share a number. Either way the file stays with the office, the commission and the auditors.
"""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import F, QuerySet

from evaluations.ballots.models import Rating
from evaluations.rounds.models import Round
from evaluations.scoring.counting import HEADER
from evaluations.scoring.method import Indicator
from evaluations.scoring.methods import parse_rulebook
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.core.canonical import canonical_json

NO_ORIGIN = ""
LEVELS = [i.value for i in Indicator]
CHUNK = 5000


def ballots_csv(round_: Round) -> Iterator[str]:
    """Yield the lines of ballots.csv: whole ballots of the drawn channels under NC-2, then single lines; no origin."""
    yield _csv_line(HEADER)
    method = parse_rulebook({**round_.rulebook, "sections": [], "vetoes": []})
    whole = method.drawn_channels if isinstance(method, MethodTwo) else ()
    number = 0
    for channel, lines in _drawn_ballots(round_, whole):
        number += 1
        for section, *levels in lines:
            yield _csv_line((number, channel, NO_ORIGIN, section, *levels))
    for section, channel, *levels in _single_lines(round_).exclude(channel__in=whole).iterator(chunk_size=CHUNK):
        number += 1
        yield _csv_line((number, channel, NO_ORIGIN, section, *levels))


def line_header(round_: Round) -> tuple[str, ...]:
    """Return the heads of the counted lines' columns."""
    return ("序号", "科室", "渠道", *questionnaire_of(round_.rulebook).labels)


def counted_lines(round_: Round) -> Iterator[tuple[str | int | None, ...]]:
    """Yield the counted ratings in the columns of `line_header`, in chunks (one query).

    They are sorted by what they say, so that their order says nothing more.
    """
    for number, row in enumerate(_single_lines(round_).iterator(chunk_size=CHUNK), start=1):
        yield (number, *row)


def _single_lines(round_: Round) -> QuerySet[Rating, tuple[Any, ...]]:
    return (
        Rating.objects.filter(round=round_, is_counted=True)
        .order_by("section__code", "channel", *(F(level).asc(nulls_first=True) for level in LEVELS))
        .values_list("section__code", "channel", *LEVELS)
    )


def _drawn_ballots(round_: Round, channels: Collection[str]) -> list[tuple[str, tuple[tuple[Any, ...], ...]]]:
    """Return (channel, lines of a ballot), sorted by what they say."""
    rows = (
        Rating.objects.filter(round=round_, is_counted=True, channel__in=channels)
        .order_by("ballot_id", "section__code")
        .values_list("ballot_id", "channel", "section__code", *LEVELS)
    )
    grouped = groupby(rows.iterator(chunk_size=CHUNK), key=itemgetter(0, 1)) if channels else ()
    ballots = [(channel, tuple(line[2:] for line in lines)) for (_, channel), lines in grouped]
    return sorted(ballots, key=lambda ballot: [["" if x is None else str(x) for x in line] for line in ballot[1]])


def scoring_rulebook(round_: Round) -> bytes:
    """Return rulebook.json: the frozen rulebook with the round's sections and the vetoes in force, canonical."""
    vetoes = round_.vetoes.in_force().order_by("section__code").select_related("section")
    return canonical_json(
        {
            **round_.rulebook,
            "round": round_.key,
            "sections": list(round_.sections.order_by("code").values_list("code", flat=True)),
            "vetoes": [
                {"section": veto.section.code, "decision": veto.decision, "date": veto.decided_on.isoformat()}
                for veto in vetoes
            ],
        }
    )


def _csv_line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
