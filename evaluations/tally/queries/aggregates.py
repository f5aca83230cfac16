"""The query over the sealed ratings: per section and channel the exact integers of `scoring.counting.Cell`.

q = scale * (sum of weight*level) / (sum of weights answered), a whole number.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import groupby
from operator import add, itemgetter, or_
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Coalesce

from evaluations.ballots.models import Rating, answers_given, if_answered
from evaluations.rounds.models import Round
from evaluations.scoring.counting import Cell
from evaluations.scoring.method import Indicator, Method
from evaluations.tally.rules.anomalies import Sheet

CellKey = tuple[str, str]
# Wide enough that no sum of squares overflows on either database.
WIDE = BigIntegerField()


def count_cells(round_: Round, method: Method) -> dict[CellKey, Cell]:
    """Return (section code, channel) -> cell over all counted ratings; a second query fetches the histograms."""
    return _cells(round_, _counted_lines(round_, method))


def score_rows(round_: Round, method: Method) -> QuerySet[Any]:
    """Return the query behind the score: a row per section and channel."""
    return _score_rows(_counted_lines(round_, method))


def _cells(round_: Round, lines: QuerySet[Any]) -> dict[CellKey, Cell]:
    """Add the sections' codes to a few hundred rows here; the database would join every rating."""
    codes = dict(round_.sections.values_list("pk", "code"))
    histograms = _histograms(lines)
    return {
        (codes[row["section_id"]], row["channel"]): _cell(row, histograms[row["section_id"], row["channel"]])
        for row in _score_rows(lines)
    }


def _score_rows(lines: QuerySet[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = lines.values("section_id", "channel").annotate(**_sums())
    return rows


def count_cells_of(round_: Round, method: Method, ballots: Iterable[str]) -> dict[CellKey, Cell]:
    """Return the cells of some of the counted ballots only."""
    lines = _counted_lines(round_, method).filter(ballot__in=list(ballots))
    return _cells(round_, lines)


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


def _counted_lines(round_: Round, method: Method) -> QuerySet[Any]:
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
