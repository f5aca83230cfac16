"""Sealing bytes at rest: files that nobody shall read out of the database, a disk or a backup without FIELD_KEY."""

from nanchuan_eval.encryption import cipher


def seal(content: bytes) -> bytes:
    """Return the content encrypted under the newest key."""
    return cipher().encrypt(content)


def unseal(sealed: bytes) -> bytes:
    """Return the content again; altered bytes are a fault."""
    return cipher().decrypt(sealed)
