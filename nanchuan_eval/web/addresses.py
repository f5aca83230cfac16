"""Whom we talk to: only a proxy of ours is believed when it names somebody else."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address from which the request came: the last hop that is no proxy of ours."""
    trusted = set(settings.TRUSTED_PROXIES)
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    address = str(request.META.get("REMOTE_ADDR", ""))
    while address in trusted and hops:
        address = _plain(hops.pop()) or address
        if address in trusted and not hops:
            break
    return _plain(address)


def is_inside(request: HttpRequest) -> bool:
    """Say whether the request comes from where the desk is worked at (ADMIN_ALLOWED_NETWORKS)."""
    networks = settings.ADMIN_ALLOWED_NETWORKS
    address = client_address(request)
    return not networks or (bool(address) and any(ip_address(address) in network for network in networks))


def _plain(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
