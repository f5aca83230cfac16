"""Sealing (封箱): moves the spool into shuffled ballots, ratings and comments, and rewrites the codes.

One transaction, so a crash leaves either the spool or the sealed box. Every table is written in random or sorted
order, so that no id, time, xmin, ctid or rowid links a vote to a code.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from evaluations.ballots.models import Ballot, BallotSpool, Comment, Rating
from evaluations.codes.models import Credential
from evaluations.codes.sql import rewrite_credentials
from evaluations.protocol.codes import content_commitment_of
from evaluations.protocol.merkle import leaf, merkle_root
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.services import begin, finish
from evaluations.scoring.method import Channel, Indicator
from evaluations.sealing.queries import sealing_record
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database.sql import empty_tables, insert_rows, lock_tables, scrub
from nanchuan_eval.permissions import policy

BATCH_SIZE = 1000
FIXED_BY_SEALING = ("closing", "box", "comments", "codes", "batches")
SPOOLED = ("channel", "origin", "receipt", "nonce", "vote")
BALLOT_COLUMNS = ("id", "round_id", "channel", "origin", "receipt", "nonce", "commitment", "is_counted")
RECEIPT, COMMITMENT = BALLOT_COLUMNS.index("receipt"), BALLOT_COLUMNS.index("commitment")
INDICATORS = tuple(Indicator.values)
RATING_COLUMNS = (
    *("ballot_id", "section_id", "round_id", "channel", "is_counted"),
    *INDICATORS,
    "manifestations",
)
Progress = Callable[[int], object]


class Spooled(NamedTuple):
    """A row of the spool; the fields of SPOOLED."""

    channel: str
    origin: str
    receipt: str
    nonce: str
    vote: str


def no_progress(done: int) -> None:
    """Report nothing."""


@transaction.atomic
def seal_round(*, round_id: int, by: policy.Actor, at: datetime, progress: Progress = no_progress) -> Round:
    """End the vote and seal the box; returns the round with its root."""
    round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at)
    lock_tables(Credential, BallotSpool)
    leaves = _mix_ballots(round_, progress)
    _mix_comments(round_)
    rewrite_credentials(round_.pk)
    _refuse_foreign_spool(round_)
    empty_tables(BallotSpool)
    round_.closing_root = merkle_root(sorted(leaves))
    round_.closing = sealing_record(round_, len(leaves)).decode()
    round_.save(update_fields=["closing_root", "closing"])
    transaction.on_commit(partial(scrub, (BallotSpool, Credential)))
    fixed = fixed_digests(*((kind, round_.pk) for kind in FIXED_BY_SEALING))
    detail = {"ballots": len(leaves), "root": round_.closing_root, "fixed": fixed}
    return finish(Step.SEAL, round_, by=by, at=at, detail=detail)


def _mix_ballots(round_: Round, progress: Progress) -> list[bytes]:
    sections = dict(round_.sections.values_list("code", "pk"))
    leaves: list[bytes] = []
    for spooled in _in_random_order(BallotSpool.objects.filter(round=round_), *SPOOLED):
        ballots = [_ballot(round_, Spooled(*row)) for row in spooled]
        insert_rows(Ballot, BALLOT_COLUMNS, [row for row, _ in ballots])
        insert_rows(Rating, RATING_COLUMNS, (line for row, vote in ballots for line in _ratings(row, vote, sections)))
        leaves += [leaf(row[RECEIPT], row[COMMITMENT]) for row, _ in ballots]
        progress(len(spooled))
    return leaves


def _mix_comments(round_: Round) -> None:
    for spooled in _in_random_order(BallotSpool.objects.filter(round=round_).exclude(comment=""), "comment"):
        Comment.objects.bulk_create([Comment(round=round_, text=text) for (text,) in spooled])


def _refuse_foreign_spool(round_: Round) -> None:
    if BallotSpool.objects.exclude(round=round_).exists():
        raise RuleViolation("待封箱评议票中有其他轮次的票，请先对其他轮次封箱。")


def _in_random_order(rows: QuerySet[BallotSpool], *fields: str) -> Iterator[Sequence[tuple[Any, ...]]]:
    ids = list(rows.values_list("pk", flat=True))
    secrets.SystemRandom().shuffle(ids)
    for start in range(0, len(ids), BATCH_SIZE):
        chosen = ids[start : start + BATCH_SIZE]
        # Only by key: with a second condition SQLite scans the whole spool for every batch.
        found = {key: row for key, *row in BallotSpool.objects.filter(pk__in=chosen).values_list("pk", *fields)}
        yield [tuple(found[key]) for key in chosen]


def _ballot(round_: Round, row: Spooled) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Return a ballot's row in the order of BALLOT_COLUMNS, and its vote."""
    commitment = content_commitment_of(row.receipt, row.nonce, row.vote.encode())
    # Sampled ballots count only if drawn later (抽取计票的抽样评议票).
    is_counted = row.channel != Channel.SAMPLED
    facts = (uuid4(), round_.pk, row.channel, row.origin, row.receipt, row.nonce, commitment, is_counted)
    return facts, json.loads(row.vote)


def _ratings(
    ballot: tuple[Any, ...], vote: Mapping[str, Any], sections: Mapping[str, int]
) -> Iterator[tuple[Any, ...]]:
    """Yield a ballot's lines in the order of RATING_COLUMNS."""
    key, round_id, channel, *_, is_counted = ballot
    for line in vote["lines"]:
        levels = map(line["answers"].get, INDICATORS)
        yield (
            key,
            sections[line["section"]],
            round_id,
            channel,
            is_counted,
            *levels,
            " ".join(line["manifestations"]),
        )
