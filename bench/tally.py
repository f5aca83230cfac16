"""The tally against the hand-written GROUP BY, on generated ratings."""

import json
import os
from random import Random

from django.db import connection

from bench.measure import interleaved, report
from evaluations.ballots.models import Ballot, Rating
from evaluations.scoring.index import score_sections, variances
from evaluations.scoring.method import parse_method
from evaluations.scoring.ranking import intervals
from evaluations.scoring.result import build_result
from evaluations.scoring.uncertainty import top_probabilities
from evaluations.tally.files import scoring_rulebook
from evaluations.tally.queries.aggregates import count_ballots, score_rows
from tests.factories import make_open_round

BALLOTS = int(os.environ.get("BENCH_BALLOTS", "30000"))
LINES = 3
GIVEN = " + ".join(
    f"CASE WHEN {i} IS NULL THEN 0 ELSE 1 END" for i in ("cold", "lazy", "buck_passing", "disorderly", "greedy")
)
POINTS = " + ".join(f"COALESCE({i}, 0)" for i in ("cold", "lazy", "buck_passing", "disorderly", "greedy"))
BY_HAND = f"""
    SELECT section_id, channel, COUNT(*) FILTER (WHERE n >= 3), SUM(q), SUM(q * q),
           COUNT(*) FILTER (WHERE n >= 3 AND worst), COUNT(*) FILTER (WHERE worst),
           COUNT(cold), SUM(cold), COUNT(lazy), SUM(lazy), COUNT(buck_passing), SUM(buck_passing),
           COUNT(disorderly), SUM(disorderly), COUNT(greedy), SUM(greedy)
    FROM (
        SELECT r.*, {GIVEN} AS n,
               CASE WHEN {GIVEN} >= 3 THEN CAST({POINTS} AS BIGINT) * 60 / ({GIVEN}) ELSE 0 END AS q,
               (cold >= 2 OR lazy >= 2 OR buck_passing >= 2 OR disorderly >= 2 OR greedy >= 2) AS worst
        FROM evaluations_rating r WHERE round_id = %s AND is_counted
    ) AS counted
    GROUP BY section_id, channel
"""  # noqa: S608  a fixed text


def run() -> None:
    """Print the ratio of the score's query, and the CPU of everything after it."""
    round_ = make_open_round(sections=105)
    _fill(round_)
    method = parse_method(json.loads(scoring_rulebook(round_)))

    def by_hand() -> None:
        with connection.cursor() as cursor:
            cursor.execute(BY_HAND, [round_.pk])
            cursor.fetchall()

    floor, ours = interleaved(by_hand, lambda: list(score_rows(round_, method)), 5)
    report(f"tally of {BALLOTS * LINES:,} ratings, {connection.vendor}", floor, ours, 1.2, "s", 1)
    print(f"{'rows that leave the database for the score':<44} {len(score_rows(round_, method))}  target <= 315")
    floor, ours = interleaved(by_hand, lambda: count_ballots(round_, method), 3)
    report(f"tally of {BALLOTS * LINES:,} ratings with histogram, {connection.vendor}", floor, ours, 2.4, "s", 1)
    cells = count_ballots(round_, method).cells
    _, ours = interleaved(lambda: None, lambda: build_result(method, cells), 3)
    _, sure = interleaved(lambda: None, lambda: _certainty(method, cells), 3)
    print(f"{'certainty of the places':<44} {sure:.2f} CPU-s  target < 0.5")
    print(f"{'score, ranks, intervals, probabilities':<44} {ours:.2f} CPU-s, {len(cells)} rows left the database")


def _certainty(method, cells) -> None:
    scores = score_sections(method, cells)
    spread = variances(method, cells, scores)
    intervals(method, cells, scores, method.sections)
    top_probabilities({s: scores.sections[s].value for s in method.sections}, spread, method.list_length)


def _fill(round_) -> None:
    rng, sections = Random(1), list(round_.sections.values_list("pk", flat=True))
    channels = ["targeted", "sampled", "other"]
    for start in range(0, BALLOTS, 5000):
        ballots = [
            Ballot(round=round_, channel=channels[n % 3], origin="issued", receipt=f"{n:020d}", is_counted=True)
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
