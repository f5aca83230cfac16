"""Sealing one ballot for the spool, and opening the rows of a spool (box-key.md 5)."""

import json
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.views.decorators.debug import sensitive_variables
from nacl.public import PrivateKey, PublicKey

from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.votes import is_stored_comment, is_stored_vote
from evaluations.ballots.models import BallotSpool
from evaluations.box_key.models import BoxKey
from evaluations.box_key.services import keys
from evaluations.protocol.box_rows import BallotRow, Place, check_row, frame, frame_size, unframe
from nanchuan_eval.core.errors import RuleViolation

OVERHEAD = 49  # version byte, ephemeral public key, authenticator


class KeyGone(RuleViolation):
    """Nothing can be sealed to the key any more: its box is open, or its round void."""


class SealingKey(NamedTuple):
    """What a process keeps of a key in order to seal ballots."""

    public: PublicKey
    row_key: bytes


@lru_cache(maxsize=32)
def sealing_key(key_id: str) -> SealingKey:
    """Return the key with this id; a key never changes, so each process reads it once."""
    found = BoxKey.objects.filter(key_id=key_id).first()
    if found is None or not found.row_key:
        raise KeyGone("这个票箱密钥已不再使用，评议票没有提交。")
    return SealingKey(keys.public_key(json.loads(found.record)["public_key"]), bytes.fromhex(found.row_key))


def frame_size_of(form: BallotForm, channel: str) -> int:
    """Return the one length of all frames of a channel."""
    sections = min(form.max_sections[channel], len(form.sections))
    return frame_size(sections, len(form.manifestations), form.comment_length)


@sensitive_variables()
def spool_ballot(row: BallotRow, *, round_id: int, form: BallotForm, key_id: str, mark: UUID) -> BallotSpool:
    """Return a ballot sealed to the key, ready for the spool under its mark."""
    key = sealing_key(key_id)
    sealed = keys.seal(frame(row, key.row_key, frame_size_of(form, row.channel)), key.public)
    return BallotSpool(id=mark, round_id=round_id, channel=row.channel, origin=row.origin, sealed=sealed)


class Opener:
    """Opens the rows of one round's spool; remembers the receipts it has seen, so that a copied row is found."""

    def __init__(self, key: PrivateKey, row_key: bytes | None, form: BallotForm) -> None:
        self._key, self._row_key, self._form = key, row_key, form
        self._seen: set[str] = set()

    @sensitive_variables()
    def open(self, sealed: bytes, place: Place) -> tuple[BallotRow, Any]:
        """Return the row and its vote; raises RowRefused with the reason for which it is set aside."""
        row = unframe(keys.open_sealed(sealed, self._key), self._row_key)
        return row, check_row(row, place, self._seen, self._is_valid)

    def is_oversize(self, sealed: bytes, channel: str) -> bool:
        """True if the row is longer than the rows of its channel are."""
        return channel in self._form.max_sections and len(sealed) > frame_size_of(self._form, channel) + OVERHEAD

    def _is_valid(self, row: BallotRow, vote: object) -> bool:
        form = self._form
        return is_stored_vote(form, row.channel, vote) and is_stored_comment(row.comment, form.comment_length)
