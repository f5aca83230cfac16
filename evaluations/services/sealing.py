"""Sealing (封箱): the spool is mixed into ballots, ratings and comments; codes are rewritten; nothing links them.

All in one transaction: a crash leaves either the spool or the sealed box. Every table is written in a
random (or sorted) order by one transaction, so that no id, time, xmin, ctid or rowid says who voted what.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from evaluations.closing import closing_record
from evaluations.database import empty_tables, lock_tables, scrub
from evaluations.models import Ballot, BallotSpool, Comment, Credential, Rating, Round
from evaluations.rules.codes import content_commitment
from evaluations.rules.indicators import Channel, Indicator
from evaluations.rules.rounds import Step
from evaluations.rules.seal import leaf, merkle_root
from evaluations.services.round import begin, finish
from nanchuan_eval import policy
from nanchuan_eval.errors import RuleViolation

BATCH_SIZE = 1000
Progress = Callable[[int], object]


def no_progress(done: int) -> None:
    """Report nothing."""


@transaction.atomic
def seal_round(*, round_id: int, by: policy.Actor, at: datetime, progress: Progress = no_progress) -> Round:
    """Close the vote for good and seal the box; returns the round with its closing root."""
    round_ = begin(Step.SEAL, round_id=round_id, by=by, at=at)
    lock_tables(Credential, BallotSpool)
    leaves = _mix_ballots(round_, progress)
    _mix_comments(round_)
    _rewrite_credentials(round_)
    _refuse_foreign_spool(round_)
    empty_tables(BallotSpool)
    round_.closing_root = merkle_root(sorted(leaves))
    round_.closing = closing_record(round_, len(leaves)).decode()
    round_.save(update_fields=["closing_root", "closing"])
    transaction.on_commit(partial(scrub, (BallotSpool, Credential)))
    return finish(Step.SEAL, round_, by=by, at=at, detail={"ballots": len(leaves), "root": round_.closing_root})


def _mix_ballots(round_: Round, progress: Progress) -> list[bytes]:
    sections = dict(round_.sections.values_list("code", "pk"))
    leaves: list[bytes] = []
    for spooled in _in_random_order(BallotSpool.objects.filter(round=round_)):
        ballots = [_ballot(round_, row) for row in spooled]
        Ballot.objects.bulk_create(ballots)
        Rating.objects.bulk_create(
            [
                _rating(ballot, line, sections)
                for ballot, row in zip(ballots, spooled, strict=True)
                for line in json.loads(row.vote)["lines"]
            ],
            batch_size=BATCH_SIZE,
        )
        leaves += [leaf(ballot.receipt, ballot.commitment) for ballot in ballots]
        progress(len(spooled))
    return leaves


def _mix_comments(round_: Round) -> None:
    for spooled in _in_random_order(BallotSpool.objects.filter(round=round_).exclude(comment="")):
        Comment.objects.bulk_create([Comment(round=round_, text=row.comment) for row in spooled])


def _rewrite_credentials(round_: Round) -> None:
    """Write the round's credentials anew in the order of I: their old order is that of casting."""
    rows = list(Credential.objects.filter(batch__round=round_).order_by("issue"))
    Credential.objects.filter(batch__round=round_).delete()
    Credential.objects.bulk_create(rows, batch_size=BATCH_SIZE)


def _refuse_foreign_spool(round_: Round) -> None:
    if BallotSpool.objects.exclude(round=round_).exists():
        raise RuleViolation("待封箱选票中有其他轮次的票，请先封存其他轮次。")


def _in_random_order(rows: QuerySet[BallotSpool]) -> Iterator[Sequence[BallotSpool]]:
    ids = list(rows.values_list("pk", flat=True))
    secrets.SystemRandom().shuffle(ids)
    for start in range(0, len(ids), BATCH_SIZE):
        chosen = ids[start : start + BATCH_SIZE]
        found = BallotSpool.objects.in_bulk(chosen)
        yield [found[key] for key in chosen]


def _ballot(round_: Round, row: BallotSpool) -> Ballot:
    return Ballot(
        round=round_,
        channel=row.channel,
        origin=row.origin,
        receipt=row.receipt,
        nonce=row.nonce,
        commitment=content_commitment(row.receipt, row.nonce, json.loads(row.vote)),
        # Sampled ballots count only once they are drawn (抽取计票的抽样评议票).
        is_counted=row.channel != Channel.SAMPLED,
    )


def _rating(ballot: Ballot, line: Mapping[str, Any], sections: Mapping[str, int]) -> Rating:
    return Rating(
        ballot=ballot,
        section_id=sections[line["section"]],
        round_id=ballot.round_id,
        channel=ballot.channel,
        is_counted=ballot.is_counted,
        manifestations=" ".join(line["manifestations"]),
        **{indicator.value: line["answers"].get(indicator) for indicator in Indicator},
    )
