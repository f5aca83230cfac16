"""What a sealed row of the spool holds: its frame, the checks of an opened frame, its mark (box-key.md 5)."""

import hashlib
import hmac
import json
import re
import uuid
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from evaluations.protocol.box import FORMAT, lines
from evaluations.protocol.codes import ALPHABET, CODE_LENGTH
from nanchuan_eval.core.canonical import canonical_json, protocol_json

AUTH_BYTES = 32
LENGTH_BYTES = 4
HEAD = AUTH_BYTES + LENGTH_BYTES
LEVEL = 6
MOST_UNPACKED = 2 * 1024 * 1024
STEP = 256
RECEIPT = re.compile(f"[{ALPHABET}]{{{CODE_LENGTH}}}")
NONCE = re.compile("[0-9a-f]{64}")
# Only what protocol 3.2 allows, by its looks: punctuation, integers, texts of printable ASCII without escapes.
# Votes look like this; anything else is checked value by value, which takes longer.
PLAIN = re.compile(r'(?:[][{},:]|"[ !#-\[\]-~]*"|[1-9][0-9]{0,14}(?![0-9])|0)*', re.ASCII)
# Why a row is set aside, in the order of the checks.
KINDS = {
    "undecryptable": "无法解密",
    "malformed": "内容不完整",
    "foreign": "不是本系统写入",
    "misplaced": "轮次、渠道或来源与登记不符",
    "repeated": "重复",
    "invalid": "评议内容不合评议表",
}


class RowRefused(ValueError):
    """A row cannot become a ballot; `kind` is one of KINDS. It never quotes the row."""

    def __init__(self, kind: str) -> None:
        super().__init__(KINDS[kind])
        self.kind = kind


class Place(NamedTuple):
    """Where the table says a row belongs, in clear beside the ciphertext."""

    round: str
    channel: str
    origin: str


@dataclass(frozen=True, repr=False)
class BallotRow:
    """The seven texts of a ballot; `vote` is the text J(vote), so that its commitment never depends on rewriting it."""

    channel: str
    comment: str
    nonce: str
    origin: str
    receipt: str
    round: str
    vote: str

    @property
    def place(self) -> Place:
        """Where the ballot itself says it belongs."""
        return Place(self.round, self.channel, self.origin)


FIELDS = frozenset(each.name for each in fields(BallotRow))


def frame_size(sections: int, manifestations: int, comment_length: int) -> int:
    """Return F, one for a channel: every valid ballot of up to that many sections fits."""
    needed = 512 + sections * (8 + -(-manifestations // 2)) + 4 * comment_length
    return _rounded_up(needed, STEP)


def frame(row: BallotRow, row_key: bytes, size: int) -> bytes:
    """Return the plaintext of a row, padded to `size` or, were it longer, to the next multiple of it."""
    packed = zlib.compress(canonical_json(asdict(row)), LEVEL)
    content = _auth(row_key, packed) + len(packed).to_bytes(LENGTH_BYTES, "big") + packed
    return content.ljust(_rounded_up(len(content), size), b"\0")


def unframe(opened: bytes, row_key: bytes | None) -> BallotRow:
    """Return the row of a decrypted frame; authenticity is checked before anything is unpacked.

    Without a row key, which only two persons can permit, it is not checked at all.
    """
    length = int.from_bytes(opened[AUTH_BYTES:HEAD], "big")
    packed, padding = opened[HEAD : HEAD + length], opened[HEAD + length :]
    if len(opened) < HEAD or len(packed) != length or padding.strip(b"\0"):
        raise RowRefused("malformed")
    if row_key is not None and not hmac.compare_digest(opened[:AUTH_BYTES], _auth(row_key, packed)):
        raise RowRefused("foreign")
    return _unpacked(packed)


def check_row(row: BallotRow, place: Place, seen: set[str], is_valid: Callable[[BallotRow, Any], bool]) -> Any:
    """Return the row's vote; refuses another place, a receipt in `seen` (its own is added), a vote not J or not valid.

    `is_valid` is asked with the row and its vote.
    """
    if row.place != place:
        raise RowRefused("misplaced")
    if row.receipt in seen:
        raise RowRefused("repeated")
    seen.add(row.receipt)
    try:
        vote = read_vote(row.vote)
    except ValueError:
        raise RowRefused("invalid") from None
    if not is_valid(row, vote):
        raise RowRefused("invalid")
    return vote


def read_vote(text: str) -> Any:
    """Return the value of which the text is J (protocol 3.2); raises ValueError if it is J of nothing."""
    try:
        vote = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if PLAIN.fullmatch(text):
        is_canonical = json.dumps(vote, sort_keys=True, separators=(",", ":")) == text
    else:
        is_canonical = protocol_json(vote) == text.encode()
    if not is_canonical:
        raise ValueError("not canonical")
    return vote


def mark(server_random: str, receipt: str) -> uuid.UUID:
    """Return the id of a spool row: a hash of the receipt under the random hex that only the voter's page holds."""
    return uuid.UUID(bytes=hashlib.sha256(lines("nanchuan-ballot/2/mark", server_random, receipt)).digest()[:16])


def _rounded_up(number: int, step: int) -> int:
    return -(-number // step) * step


def _auth(row_key: bytes, packed: bytes) -> bytes:
    return hmac.digest(row_key, lines(f"{FORMAT}/row", "") + packed, "sha256")


def _unpacked(packed: bytes) -> BallotRow:
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(packed, MOST_UNPACKED + 1)
        texts = json.loads(body.decode()) if _is_whole(unpacker, body) else None
    except (zlib.error, ValueError, RecursionError):
        # Without its cause: it would quote the ballot.
        raise RowRefused("malformed") from None
    if not isinstance(texts, dict) or texts.keys() != FIELDS or not all(isinstance(t, str) for t in texts.values()):
        raise RowRefused("malformed")
    row = BallotRow(**texts)
    if not RECEIPT.fullmatch(row.receipt) or not NONCE.fullmatch(row.nonce):
        raise RowRefused("malformed")
    return row


def _is_whole(unpacker: "zlib._Decompress", body: bytes) -> bool:
    return unpacker.eof and not unpacker.unused_data and len(body) <= MOST_UNPACKED
