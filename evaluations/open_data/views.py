"""开放数据: the pages, and the files that programs read, from any site and without cookies."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, quote_etag
from django.views.decorators.http import require_safe

from evaluations.open_data import files, pages
from evaluations.open_data.queries import PublishedRound, published_round
from evaluations.open_data.rules.datasets import DATASETS
from evaluations.open_data.rules.schemas import SCHEMAS, schema_of
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.database.replica import from_replica

# How long a copy may be kept unasked, in seconds: of what changes, and of what only a correction replaces.
SOON, LATER = 300, 3600
JSON, SCHEMA, ATOM = "application/json", "application/schema+json", "application/atom+xml; charset=utf-8"
TITLES = {"manifest": "清单", "catalog": "轮次目录"}


@require_safe
@from_replica
def data(request: HttpRequest) -> HttpResponse:
    """开放数据: what there is, how it is fetched and checked, on which terms."""
    return render(request, "evaluations/open_data/data.html", {"page": pages.data_page()})


@require_safe
@from_replica
def round_data(request: HttpRequest, key: str) -> HttpResponse:
    """All files of one round with lengths and digests."""
    published = _published(key)
    return render(request, "evaluations/open_data/round.html", {"page": pages.round_page(published)})


@require_safe
@from_replica
def catalog(request: HttpRequest) -> HttpResponseBase:
    """The published rounds, for programs."""
    return _small(request, files.catalog(), JSON)


@require_safe
@from_replica
def manifest(request: HttpRequest, key: str) -> HttpResponseBase:
    """The files of one round, for programs."""
    return _small(request, files.manifest(_published(key)), JSON)


@require_safe
def schema(request: HttpRequest, name: str) -> HttpResponseBase:
    """The JSON Schema of a file."""
    if name not in SCHEMAS:
        raise Http404
    title = TITLES.get(name) or DATASETS[name].title
    return _small(request, canonical_json(schema_of(name, title, files.schema_address(name))), SCHEMA)


@require_safe
@from_replica
def feed(request: HttpRequest) -> HttpResponseBase:
    """Publications and corrections as an Atom feed."""
    return _small(request, pages.feed(request.build_absolute_uri), ATOM)


@require_safe
@from_replica
def file(request: HttpRequest, key: str, name: str, ending: str, version: int | None = None) -> HttpResponseBase:
    """One file of a published round, of one version or of the round; long ones are streamed."""
    for found in files.files_of(_published(key)):
        if (found.dataset.name, found.ending, found.version) == (name, ending, version):
            return _file(request, found)
    raise Http404


def _published(key: str) -> PublishedRound:
    published = published_round(key)
    if published is None:
        raise Http404
    return published


def _file(request: HttpRequest, found: files.DataFile) -> HttpResponseBase:
    etag, fixed_by = quote_etag(found.facts().sha256), found.fixed_by
    modified = int(fixed_by.published_at.timestamp()) if fixed_by else None
    answer = get_conditional_response(request, etag, modified) or _whole(found, request.method or "")
    if modified is not None:
        answer.headers["Last-Modified"] = http_date(modified)
    return _open(answer, etag, LATER if fixed_by else SOON)


def _whole(found: files.DataFile, method: str) -> HttpResponseBase:
    media_type = files.MEDIA_TYPES[found.ending]
    answer: HttpResponseBase
    if method == "HEAD":
        answer = HttpResponse(content_type=media_type, headers={"Content-Length": str(found.facts().bytes)})
    elif found.dataset.is_long:
        answer = StreamingHttpResponse(found.chunks(), content_type=media_type)
    else:
        answer = HttpResponse(b"".join(found.chunks()), content_type=media_type)
    answer.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=found.name) or ""
    return answer


def _small(request: HttpRequest, content: bytes, media_type: str) -> HttpResponseBase:
    etag = quote_etag(hashlib.sha256(content).hexdigest())
    answer = get_conditional_response(request, etag) or HttpResponse(content, content_type=media_type)
    return _open(answer, etag, SOON)


def _open(answer: HttpResponseBase, etag: str, seconds: int) -> HttpResponseBase:
    """Let pages of any site read the answer, which depends on no cookie, and caches keep it."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    answer.headers["ETag"] = etag
    return answer
