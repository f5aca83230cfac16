"""Sealing against the bare COPY of the same rows."""

import resource
import secrets
import uuid

from django.db import connection, transaction

from bench.measure import cpu_seconds, report
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.codes.models import Credential
from evaluations.protocol.codes import encode_code
from evaluations.rounds.models import Round
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.database.sql import insert_rows
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import make_codes, make_open_round, raw_answers

BALLOTS, SECTIONS = 20_000, 3


def run() -> None:
    """Print the ratio and the peak of memory."""
    round_ = make_open_round(sections=SECTIONS)
    _spool(round_)
    before = cpu_seconds()
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    ours = cpu_seconds() - before
    floor = _bare_copy(round_)
    report(f"sealing {BALLOTS:,} ballots, {connection.vendor}", floor, ours, 2, unit="s", times=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{'peak memory':<44} {peak} MB")


def _spool(round_: Round) -> None:
    ballot_form = ballot_form_by_digest(round_.ballot_form_sha256)
    vote = validate_vote(ballot_form, "targeted", [RawLine(s.code, raw_answers()) for s in ballot_form.sections])
    text = canonical_json(vote.as_json()).decode()
    make_codes(round_, BALLOTS)
    Credential.objects.filter(batch__round=round_).update(spend=None)
    BallotSpool.objects.bulk_create(
        (
            BallotSpool(
                round=round_,
                channel="targeted",
                origin="issued",
                receipt=encode_code(secrets.token_bytes(13)),
                nonce=secrets.token_hex(32),
                vote=text,
            )
            for _ in range(BALLOTS)
        ),
        batch_size=2000,
    )


def _bare_copy(round_: Round) -> float:
    """Write the same rows anew by COPY (SQLite: prepared INSERTs) of ready values, with all constraints checked."""
    sealed = list(round_.ballots.values_list("pk", "channel", "origin", "nonce", "commitment", "is_counted"))
    new = {key: uuid.uuid4() for key, *_ in sealed}
    ballots = [(new[k], round_.pk, c, o, encode_code(secrets.token_bytes(13)), *rest) for k, c, o, *rest in sealed]
    lines = Rating.objects.filter(round=round_).values_list(*sealing.RATING_COLUMNS)
    ratings = [(new[key], *rest) for key, *rest in lines]
    # PostgreSQL keeps a connection's plans of foreign-key checks, made when these tables were empty.
    connection.close()
    connection.ensure_connection()
    before = cpu_seconds()
    with transaction.atomic():
        insert_rows(Ballot, sealing.BALLOT_COLUMNS, ballots)
        insert_rows(Rating, sealing.RATING_COLUMNS, ratings)
        connection.check_constraints()
        transaction.set_rollback(True)
    return cpu_seconds() - before
