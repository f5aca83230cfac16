"""Handing out files: always as files of ours, never as something a browser would run."""

from collections.abc import Iterable

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pdf(content: bytes, name: str) -> HttpResponse:
    """Answer with a PDF to keep."""
    return _attachment(content, name, "application/pdf")


def workbook(content: bytes, name: str) -> HttpResponse:
    """Answer with a workbook to keep."""
    return _attachment(content, name, XLSX)


def stored_file(
    content: Iterable[bytes], name: str, content_type: str, *, inline: bool, size: int | None = None
) -> StreamingHttpResponse:
    """Answer with a stored file, chunk by chunk; nothing in it is run, framed, cached or guessed at."""
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
