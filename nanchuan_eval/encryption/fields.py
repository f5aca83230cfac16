"""Personal and secret fields at rest: encrypted under a key that is not in the database (FIELD_KEY).

`FIELD_KEY` may hold several keys, the newest first: old values stay readable while they are written anew.
"""

import hashlib
import hmac
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def encrypt(text: str) -> str:
    """Return the text under the newest key; equal texts do not look equal."""
    return cipher().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the text again; a value of a lost key is a fault."""
    try:
        return cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ValueError("FIELD_KEY does not open this value; is an old key missing?") from None


def keyed_hash(text: str) -> str:
    """Return what to look a text up by: equal for equal texts, of no use without the (oldest) key."""
    key = hashlib.sha256(b"look-up/" + settings.FIELD_KEY[-1].encode()).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def mask_phone(phone: str) -> str:
    """Return a phone number as lists show it."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****" if phone else ""


class EncryptedField(models.TextField[Any, Any]):
    """A text that the database, its dumps and its file hold encrypted only.

    `looked_up_by` names the field with its keyed hash, which changes when the oldest key goes (`rotate_keys`).
    """

    def __init__(self, *args: Any, looked_up_by: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looked_up_by = looked_up_by

    def deconstruct(self) -> Any:
        """Describe the column to migrations as the plain text it is, so that no migration imports this class."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(str(value)) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow no search but for emptiness: what equal texts are, only `keyed_hash` tells."""
        return super().get_lookup(lookup_name) if lookup_name in {"isnull"} else None


def is_newest(stored: str) -> bool:
    """Say whether a stored value opens under the newest key alone."""
    try:
        Fernet(settings.FIELD_KEY[0]).decrypt(stored)
    except InvalidToken:
        return False
    return True


def cipher() -> MultiFernet:
    """Return what encrypts under the newest key and decrypts under any."""
    return _cipher(tuple(settings.FIELD_KEY))


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
