"""A page's part for scripts that show it in the page they run in, and the headers that only a whole page needs."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Handler = Callable[[HttpRequest], HttpResponse]
# A script of ours says so in a header of its own, which no navigation has and no page of another site may send.
HEADER, MAIN = "X-Part", "main"
TITLE, CONTENT = re.compile(rb"<title>.*?</title>", re.S), re.compile(rb"<main\b.*</main>", re.S)
WITHOUT_SCRIPTS = re.compile(rb"<noscript>.*?</noscript>", re.S)
OF_PAGES = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Frame-Options",
)


def send_part(get_response: Handler) -> Handler:
    """Leave of a page its title and main part, if the request asks for no more; if a proxy drops that, all comes."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if answer.streaming or not _is_html(answer):
            return answer
        patch_vary_headers(answer, [HEADER])
        title, main = TITLE.search(answer.content), CONTENT.search(answer.content)
        if _asks_for_part(request) and title and main:
            answer.content = title[0] + WITHOUT_SCRIPTS.sub(b"", main[0])
            answer.headers["Content-Length"] = str(len(answer.content))
        return answer

    return handle


def leave_out_page_headers(get_response: Handler) -> Handler:
    """Send headers that tell a browser how to treat a page with pages only: not with parts, sheets and scripts."""

    def handle(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        is_file = request.path.startswith(settings.STATIC_URL) and not _is_html(answer)
        if is_file or (_is_html(answer) and _asks_for_part(request)):
            for name in OF_PAGES:
                answer.headers.pop(name, None)
        return answer

    return handle


def _asks_for_part(request: HttpRequest) -> bool:
    return request.headers.get(HEADER) == MAIN


def _is_html(answer: HttpResponse) -> bool:
    return answer.headers.get("Content-Type", "").startswith("text/html")
