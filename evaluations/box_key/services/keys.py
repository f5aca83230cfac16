"""The box key's cryptography: from seed to key pair, the seed in shares, sealing and opening (box-key.md 3, 4, 5).

Nothing here is stored. The randomness of a sealed row is libsodium's; a seeded one would join ciphertext and ballot.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.views.decorators.debug import sensitive_variables
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from evaluations.protocol.box import FORMAT, key_id, lines, needed_range, supervisors_record
from evaluations.protocol.box_cards import SHARE_BYTES, Card, exclusive_or
from evaluations.protocol.box_rows import RowRefused
from nanchuan_eval.core.errors import RuleViolation

VERSION = b"\x01"
SEED_BYTES = 16
CHOICES_AT_ONCE = 100

Share = tuple[int, bytes]  # x, f(x)
Progress = Callable[[int, int], None]  # choices combined, of how many


@dataclass(frozen=True)
class NewKey:
    """A key just made: its public record, and the cards, which exist nowhere else."""

    key_id: str
    record: bytes
    cards: Sequence[Card] = field(repr=False)


@sensitive_variables()
def new_key(round_key: str, *, needed: int, supervisors: int, made: str, progress: Progress | None = None) -> NewKey:
    """Make a key on cards; its seed is forgotten here."""
    seed = new_seed()
    cards = split_seed(seed, needed=needed, supervisors=supervisors, progress=progress)
    public = private_key(seed, round_key).public_key.encode().hex()
    shares = [(card.label, card.share) for card in cards]
    record = supervisors_record(round_key, public, shares, needed=needed, made=made)
    return NewKey(key_id(round_key, public), record, cards)


def new_seed() -> bytes:
    """Return the random bytes from which a key is made."""
    return secrets.token_bytes(SEED_BYTES)


@sensitive_variables()
def private_key(seed: bytes, round_key: str) -> PrivateKey:
    """Return the key pair that a seed gives in one round."""
    derived = HKDF(SHA256(), 32, salt=None, info=lines(f"{FORMAT}/seed", round_key)).derive(seed)
    return PrivateKey(derived)


def public_key(text: str) -> PublicKey:
    """Return a public key from its hex; refuses a point to which nothing can be sealed."""
    try:
        key = PublicKey(bytes.fromhex(text))
        SealedBox(key).encrypt(b"")
    except (ValueError, TypeError, CryptoError):
        raise RuleViolation("票箱公钥无效，请重新生成票箱密钥。") from None
    if key.encode().hex() != text:
        raise RuleViolation("票箱公钥应为64位小写十六进制字符，请重新生成票箱密钥。")
    return key


@sensitive_variables()
def split_seed(seed: bytes, *, needed: int, supervisors: int, progress: Progress | None = None) -> list[Card]:
    """Return the cards S1 … Sn, P, Q of a seed, after the shares have been combined again (see `_choices`)."""
    if needed not in needed_range(supervisors):
        raise RuleViolation(f"{supervisors}名监督员不能采用{needed}张卡开箱，请修改评议方案。")
    shares = Shamir.split(needed, supervisors + 1, seed)
    choices = _choices(shares, needed, is_patient=progress is not None)
    for done, chosen in enumerate(choices, start=1):
        if combine_shares(chosen) != seed:
            raise RuntimeError("shares do not combine to the seed")
        if progress:
            progress(done, len(choices))
    *held, (number, recovery) = shares
    half = secrets.token_bytes(SHARE_BYTES)
    halves = [Card("P", number, half), Card("Q", number, exclusive_or(recovery, half))]
    return [Card("S", x, share) for x, share in held] + halves


def _choices(shares: Sequence[Share], needed: int, *, is_patient: bool) -> list[Sequence[Share]]:
    """Return the choices of shares to combine again: every one, or, in a request, so few that it is not held up.

    With 15 supervisors there are 12,870 choices, minutes of arithmetic. Runs of neighbours suffice: two that follow
    each other have the seed and needed - 1 shares in common, so one polynomial; hence all shares lie on the same one,
    and any choice gives its value at 0. Combining every choice only tests the library's arithmetic again.
    """
    if is_patient or comb(len(shares), needed) <= CHOICES_AT_ONCE:
        return list(combinations(shares, needed))
    return [shares[at : at + needed] for at in range(len(shares) - needed + 1)]


@sensitive_variables()
def combine_shares(points: Sequence[tuple[int, bytes]]) -> bytes:
    """Return the seed of exactly as many points as are needed; other points give another 16 bytes, not an error."""
    return Shamir.combine(list(points))


def seal(frame: bytes, key: PublicKey) -> bytes:
    """Return the sealed row: the version byte and a libsodium sealed box."""
    return VERSION + SealedBox(key).encrypt(frame)


def open_sealed(sealed: bytes, key: PrivateKey) -> bytes:
    """Return the frame of a sealed row."""
    if sealed[:1] != VERSION:
        raise RowRefused("undecryptable")
    try:
        return SealedBox(key).decrypt(sealed[1:])
    except (CryptoError, ValueError, TypeError):
        raise RowRefused("undecryptable") from None
