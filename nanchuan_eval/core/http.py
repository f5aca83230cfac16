"""Requests and responses: untrusted identifiers, the client's address, file downloads."""

from collections.abc import Iterable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

LONGEST_ID = 18  # digits that fit into every database's identifier
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def parse_id(text: str) -> int:
    """Return the primary key that a request names; 0, which no row has, if it is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0


def is_unstorable(text: str) -> bool:
    """True if a database may reject the text: NUL, or the character Django puts for undecodable bytes."""
    return "\x00" in text or "\ufffd" in text


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


def pdf(content: bytes, name: str) -> HttpResponse:
    """Return a PDF as a download."""
    return _attachment(content, name, "application/pdf")


def workbook(content: bytes, name: str) -> HttpResponse:
    """Return a workbook as a download."""
    return _attachment(content, name, XLSX)


def stored_file(
    content: Iterable[bytes], name: str, content_type: str, *, inline: bool, size: int | None = None
) -> StreamingHttpResponse:
    """Stream a stored file, with headers that keep browsers from running, framing, caching or sniffing it."""
    response = StreamingHttpResponse(content, content_type=content_type)
    if size is not None:
        response["Content-Length"] = str(size)
    response["Content-Disposition"] = content_disposition_header(not inline, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def _attachment(content: bytes, name: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _plain(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
