"""The box key (票箱密钥) `nanchuan-box/1`: its id, the hashes of its cards, its public record (box-key.md 3, 4, 6)."""

import hashlib
from collections.abc import Mapping, Sequence

from evaluations.protocol.codes import ALPHABET, BITS_PER_CHARACTER, encode_code
from nanchuan_eval.core.canonical import canonical_json, sha256_hex

FORMAT = "nanchuan-box/1"
TAG_LENGTH = 4
MOST_SUPERVISORS = 15


def lines(*texts: str) -> bytes:
    """Return the texts joined by line feeds, as they are hashed."""
    return "\n".join(texts).encode()


def base32(number: int, length: int) -> str:
    """Return the number as that many characters of the alphabet of ballot codes."""
    shifts = range((length - 1) * BITS_PER_CHARACTER, -1, -BITS_PER_CHARACTER)
    return "".join(ALPHABET[number >> shift & 31] for shift in shifts)


def key_id(round_key: str, public_key: str) -> str:
    """Return the published digest (票箱公钥校验值) of a public key in hex for one round."""
    return sha256_hex(lines(f"{FORMAT}/key", round_key, public_key))


def tag(key_id_: str) -> str:
    """Return the first 20 bits of a key id, by which a card of another key is recognized."""
    return base32(int(key_id_[: TAG_LENGTH * BITS_PER_CHARACTER // 4], 16), TAG_LENGTH)


def share_sha256(key_id_: str, label: str, share: bytes) -> str:
    """Return the published hash of a card's share: 128 uniformly random bits need no salt."""
    return sha256_hex(lines(f"{FORMAT}/share", key_id_, label, share.hex()))


def held_code(key_id_: str, label: str, share: bytes) -> str:
    """Return the 20 characters (领卡确认码) that prove possession of a card and reveal nothing of its share."""
    return encode_code(hashlib.sha256(lines(f"{FORMAT}/held", key_id_, label, share.hex())).digest())


def held_sha256(code: str) -> str:
    """Return what is stored of the 20 characters of a 领卡确认码."""
    return sha256_hex(code.encode())


def needed_range(supervisors: int) -> range:
    """Return the numbers of cards that may be needed: always more than half, so two separate groups never both open."""
    if not 2 <= supervisors <= MOST_SUPERVISORS:
        return range(0)
    return range(max(2, supervisors // 2 + 1), supervisors + 1)


def supervisors_record(
    round_key: str, public_key: str, shares: Sequence[tuple[str, bytes]], *, needed: int, made: str
) -> bytes:
    """Return the record `box-key.json` of a key on cards, given (label, share) in the order S1 … Sn, P, Q."""
    id_ = key_id(round_key, public_key)
    cards = [
        {
            "card": label,
            "share_sha256": share_sha256(id_, label, share),
            "held_sha256": held_sha256(held_code(id_, label, share)),
        }
        for label, share in shares
    ]
    holders = {"mode": "supervisors", "made": made, "needed": needed, "supervisors": len(cards) - 2, "cards": cards}
    return _record(round_key, public_key, holders)


def server_record(round_key: str, public_key: str) -> bytes:
    """Return the record of a key that the server keeps: nobody holds a card."""
    holders = {"mode": "server", "made": "server", "needed": 0, "supervisors": 0, "cards": []}
    return _record(round_key, public_key, holders)


def _record(round_key: str, public_key: str, holders: Mapping[str, object]) -> bytes:
    key = {
        "format": FORMAT,
        "round": round_key,
        "public_key": public_key,
        "key_id": key_id(round_key, public_key),
    }
    return canonical_json({**key, **holders})
