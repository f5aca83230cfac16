"""Putting a box key in force: a key kept by the server, made when its round opens."""

import secrets
from datetime import datetime

from evaluations.box_key.models import BoxKey
from evaluations.box_key.services import keys
from evaluations.protocol.box import key_id, server_record
from evaluations.rounds.models import Round
from nanchuan_eval.core.canonical import sha256_hex

ROW_KEY_BYTES = 32


def make_server_key(round_: Round, *, at: datetime) -> BoxKey:
    """Make the key of a round whose box the server opens; its seed lies under FIELD_KEY until then."""
    seed = keys.new_seed()
    public = keys.private_key(seed, round_.key).public_key.encode().hex()
    record = server_record(round_.key, public)
    return put_in_force(round_, key_id(round_.key, public), record, seed=seed, at=at)


def put_in_force(round_: Round, id_: str, record: bytes, *, seed: bytes = b"", at: datetime) -> BoxKey:
    """Store a key and its record under a new row key; for the caller's locked round and audit row."""
    BoxKey.objects.filter(round=round_, replaced_at=None).update(replaced_at=at)
    key = BoxKey.objects.create(
        round=round_,
        key_id=id_,
        record=record.decode(),
        record_sha256=sha256_hex(record),
        row_key=secrets.token_hex(ROW_KEY_BYTES),
        seed=seed.hex(),
        made_at=at,
    )
    round_.box_key = id_
    round_.save(update_fields=["box_key"])
    return key


def forget_key(key: BoxKey) -> None:
    """Erase what opens and authenticates the rows, once there are none."""
    key.row_key = key.seed = ""
    key.save(update_fields=["row_key", "seed", "opened_at"])
