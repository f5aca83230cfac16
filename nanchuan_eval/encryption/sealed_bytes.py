"""Sealing bytes at rest: what nobody shall read out of the database, a disk or a backup without FIELD_KEY.

Small things (`seal`) lie under FIELD_KEY itself. A file has a key of its own (`new_key`), kept in its row as an
encrypted field: a new FIELD_KEY rewrites rows and no film, and a destroyed row makes every copy of its file unreadable.

A sealed file: MAGIC, 7 random bytes, then chunks of 1 MiB, each AES-256-GCM under the nonce
`random bytes | number of the chunk | is it the last` (the STREAM construction), so that memory stays bounded and a cut,
a swapped chunk and a swapped file are found.
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption.fields import cipher

MAGIC = b"NCV1"
CHUNK = 1024 * 1024
KEY_BYTES, PREFIX_BYTES, TAG_BYTES = 32, 7, 16


class Tampered(RuleViolation):
    """A sealed file is not what was sealed."""


def seal(content: bytes) -> bytes:
    """Return the content encrypted under the newest key."""
    return cipher().encrypt(content)


def unseal(sealed: bytes) -> bytes:
    """Return the content again; altered bytes are a fault."""
    return cipher().decrypt(sealed)


def new_key() -> str:
    """Return a fresh key for one file, as text for an encrypted field."""
    return urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def seal_stream(source: BinaryIO, target: BinaryIO, key: str) -> str:
    """Encrypt a stream into another, chunk by chunk; returns the SHA-256 of what went in."""
    prefix, digest, number = secrets.token_bytes(PREFIX_BYTES), hashlib.sha256(), 0
    target.write(MAGIC + prefix)
    chunk = source.read(CHUNK)
    while True:
        following = source.read(CHUNK)
        digest.update(chunk)
        target.write(_aead(key).encrypt(_nonce(prefix, number, is_last=not following), chunk, None))
        if not following:
            return digest.hexdigest()
        chunk, number = following, number + 1


def unseal_stream(source: BinaryIO, key: str) -> Iterator[bytes]:
    """Yield the plain chunks of a sealed stream; `Tampered` at the first one that is not what was sealed."""
    if source.read(len(MAGIC)) != MAGIC:
        raise Tampered("文件不是加密保存的格式，可能被调换，请告知系统管理员。")
    prefix, number = source.read(PREFIX_BYTES), 0
    chunk = source.read(CHUNK + TAG_BYTES)
    while True:
        following = source.read(CHUNK + TAG_BYTES)
        try:
            yield _aead(key).decrypt(_nonce(prefix, number, is_last=not following), chunk, None)
        except (InvalidTag, ValueError):
            raise Tampered("文件已损坏或被调换，与保存时不符，请告知系统管理员。") from None
        if not following:
            return
        chunk, number = following, number + 1


def _nonce(prefix: bytes, number: int, *, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _aead(key: str) -> AESGCM:
    return AESGCM(urlsafe_b64decode(key))
