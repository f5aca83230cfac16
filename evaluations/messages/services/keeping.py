"""The text of a sent message, kept until a receipt says what became of it, under a key that the system does not have.

The key is made of the number under which the gateway has the message. The row keeps that number's digest only, so the
text opens with the receipt alone: not for the office, not with the database and FIELD_KEY.
"""

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.views.decorators.debug import sensitive_variables

KEY, LOOK_UP = b"nanchuan/messages/kept/key", b"nanchuan/messages/kept/number"
NONCE, NUMBER_BYTES = 12, 16


def new_number() -> str:
    """Return a fresh number for the gateway: 128 random bits, so that nobody can try them out."""
    return secrets.token_hex(NUMBER_BYTES)


@sensitive_variables()
def digest_of(number: str) -> str:
    """Return what the row keeps of a number, to find the message of a receipt."""
    return hashlib.sha256(LOOK_UP + number.encode()).hexdigest() if number else ""


@sensitive_variables()
def locked(content: str, numbers: Iterable[str]) -> str:
    """Return a text that each of these numbers opens, and nothing else does."""
    return json.dumps([_sealed(content, number) for number in numbers if number])


@sensitive_variables()
def opened(kept: str | None, number: str) -> str | None:
    """Return the text that a number opens; None if there is none, or another number is needed."""
    for part in json.loads(kept) if kept else ():
        sealed = b64decode(part)
        try:
            return AESGCM(_key(number)).decrypt(sealed[:NONCE], sealed[NONCE:], None).decode()
        except InvalidTag:
            continue
    return None


@sensitive_variables()
def _sealed(content: str, number: str) -> str:
    nonce = secrets.token_bytes(NONCE)
    return b64encode(nonce + AESGCM(_key(number)).encrypt(nonce, content.encode(), None)).decode()


@sensitive_variables()
def _key(number: str) -> bytes:
    return hashlib.sha256(KEY + number.encode()).digest()
