"""Anonymous counts of claimed codes and of other posts: cached for an hour under a keyed hash of the network.

Nothing reaches the database or a log. A device's count is in a signed cookie on the device.
"""

import hmac
from dataclasses import replace

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from evaluations.codes.rules.open_channel import Visitor, network_of
from evaluations.codes.services.visitor_checks import open_check
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.http import client_address

HOUR = 3600
COOKIE = "taken"
COOKIE_DAYS = 60


def visitor_of(request: HttpRequest, round_key: str) -> Visitor:
    """Return the counts for whoever sends this request, and whether they passed the check."""
    token, answer = request.POST.get("check", ""), request.POST.get("answer", "")
    counts = Visitor(
        by_device=taken_by(request, round_key),
        by_network=cache.get(_network_key(request, round_key), 0),
        by_all=cache.get(_all_key(round_key), 0),
    )
    return replace(counts, passed_check=bool(token) and open_check().passed(token, answer))


def count_visit(request: HttpRequest, response: HttpResponse, round_key: str, *, taken: int) -> None:
    """Count a claimed code: for the network and the channel in this hour, for the device in its cookie."""
    for key in (_network_key(request, round_key), _all_key(round_key)):
        cache.add(key, 0, HOUR)
        cache.incr(key)
    response.set_signed_cookie(
        COOKIE,
        f"{round_key}:{taken}",
        salt=COOKIE,
        max_age=COOKIE_DAYS * 24 * HOUR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def take_turn(request: HttpRequest, what: str, most: int) -> bool:
    """Count one post of the network in this hour; False, and not counted, if `most` were accepted already."""
    key = _network_key(request, what)
    cache.add(key, 0, HOUR)
    if cache.incr(key) <= most:
        return True
    cache.decr(key)
    return False


def give_turn_back(request: HttpRequest, what: str) -> None:
    """Uncount a post that was refused: others of the network need not wait for somebody's mistakes."""
    key = _network_key(request, what)
    if cache.get(key, 0) > 0:
        cache.decr(key)


def taken_by(request: HttpRequest, round_key: str) -> int:
    """Return how many codes of the round this device has claimed."""
    text = str(request.get_signed_cookie(COOKIE, default="", salt=COOKIE))
    key, _, count = text.partition(":")
    return int(count) if key == round_key and count.isdigit() else 0


def _network_key(request: HttpRequest, what: str) -> str:
    network = network_of(client_address(request))
    text = f"{what}|{_hour()}|{network}"
    return "open-" + hmac.new(settings.SECRET_KEY.encode(), text.encode(), "sha256").hexdigest()


def _all_key(round_key: str) -> str:
    return f"open-all-{round_key}-{_hour()}"


def _hour() -> str:
    return f"{clock.now():%Y%m%d%H}"
