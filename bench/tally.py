"""The tally of NC-2 against hand-written SQL, on generated ratings: one GROUP BY, histograms, drawn ballots' lines."""

import json
import os
import resource
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from random import Random

from django.db import connection

from bench.measure import interleaved, report
from evaluations.ballots.models import Ballot, Rating
from evaluations.scoring.methods import count_files, parse_rulebook
from evaluations.tally.files import scoring_rulebook
from evaluations.tally.queries.aggregates import count_ballots, score_rows
from tests.factories import make_open_round

BALLOTS = int(os.environ.get("BENCH_BALLOTS", "30000"))
DRAWN = min(BALLOTS // 10, 10_000)
LINES = 3
GIVEN = " + ".join(
    f"CASE WHEN {i} IS NULL THEN 0 ELSE 1 END" for i in ("cold", "lazy", "buck_passing", "disorderly", "greedy")
)
POINTS = " + ".join(f"COALESCE({i}, 0)" for i in ("cold", "lazy", "buck_passing", "disorderly", "greedy"))
COUNTED = f"""
    SELECT r.*, {GIVEN} AS n,
           CASE WHEN {GIVEN} >= 3 THEN CAST({POINTS} AS BIGINT) * 60 / ({GIVEN}) ELSE 0 END AS q,
           (cold >= 2 OR lazy >= 2 OR buck_passing >= 2 OR disorderly >= 2 OR greedy >= 2) AS worst
    FROM evaluations_rating r WHERE round_id = %s AND is_counted
"""  # noqa: S608  a fixed text
CELLS = f"""
    SELECT section_id, channel, COUNT(*) FILTER (WHERE n >= 3), SUM(q), SUM(q * q),
           COUNT(*) FILTER (WHERE n >= 3 AND worst), COUNT(*) FILTER (WHERE worst),
           COUNT(cold), SUM(cold), COUNT(lazy), SUM(lazy), COUNT(buck_passing), SUM(buck_passing),
           COUNT(disorderly), SUM(disorderly), COUNT(greedy), SUM(greedy)
    FROM ({COUNTED}) AS counted GROUP BY section_id, channel
"""  # noqa: S608  a fixed text
HISTOGRAMS = f"""
    SELECT section_id, channel, q, COUNT(*) FROM ({COUNTED}) AS counted WHERE n >= 3 GROUP BY section_id, channel, q
"""  # noqa: S608  a fixed text
DRAWN_LINES = f"""
    SELECT ballot_id, section_id, q FROM ({COUNTED}) AS counted
    WHERE n >= 3 AND channel = 'targeted' ORDER BY ballot_id, section_id
"""  # noqa: S608  a fixed text


def run() -> None:
    """Print the ratios of the score's query and of the whole tally, then CPU and memory of everything after it."""
    round_ = make_open_round(sections=105)
    _fill(round_)
    rulebook = json.loads(scoring_rulebook(round_))
    method = parse_rulebook(rulebook)

    def fetched(query: str) -> list[tuple[int, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(query, [round_.pk])
            return cursor.fetchall()

    def by_hand() -> object:
        sheets = Counter(tuple(lines) for _, lines in groupby(fetched(DRAWN_LINES), key=itemgetter(0)))
        return fetched(CELLS), fetched(HISTOGRAMS), sheets

    floor, ours = interleaved(lambda: fetched(CELLS), lambda: list(score_rows(round_, method)), 5)
    report(f"tally of {BALLOTS * LINES:,} ratings, {connection.vendor}", floor, ours, 1.2, "s", 1)
    print(f"{'rows that leave the database for the score':<44} {len(score_rows(round_, method))}  target <= 315")
    floor, ours = interleaved(by_hand, lambda: count_ballots(round_, method), 3)
    report(f"with histograms and {DRAWN:,} drawn ballots, {connection.vendor}", floor, ours, 1.5, "s", 1)
    print(f"{'peak memory':<44} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    ballots = count_ballots(round_, method)
    _, ours = interleaved(lambda: None, lambda: count_files(method, ballots, rulebook), 3)
    print(f"{'score, ranks, intervals, probabilities, files':<44} {ours:.2f} CPU-s")


def _channels() -> Iterator[str]:
    yield from ["targeted"] * DRAWN
    yield from (("sampled", "other")[number % 2] for number in range(BALLOTS - DRAWN))


def _fill(round_) -> None:
    rng, sections = Random(1), list(round_.sections.values_list("pk", flat=True))
    channels = list(_channels())
    for start in range(0, BALLOTS, 5000):
        ballots = [
            Ballot(round=round_, channel=channels[n], origin="issued", receipt=f"{n:020d}", is_counted=True)
            for n in range(start, min(start + 5000, BALLOTS))
        ]
        Ballot.objects.bulk_create(ballots)
        Rating.objects.bulk_create(
            Rating(
                ballot_id=ballot.pk,
                section_id=section,
                round=round_,
                channel=ballot.channel,
                is_counted=True,
                **{
                    i: rng.choice([0, 0, 1, 1, 2, 3, None])
                    for i in ("cold", "lazy", "buck_passing", "disorderly", "greedy")
                },
            )
            for ballot in ballots
            for section in rng.sample(sections, LINES)
        )
