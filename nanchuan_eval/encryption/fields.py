"""Encrypted model fields for personal and secret data, under a key outside the database (FIELD_KEY).

`FIELD_KEY` may hold several keys, the newest first: values under old keys stay readable during a rotation.
"""

import hashlib
import hmac
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def encrypt(text: str) -> str:
    """Encrypt a text under the newest key; equal texts give different tokens."""
    return cipher().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Decrypt a text with any key; raises ValueError if none fits."""
    try:
        return cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ValueError("FIELD_KEY does not open this value; is an old key missing?") from None


def keyed_hash(text: str) -> str:
    """Return the keyed hash for looking a text up: equal for equal texts, useless without the (oldest) key."""
    return hmac.digest(_look_up_key(settings.FIELD_KEY[-1]), text.encode(), "sha256").hex()


def mask_phone(phone: str) -> str:
    """Return the phone number masked, as lists show it."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****" if phone else ""


class EncryptedField(models.TextField[Any, Any]):
    """Text field that is stored encrypted.

    `looked_up_by` = the field with the keyed hash, which changes when the oldest key is removed (`rotate_keys`).
    """

    def __init__(self, *args: Any, looked_up_by: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.looked_up_by = looked_up_by

    def deconstruct(self) -> Any:
        """Appear in migrations as a TextField, so that they do not import this class."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(str(value)) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull` only: encrypted texts cannot be compared; look up by `keyed_hash`."""
        return super().get_lookup(lookup_name) if lookup_name in {"isnull"} else None


def is_newest(stored: str) -> bool:
    """True if the newest key alone decrypts the stored value."""
    try:
        Fernet(settings.FIELD_KEY[0]).decrypt(stored)
    except InvalidToken:
        return False
    return True


def cipher() -> MultiFernet:
    """Return the cipher that encrypts with the newest key and decrypts with any."""
    return _cipher(tuple(settings.FIELD_KEY))


@cache
def _look_up_key(key: str) -> bytes:
    return hashlib.sha256(b"look-up/" + key.encode()).digest()


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
