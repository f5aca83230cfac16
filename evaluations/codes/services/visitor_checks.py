"""Checks at the public counter (领票校验), one class behind one interface; settings.OPEN_CHECK names the class.

A district with an SMS gateway or a captcha service adds a class of its own: `ask()` returns what the page shows and
a signed token, `passed()` judges the answer. The local default needs no network, no picture, no sound.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core import signing
from django.utils.module_loading import import_string

NUMBERS = "零一二三四五六七八九"
GOOD_FOR = 30 * 60


@dataclass(frozen=True)
class Question:
    """What the citizen is asked, and the token that comes back with the answer."""

    text: str
    token: str


class OpenCheck(Protocol):
    """领票校验."""

    def ask(self) -> Question:
        """Return a new question."""
        ...

    def passed(self, token: str, answer: str) -> bool:
        """Say whether the answer belongs to the token's question."""
        ...


class PlainQuestion:
    """A sum in words: it slows a script down and keeps nobody out; read aloud like any text."""

    _signer = signing.TimestampSigner(salt="evaluations.open_checks")

    def ask(self) -> Question:
        """Ask for a sum of two small numbers."""
        first, second = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
        token = self._signer.sign_object([first + second, secrets.token_hex(8)])
        return Question(f"{NUMBERS[first]}加{NUMBERS[second]}等于几？", token)

    def passed(self, token: str, answer: str) -> bool:
        """Accept the sum in any digits for half an hour."""
        try:
            wanted, _ = self._signer.unsign_object(token, max_age=GOOD_FOR)
        except (signing.BadSignature, ValueError, TypeError, UnicodeError):
            return False
        return unicodedata.normalize("NFKC", answer).strip() == str(wanted)


def open_check() -> OpenCheck:
    """Return the configured check."""
    check: OpenCheck = import_string(settings.OPEN_CHECK)()
    return check
