"""Responses with files, sent so that browsers never run them."""

from collections.abc import Iterable
from pathlib import PurePath

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

CONTENT_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".json": "application/json",
    ".jsonl": "application/jsonl; charset=utf-8",
    ".pdf": "application/pdf",
    ".tsv": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def download(content: bytes | str, name: str, *, inline: bool = False) -> HttpResponse:
    """Return a file; its content type follows from the name."""
    return HttpResponse(content, content_type=CONTENT_TYPES[PurePath(name).suffix], headers=_headers(name, inline))


def streamed_download(content: Iterable[bytes] | Iterable[str], name: str) -> FileResponse:
    """Stream a file; its content type follows from the name."""
    return FileResponse(content, content_type=CONTENT_TYPES[PurePath(name).suffix], headers=_headers(name))


def stored_file(
    content: Iterable[bytes], name: str, content_type: str, *, inline: bool, size: int | None = None
) -> StreamingHttpResponse:
    """Stream a stored file, with headers that keep browsers from running, framing, caching or sniffing it."""
    response = StreamingHttpResponse(content, content_type=content_type, headers=_headers(name, inline))
    if size is not None:
        response["Content-Length"] = str(size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def _headers(name: str, inline: bool = False) -> dict[str, str]:
    return {"Content-Disposition": content_disposition_header(not inline, name) or "attachment"}
