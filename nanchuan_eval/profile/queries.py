"""The profile in force, known to each process for a minute at most, and what a template needs of it."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.profile.rules.profile import Profile, from_json

# Another process or machine shows an approved change after so many seconds; what is frozen is read from the database.
KNOWN_FOR = 60


class Known(NamedTuple):
    """The newest approved content, as this process has read it, and until when (monotonic clock) it is believed."""

    content: dict[str, Any] | None
    until: float


_known: Known | None = None


def installed_profile() -> Profile:
    """Return what holds before the first version is approved: the default, or what the settings name instead."""
    return from_json(settings.PROFILE)


def newest_profile() -> Profile:
    """Return the profile in force, read from the database (one query): for whatever is frozen or decided by it."""
    return _profile(_newest())


def current_profile() -> Profile:
    """Return the profile in force for pages, papers and messages (a query a minute)."""
    global _known  # noqa: PLW0603  the memory of this process
    known = _known
    if known is None or known.until < time.monotonic():
        known = _known = Known(_newest(), time.monotonic() + KNOWN_FOR)
    return _profile(known.content)


def known_profile() -> Profile | None:
    """Return the profile as this process knows it, without the database; None if it has not been read."""
    return _profile(_known.content) if _known else None


def forget_profile() -> None:
    """Read again at the next use: after an approval."""
    global _known  # noqa: PLW0603
    _known = None


def assume_profile(content: dict[str, Any] | None) -> None:
    """Take this for what the database holds, without end: for tests that count queries."""
    global _known  # noqa: PLW0603
    _known = Known(content, float("inf"))


def add_profile(request: HttpRequest) -> dict[str, object]:
    """Context processor: `profile` for every template, read when a template uses it."""
    return {"profile": SimpleLazyObject(current_profile)}


def logo_faults() -> Iterator[str]:
    """Yield the pictures whose bytes are no longer those of their digest."""
    for digest, png in Logo.objects.values_list("sha256", "png"):
        if sha256_hex(bytes(png)) != digest:
            yield f"徽标（校验值{digest[:16]}…）的图片被改动过。"


def _newest() -> dict[str, Any] | None:
    found: dict[str, Any] | None = ProfileVersion.objects.values_list("content", flat=True).first()
    return found


def _profile(content: dict[str, Any] | None) -> Profile:
    return from_json(content, installed_profile()) if content else installed_profile()
