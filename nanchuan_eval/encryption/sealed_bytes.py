"""Bytes and files encrypted at rest, in the age format (age-encryption.org/v1) by `pyrage`.

Uploads and backups are encrypted to the newest key of FIELD_KEY. Evidence has an identity of its own per file
(`new_identity`), kept in its row as an encrypted field: rotating FIELD_KEY rewrites rows but no
large files, and destroying a row makes every copy of its file unreadable. The recipient of an identity is never
stored: only the holder of the identity can encrypt to it.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import BinaryIO

import pyrage
from pyrage.x25519 import Identity

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.encryption import legacy
from nanchuan_eval.encryption.identities import field_identities

HEADER = b"age-encryption.org/v1\n"
CHUNK = 1024 * 1024


class Tampered(RuleViolation):
    """An encrypted file was altered or replaced."""


def new_identity() -> str:
    """Return a fresh age identity for one file, as text for an encrypted field."""
    return str(Identity.generate())


def is_identity(key: str) -> bool:
    """True if a file's key is an age identity, not a key of the old format."""
    return key.startswith("AGE-SECRET-KEY-1")


def encrypt_bytes(content: bytes) -> bytes:
    """Return the content encrypted to the newest key."""
    return bytes(pyrage.encrypt(content, [_recipient(field_identities()[0])]))


def decrypt_bytes(encrypted: bytes) -> bytes:
    """Decrypt bytes with any key; raises ValueError if they were altered or no key fits."""
    try:
        if legacy.is_legacy(encrypted):
            return legacy.decrypt_bytes(encrypted)
        return _decrypt(encrypted, field_identities())
    except pyrage.DecryptError:
        raise ValueError("FIELD_KEY does not open these bytes; is an old key missing?") from None


def is_encrypted(content: bytes) -> bool:
    """True if the content is encrypted, in the present format or the old one."""
    return content.startswith(HEADER) or legacy.is_legacy(content)


def is_under_newest_key(encrypted: bytes) -> bool:
    """True if the bytes are in the present format and open with the newest key alone."""
    try:
        _decrypt(encrypted, field_identities()[:1])
    except pyrage.DecryptError:
        return False
    return True


def encrypt_stream(source: BinaryIO, target: BinaryIO, identity: str) -> str:
    """Encrypt a file to the owner of an identity; returns the SHA-256 of the plain bytes."""
    plain = _Hashed(source)
    pyrage.encrypt_io(plain, target, [_recipient(identity)])
    return plain.digest.hexdigest()


def decrypt_stream(source: BinaryIO, target: BinaryIO, identities: Sequence[str]) -> str:
    """Decrypt a file with whichever identity fits; returns the SHA-256 of the plain bytes."""
    plain, start = _Hashed(target), source.read(len(HEADER))
    source.seek(0)
    if start != HEADER and not legacy.is_legacy(start):
        raise Tampered("文件不是加密保存的格式，可能被调换，请告知系统管理员。")
    try:
        if start == HEADER:
            pyrage.decrypt_io(source, plain, [Identity.from_str(identity) for identity in identities])
        else:
            legacy.decrypt_stream(source, plain, identities[0])  # type: ignore[arg-type]
    except (pyrage.DecryptError, pyrage.IdentityError, OSError) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # an error of the disk or the pipe, not of the content
        raise Tampered("文件已损坏或被调换，与保存时不符，请告知系统管理员。") from None
    return plain.digest.hexdigest()


@contextmanager
def decrypted(source: BinaryIO, identities: Sequence[str]) -> Iterator[BinaryIO]:
    """Open an encrypted file for sequential reading; `Tampered` is raised on exit at the latest."""
    with piped(lambda sink: decrypt_stream(source, sink, identities)) as plain:
        yield plain


@contextmanager
def piped(write: Callable[[BinaryIO], object]) -> Iterator[BinaryIO]:
    """Open a pipe on what a function writes in its own thread, so that no plain text is stored on disk."""
    reading, writing = os.pipe()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(writing, "wb") as sink:
                write(sink)
        except BrokenPipeError:
            pass  # the reader left early
        except BaseException as fault:
            faults.append(fault)

    thread = Thread(target=run)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            yield source
            while source.read(CHUNK):
                pass
    finally:
        thread.join()
        if faults:
            raise faults[0]


class _Hashed:
    """File wrapper that hashes everything read or written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        self.digest.update(chunk)
        return chunk

    def write(self, chunk: bytes) -> int:
        self.digest.update(chunk)
        return self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()


def _decrypt(encrypted: bytes, identities: Sequence[str]) -> bytes:
    return bytes(pyrage.decrypt(encrypted, [Identity.from_str(identity) for identity in identities]))


def _recipient(identity: str) -> object:
    return Identity.from_str(identity).to_public()
