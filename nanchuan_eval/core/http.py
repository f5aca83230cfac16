"""Requests: untrusted identifiers, refusals before any view, the client's address."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

# Other programs, which send no forms and read no pages; their views say what they take.
MACHINES = "/api/"
LONGEST_ID = 18  # digits that fit into every database's identifier


def parse_id(text: str) -> int:
    """Return the primary key that a request names; 0, which no row has, if it is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0


def is_unstorable(text: str) -> bool:
    """True if a database may reject the text: NUL, or the character Django puts for undecodable bytes."""
    return "\x00" in text or "\ufffd" in text


def refusal(request: HttpRequest, status: int, reason: str) -> HttpResponse:
    """Answer with the page of the status; programs are told the reason as their views tell it."""
    if request.path.startswith(MACHINES):
        return JsonResponse({"errors": [reason]}, status=status, json_dumps_params={"ensure_ascii": False})
    return render(request, f"{status}.html", status=status)


def client_address(request: HttpRequest) -> str:
    """Return the address from which the request came: the last hop that is not one of TRUSTED_PROXIES."""
    trusted = set(settings.TRUSTED_PROXIES)
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    address = str(request.META.get("REMOTE_ADDR", ""))
    while address in trusted and hops:
        address = _plain(hops.pop()) or address
        if address in trusted and not hops:
            break
    return _plain(address)


def is_from_allowed_network(request: HttpRequest) -> bool:
    """True if the request comes from ADMIN_ALLOWED_NETWORKS, or if there is no such limit."""
    networks = settings.ADMIN_ALLOWED_NETWORKS
    address = client_address(request)
    return not networks or (bool(address) and any(ip_address(address) in network for network in networks))


def _plain(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
