"""Age identities derived from FIELD_KEY, so that there is one secret and the `age` command can open backups.

identity = HKDF-SHA256(the 32 bytes of the key, no salt, info = LABEL), in Bech32 (BIP 173) as age writes identities.
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

LABEL = b"nanchuan_eval/age-identity/v1"
PREFIX, SECRET_BYTES = "age-secret-key-", 32
ALPHABET, GENERATOR = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def field_identities() -> list[str]:
    """Return the age identity of every key in FIELD_KEY, the newest first."""
    return [age_identity(key) for key in settings.FIELD_KEY]


@cache
def age_identity(key: str) -> str:
    """Derive the age identity (AGE-SECRET-KEY-1…) of one key of FIELD_KEY."""
    secret = HKDF(SHA256(), SECRET_BYTES, salt=None, info=LABEL).derive(urlsafe_b64decode(key))
    return _bech32(PREFIX, secret).upper()


def _bech32(prefix: str, content: bytes) -> str:
    padding = -len(content) * 8 % 5
    words = _words(int.from_bytes(content) << padding, (len(content) * 8 + padding) // 5)
    expanded = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    checksum = _words(_polymod([*expanded, *words, *[0] * 6]) ^ 1, 6)
    return f"{prefix}1{''.join(ALPHABET[word] for word in words + checksum)}"


def _words(number: int, count: int) -> list[int]:
    return [number >> 5 * place & 31 for place in reversed(range(count))]


def _polymod(words: Iterable[int]) -> int:
    value = 1
    for word in words:
        top, value = value >> 25, (value & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(GENERATOR):
            value ^= generator if top >> bit & 1 else 0
    return value
