"""Mixing (打乱): every row of the spool becomes a ballot with ratings and perhaps a comment, or is set aside.

Every table is written in random order, so that no id, time, xmin, ctid or rowid links a vote to a code.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

from django.db.models import Model

from evaluations.ballots.models import Ballot, BallotSpool, Comment, Rating
from evaluations.box_key.models import SetAsideBallot
from evaluations.box_key.services.rows import Opener
from evaluations.protocol.box_rows import BallotRow, Place, RowRefused
from evaluations.protocol.codes import content_commitment_of
from evaluations.protocol.merkle import leaf
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel, Indicator
from nanchuan_eval.database.sql import insert_rows

BATCH_SIZE = 1000
SPOOLED = ("round__key", "channel", "origin", "sealed")
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

    round: str
    channel: str
    origin: str
    sealed: bytes


@dataclass
class Mixed:
    """What became of the spool: leaves of the closing list, rows set aside, how many rows were too long."""

    leaves: list[bytes] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    set_aside: Counter[str] = field(default_factory=Counter)
    rows: list[SetAsideBallot] = field(default_factory=list)
    oversize: int = 0


def no_progress(done: int) -> None:
    """Report nothing."""


def mix_box(round_: Round, opener: Opener, progress: Progress) -> Mixed:
    """Open all rows of the spool in random order and write ballots, ratings, comments and rows set aside."""
    sections = dict(round_.sections.values_list("code", "pk"))
    mixed = Mixed()
    for rows in _in_random_order():
        opened = [found for sealed in rows if (found := _opened(round_, opener, sealed, mixed))]
        ballots = [(_ballot(round_, row), vote) for row, vote in opened]
        insert_rows(Ballot, BALLOT_COLUMNS, [row for row, _ in ballots])
        insert_rows(Rating, RATING_COLUMNS, (line for row, vote in ballots for line in _ratings(row, vote, sections)))
        mixed.leaves += [leaf(row[RECEIPT], row[COMMITMENT]) for row, _ in ballots]
        mixed.comments += [row.comment for row, _ in opened if row.comment]
        progress(len(rows))
    # All at once and shuffled: a batch of comments would tell that it belongs to a batch of ballots.
    _write_shuffled(Comment, [Comment(round=round_, text=text) for text in mixed.comments])
    _write_shuffled(SetAsideBallot, mixed.rows)
    return mixed


def _opened(round_: Round, opener: Opener, row: Spooled, mixed: Mixed) -> tuple[BallotRow, Any] | None:
    sealed = bytes(row.sealed)
    mixed.oversize += opener.is_oversize(sealed, row.channel)
    try:
        return opener.open(sealed, Place(row.round, row.channel, row.origin))
    except RowRefused as refused:
        mixed.set_aside[refused.kind] += 1
        where = {"round": round_, "channel": row.channel, "origin": row.origin}
        mixed.rows.append(SetAsideBallot(**where, reason=refused.kind, sealed=sealed))
        return None


def _write_shuffled(table: type[Model], rows: list[Any]) -> None:
    secrets.SystemRandom().shuffle(rows)
    table._default_manager.bulk_create(rows, batch_size=BATCH_SIZE)


def _in_random_order() -> Iterator[Sequence[Spooled]]:
    ids = list(BallotSpool.objects.values_list("pk", flat=True))
    secrets.SystemRandom().shuffle(ids)
    for start in range(0, len(ids), BATCH_SIZE):
        chosen = ids[start : start + BATCH_SIZE]
        rows = BallotSpool.objects.filter(pk__in=chosen).values_list("pk", *SPOOLED)
        found = {key: Spooled(*row) for key, *row in rows}
        yield [found[key] for key in chosen]


def _ballot(round_: Round, row: BallotRow) -> tuple[Any, ...]:
    """Return a ballot's row in the order of BALLOT_COLUMNS."""
    commitment = content_commitment_of(row.receipt, row.nonce, row.vote.encode())
    # Sampled ballots count only if drawn later (抽取计票的抽样评议票).
    is_counted = row.channel != Channel.SAMPLED
    return (uuid4(), round_.pk, row.channel, row.origin, row.receipt, row.nonce, commitment, is_counted)


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
