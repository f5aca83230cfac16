"""What a device keeps of its own claims, in a signed cookie that is sent to the claim page only.

The cookie holds a secret and how many codes were claimed with it. A code is derived from the secret and its number, so
the page shows it again, and two claims sent at once give one code. The server stores neither: nothing there leads
from a code to a device.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from evaluations.protocol.codes import encode_code
from nanchuan_eval.core.http import parse_id

SALT = "evaluations.codes.devices"


@dataclass(frozen=True)
class Device:
    """A device's claims in one round."""

    round_key: str
    secret: str
    number: int = 0

    @classmethod
    def new(cls, round_key: str) -> Self:
        """A device that has claimed nothing yet."""
        return cls(round_key, secrets.token_hex(16))

    @property
    def code(self) -> str:
        """The code claimed last, or an empty text."""
        return self._derived(self.number) if self.number else ""

    @property
    def next_code(self) -> str:
        """The code that the next claim gives."""
        return self._derived(self.number + 1)

    def after_claim(self) -> Self:
        """Return the device with one more claim."""
        return replace(self, number=self.number + 1)

    def _derived(self, number: int) -> str:
        text = f"{self.round_key}/{self.secret}/{number}"
        return encode_code(salted_hmac(SALT, text, algorithm="sha256").digest())


def device_of(request: HttpRequest, round_key: str) -> Device | None:
    """Return the claims of the device that sends this request, or None if it keeps no cookie of this round."""
    text = str(request.get_signed_cookie(_name(request), default="", salt=SALT))
    key, _, rest = text.partition(":")
    secret, _, number = rest.partition(":")
    return Device(key, secret, parse_id(number)) if key == round_key and secret else None


def keep_device(request: HttpRequest, response: HttpResponse, device: Device, *, at: datetime, until: datetime) -> None:
    """Store the device's claims on the device until the vote ends, for the address of this request only."""
    response.set_signed_cookie(
        _name(request),
        f"{device.round_key}:{device.secret}:{device.number}",
        salt=SALT,
        max_age=max(0, int((until - at).total_seconds())),
        path=request.path,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure(),
    )


def _name(request: HttpRequest) -> str:
    # Browsers accept a name with this prefix from HTTPS only, so no plain-text answer can plant the cookie.
    return "__Secure-claim" if request.is_secure() else "claim"
