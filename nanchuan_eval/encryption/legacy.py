"""Reading the file format used before age; `rotate_keys` converts uploads and evidence, old backups remain.

A file: MAGIC, 7 random bytes, chunks of 1 MiB in AES-256-GCM under the nonce `random bytes | chunk number | is last`.
A backup: the file's key as a Fernet token under FIELD_KEY, a line feed, then such a file. An upload: a Fernet token.
"""

from base64 import urlsafe_b64decode
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyrage import DecryptError

from nanchuan_eval.encryption.fields import cipher

MAGIC, TOKEN = b"NCV1", b"gAAAA"
SEALED_CHUNK, PREFIX_BYTES = 1024 * 1024 + 16, 7


def is_legacy(start: bytes) -> bool:
    """True if a file or value starts like one of the old formats."""
    return start.startswith((MAGIC, TOKEN))


def decrypt_bytes(token: bytes) -> bytes:
    """Decrypt an upload or the key of a backup."""
    try:
        return cipher().decrypt(token)
    except InvalidToken:
        raise DecryptError("no key of FIELD_KEY opens the token") from None


def decrypt_stream(source: BinaryIO, target: BinaryIO, key: str) -> None:
    """Decrypt a file under its key, or a backup under the key in its first line."""
    start = source.read(len(MAGIC))
    if start != MAGIC:
        key = decrypt_bytes((start + source.readline()).rstrip(b"\n")).decode()
        source.read(len(MAGIC))
    prefix, number = source.read(PREFIX_BYTES), 0
    following = source.read(SEALED_CHUNK)
    while following or number == 0:
        chunk, following = following, source.read(SEALED_CHUNK)
        nonce = prefix + number.to_bytes(4, "big") + bytes([not following])
        target.write(_decrypt_chunk(key, nonce, chunk))
        number += 1


def _decrypt_chunk(key: str, nonce: bytes, chunk: bytes) -> bytes:
    try:
        return AESGCM(urlsafe_b64decode(key)).decrypt(nonce, chunk, None)
    except (InvalidTag, ValueError):
        raise DecryptError("a chunk was changed") from None
