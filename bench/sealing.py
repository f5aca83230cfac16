"""Opening and sealing the box against COPY of the same rows plus fetching and opening them bare."""

import resource
import secrets
import uuid

from django.db import connection, transaction

from bench.measure import cpu_seconds, report
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import RawLine, validate_vote
from evaluations.ballots.models import Ballot, BallotSpool, Rating
from evaluations.box_key.queries import key_in_force
from evaluations.box_key.services import keys
from evaluations.box_key.services.rows import spool_ballot
from evaluations.codes.models import Credential
from evaluations.protocol.box_rows import BallotRow
from evaluations.protocol.codes import encode_code, issue_hash, spend_hash
from evaluations.rounds.models import Round
from evaluations.sealing.services import mixing
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.database.sql import insert_rows
from nanchuan_eval.permissions.policy import CLOCK
from tests.factories import make_codes, make_open_round, raw_answers

BALLOTS, SECTIONS = 20_000, 3


def run() -> None:
    """Print the ratio and the peak of memory."""
    round_ = make_open_round(sections=SECTIONS)
    _spool(round_)
    opening = _bare_opening(round_)
    before = cpu_seconds()
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    ours = cpu_seconds() - before
    floor = _bare_copy(round_)
    report(f"opening {BALLOTS:,} ballots, {connection.vendor}", floor + opening, ours, 2, unit="s", times=1)
    print(f"{'of the floor: COPY, bare opening':<44} {floor:.2f} s, {opening:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{'peak memory':<44} {peak} MB")


def _spool(round_: Round) -> None:
    form = ballot_form_by_digest(round_.ballot_form_sha256)
    text = validate_vote(form, "targeted", [RawLine(s.code, raw_answers()) for s in form.sections]).as_text()
    spends = {issue_hash(spend): spend for spend in (spend_hash(round_.key, c) for c in make_codes(round_, BALLOTS))}
    used = list(Credential.objects.filter(batch__round=round_))
    for credential in used:
        credential.spend = spends[credential.issue]
    Credential.objects.bulk_update(used, ["spend"], batch_size=500)
    place = {"channel": "targeted", "origin": "issued", "round": round_.key}
    rows = (
        BallotRow(
            **place, comment="", nonce=secrets.token_hex(32), receipt=encode_code(secrets.token_bytes(13)), vote=text
        )
        for _ in range(BALLOTS)
    )
    where = {"round_id": round_.pk, "form": form, "key_id": round_.box_key}
    BallotSpool.objects.bulk_create((spool_ballot(row, **where, mark=uuid.uuid4()) for row in rows), batch_size=500)


def _bare_opening(round_: Round) -> float:
    """Fetch and open all rows, and nothing else."""
    private = keys.private_key(bytes.fromhex(key_in_force(round_).seed), round_.key)
    before = cpu_seconds()
    for (sealed,) in BallotSpool.objects.values_list("sealed").iterator(chunk_size=1000):
        keys.open_sealed(bytes(sealed), private)
    return cpu_seconds() - before


def _bare_copy(round_: Round) -> float:
    """Write the same rows anew by COPY (SQLite: prepared INSERTs) of ready values, with all constraints checked."""
    sealed = list(round_.ballots.values_list("pk", "channel", "origin", "nonce", "commitment", "is_counted"))
    new = {key: uuid.uuid4() for key, *_ in sealed}
    ballots = [(new[k], round_.pk, c, o, encode_code(secrets.token_bytes(13)), *rest) for k, c, o, *rest in sealed]
    lines = Rating.objects.filter(round=round_).values_list(*mixing.RATING_COLUMNS)
    ratings = [(new[key], *rest) for key, *rest in lines]
    # PostgreSQL keeps a connection's plans of foreign-key checks, made when these tables were empty.
    connection.close()
    connection.ensure_connection()
    before = cpu_seconds()
    with transaction.atomic():
        insert_rows(Ballot, mixing.BALLOT_COLUMNS, ballots)
        insert_rows(Rating, mixing.RATING_COLUMNS, ratings)
        connection.check_constraints()
        transaction.set_rollback(True)
    return cpu_seconds() - before
