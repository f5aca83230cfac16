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
from django.core.cache import cache
from django.utils.crypto import salted_hmac
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
        """Return a new question; its token must not reveal the answer."""
        ...

    def passed(self, token: str, answer: str) -> bool:
        """True if the answer is right for the token's question; a token is good for one answer, right or wrong."""
        ...


class PlainQuestion:
    """A sum in words: slows scripts down, excludes nobody, works with screen readers.

    The token holds a random number, from which the secret key derives the question.
    """

    _signer = signing.TimestampSigner(salt="evaluations.open_checks")

    def ask(self) -> Question:
        """Ask for a sum of two small numbers."""
        number = secrets.token_hex(16)
        first, second = _summands(number)
        return Question(f"{NUMBERS[first]}加{NUMBERS[second]}等于几？", self._signer.sign(number))

    def passed(self, token: str, answer: str) -> bool:
        """Accept the sum in any digits, once and within half an hour."""
        try:
            number = self._signer.unsign(token, max_age=GOOD_FOR)
        except (signing.BadSignature, ValueError, UnicodeError):
            return False
        is_right = unicodedata.normalize("NFKC", answer).strip() == str(sum(_summands(number)))
        return _is_first_answer(number) and is_right


def _summands(number: str) -> tuple[int, int]:
    """Return two numbers from 1 to 9 that only the server can derive."""
    digest = salted_hmac("evaluations.open_checks.sum", number, algorithm="sha256").digest()
    return digest[0] % 9 + 1, digest[1] % 9 + 1


def _is_first_answer(number: str) -> bool:
    """Mark the question as answered; an unreachable cache counts as an empty one."""
    key = f"open-answered-{number}"
    cache.add(key, 0, GOOD_FOR)
    return cache.incr(key) <= 1


def open_check() -> OpenCheck:
    """Return the configured check."""
    check: OpenCheck = import_string(settings.OPEN_CHECK)()
    return check
