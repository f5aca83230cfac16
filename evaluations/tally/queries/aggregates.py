"""The queries over the sealed ratings: the exact integers of `scoring.counting.Cell`, the sheets of drawn channels.

q = scale * (sum of weight*level) / (sum of weights answered), a whole number. The database adds up whole channels;
only the valid lines of drawn ballots leave it one by one, once, because their strictness is a matter of whole ballots.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import groupby
from operator import add, itemgetter, or_
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce

from evaluations.ballots.models import Rating, answers_given, if_answered
from evaluations.rounds.models import Round
from evaluations.scoring.counting import Cell
from evaluations.scoring.method import Indicator, Settings
from evaluations.scoring.nc2.ballots import Ballots
from evaluations.scoring.nc2.ballots import Sheet as ScoredSheet
from evaluations.scoring.nc2.method import MethodTwo
from evaluations.tally.rules.anomalies import Sheet

CellKey = tuple[str, str]
# Wide enough that no sum of squares overflows on either database.
WIDE = BigIntegerField()


def count_ballots(round_: Round, method: Settings) -> Ballots:
    """Return all that the method reads of the counted ratings (4 queries, one fewer where no sheets are needed)."""
    return _ballots(round_, method, _counted_lines(round_, method))


def count_ballots_of(round_: Round, method: Settings, ballots: Iterable[str]) -> Ballots:
    """Return the same of some of the counted ballots only."""
    return _ballots(round_, method, _counted_lines(round_, method).filter(ballot__in=list(ballots)))


def score_rows(round_: Round, method: Settings) -> QuerySet[Any]:
    """Return the query behind the score: a row per section and channel."""
    return _score_rows(_counted_lines(round_, method))


def _ballots(round_: Round, method: Settings, lines: QuerySet[Any]) -> Ballots:
    codes = dict(round_.sections.values_list("pk", "code"))
    sheets = _sheets(codes, lines, method.drawn_channels) if isinstance(method, MethodTwo) else {}
    return Ballots(_cells(codes, lines), sheets)


def _cells(codes: Mapping[int, str], lines: QuerySet[Any]) -> dict[CellKey, Cell]:
    """Add the sections' codes to a few hundred rows here; the database would join every rating."""
    histograms = _histograms(lines)
    return {
        (codes[row["section_id"]], row["channel"]): _cell(row, histograms[row["section_id"], row["channel"]])
        for row in _score_rows(lines)
    }


def _score_rows(lines: QuerySet[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = lines.values("section_id", "channel").annotate(**_sums())
    return rows


def _sheets(codes: Mapping[int, str], lines: QuerySet[Any], channels: Sequence[str]) -> dict[str, Counter[ScoredSheet]]:
    """Return drawn channel -> sheet -> how many ballots have it; the order of the random ids leaves nothing behind."""
    sheets: dict[str, Counter[ScoredSheet]] = {channel: Counter() for channel in channels}
    rows = (
        lines.filter(is_valid=1, channel__in=channels)
        .order_by("ballot_id")
        .values_list("ballot_id", "channel", "section_id", "q")
    )
    for (_, channel), ballot in groupby(rows.iterator(chunk_size=5000), key=itemgetter(0, 1)):
        sheets[channel][tuple(sorted((codes[section], q) for *_, section, q in ballot))] += 1
    return sheets


def counted_sheets(round_: Round) -> Iterator[Sheet]:
    """Yield the counted ballots one by one, in the order of their random ids (one query, flat memory)."""
    rows = (
        Rating.objects.filter(round=round_, is_counted=True)
        .order_by("ballot_id")
        .values_list("ballot_id", "channel", "section__code", *Indicator.values)
    )
    for (ballot, channel), lines in groupby(rows.iterator(chunk_size=5000), key=itemgetter(0, 1)):
        yield Sheet(str(ballot), channel, {line[2]: tuple(line[3:]) for line in lines})


def count_ticks(round_: Round) -> dict[str, Counter[str]]:
    """Return section code -> how often each 表象 was ticked on counted ballots."""
    ticks: dict[str, Counter[str]] = defaultdict(Counter)
    combinations = (
        Rating.objects.filter(round=round_, is_counted=True)
        .exclude(manifestations="")
        .values_list("section__code", "manifestations")
        .annotate(times=Count("pk"))
    )
    for section, codes, times in combinations:
        ticks[section].update(dict.fromkeys(codes.split(), times))
    return ticks


def _counted_lines(round_: Round, method: Settings) -> QuerySet[Any]:
    weights = method.whole_weights
    weight = reduce(add, (if_answered(i, weights[i]) for i in Indicator))
    points = reduce(add, (Coalesce(F(i.value), 0) * weights[i] for i in Indicator))
    severe = reduce(or_, (Q(**{f"{i.value}__gte": method.severe_from}) for i in Indicator))
    return (
        Rating.objects.filter(round=round_, is_counted=True)
        .annotate(answers=answers_given(), weight=weight, points=points)
        .annotate(
            is_valid=Case(When(answers__gte=method.min_answered, then=1), default=0, output_field=IntegerField()),
            is_severe=Case(When(severe, then=1), default=0, output_field=IntegerField()),
            q=Case(
                When(
                    answers__gte=method.min_answered, then=F("points") * Cast(Value(method.scale), WIDE) / F("weight")
                ),
                default=0,
                output_field=BigIntegerField(),
            ),
        )
    )


def _sums() -> dict[str, Any]:
    valid = Q(is_valid=1)
    sums: dict[str, Any] = {
        "lines": Count("pk", filter=valid),
        "total": Coalesce(Sum("q"), 0),
        "squares": Coalesce(Sum(F("q") * F("q"), output_field=WIDE), Value(0), output_field=WIDE),
        "severe": Count("pk", filter=valid & Q(is_severe=1)),
        "votes": Count("pk", filter=Q(is_severe=1)),
    }
    for indicator in Indicator:
        sums[f"answered_{indicator}"] = Count(indicator.value)
        sums[f"points_{indicator}"] = Coalesce(Sum(indicator.value), 0)
    return sums


def _histograms(lines: QuerySet[Any]) -> dict[tuple[int, str], dict[int, int]]:
    histograms: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    rows = lines.filter(is_valid=1).values_list("section_id", "channel", "q").annotate(times=Count("pk"))
    for section, channel, q, times in rows:
        histograms[section, channel][q] = times
    return histograms


def _cell(row: Mapping[str, Any], histogram: Mapping[int, int]) -> Cell:
    return Cell(
        lines=row["lines"],
        total=row["total"],
        squares=int(row["squares"]),
        severe=row["severe"],
        votes=row["votes"],
        answered=tuple(row[f"answered_{i}"] for i in Indicator),
        points=tuple(row[f"points_{i}"] for i in Indicator),
        histogram=dict(sorted(histogram.items())),
    )
