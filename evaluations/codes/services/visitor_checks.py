"""Checks before a code is claimed (领票校验): one interface, implemented by the class in settings.OPEN_CHECK.

A district with an SMS gateway or a captcha service adds its own class: `ask()` returns the question and a signed
token, `passed()` checks the answer. The default needs no network, image or sound.
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
    """The question shown, and the token that is submitted with the answer."""

    text: str
    token: str


class OpenCheck(Protocol):
    """Interface of a check that a visitor must pass to take a code."""

    def ask(self) -> Question:
        """Return a new question."""
        ...

    def passed(self, token: str, answer: str) -> bool:
        """True if the answer is right for the token's question."""
        ...


class PlainQuestion:
    """A sum in words: slows scripts down, excludes nobody, works with screen readers."""

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
