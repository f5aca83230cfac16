"""Compression of pages and JSON: only those that no secret of the browser can be in."""

import re
import secrets

import brotli
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

PAGE = "text/html"
# Pages, and the everyday words of the ballot; downloads of accounts come with a cookie.
COMPRESSED = (PAGE, "application/json")
# As fast as gzip, and a ballot's page becomes an eighth smaller.
QUALITY = 5
READS_BROTLI = re.compile(r"\bbr\b")


class CompressPublicPages(GZipMiddleware):
    """Compress the pages that are made without a cookie, and leave all others as they are.

    The length of a compressed page tells whoever may choose some of its text what else is in it (BREACH). For that, a
    foreign page lets a browser ask for ours, and the browser adds its cookies: a session, a token, a claimed code.
    Without cookies a page holds nothing but what the request itself said. `max_random_bytes` pads all the same.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the answer, unless a cookie may have put a secret into it."""
        if not may_be_compressed(request, response):
            return response
        if isinstance(response, HttpResponse) and reads_brotli(request) and _is(response, PAGE):
            return self.with_brotli(response)
        return super().process_response(request, response)

    def with_brotli(self, page: HttpResponse) -> HttpResponse:
        """Compress a page, padded by a comment of random length as gzip's answer is by a random name."""
        patch_vary_headers(page, ("Accept-Encoding",))
        padding = secrets.token_hex(secrets.randbelow(self.max_random_bytes + 1))
        page.content = brotli.compress(page.content + f"<!--{padding}-->".encode(), quality=QUALITY)
        page.headers["Content-Length"] = str(len(page.content))
        page.headers["Content-Encoding"] = "br"
        return page


def reads_brotli(request: HttpRequest) -> bool:
    """True if the browser says that it reads brotli: over https all that are in use."""
    return bool(READS_BROTLI.search(request.headers.get("Accept-Encoding", "")))


def may_be_compressed(request: HttpRequest, response: HttpResponseBase) -> bool:
    """True for a page, made for a request without cookies but the harmless ones, that sets no other either."""
    cookies = {*request.COOKIES, *response.cookies}
    return not response.streaming and _is(response, *COMPRESSED) and cookies.issubset(settings.COOKIES_WITHOUT_SECRET)


def _is(response: HttpResponseBase, *types: str) -> bool:
    return response.headers.get("Content-Type", "").startswith(types)
