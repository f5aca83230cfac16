"""The rows of the choice of sections, rendered once per form, ticked and searched for a citizen; its everyday words."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from evaluations.ballot_form.pages import SectionList, everyday_words, found_list, whole_list
from evaluations.ballot_form.queries import ballot_form_by_digest, topics_version
from evaluations.rounds.queries import open_round
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.web.views import A_YEAR

# Of a digest in an address: enough to tell two versions apart.
DIGITS = 12
NOTHING = "没有找到相关科室。请换一个词，或者按单位查找。"


def section_rows(digest: str, chosen: Sequence[str], query: str) -> tuple[SafeString, str]:
    """Return the rows with the chosen sections ticked, and what a search has found, in words."""
    version = topics_version()
    if not query:
        return _ticked(_all_rows(digest, version), digest, chosen), ""
    listed = found_list(whole_list(digest, version), query, chosen)
    found = f"找到{listed.count}个科室。" if listed.count else NOTHING
    return _ticked(_render(listed, digest, version, is_search=True), digest, chosen), found


@require_safe
@cache_control(public=True, max_age=A_YEAR, immutable=True)
def words(request: HttpRequest, digest: str) -> HttpResponse:
    """Return the everyday words of the open round's sections, equal for everybody; under no digest but their own.

    They are no part of the page, which few people search: most know the name.
    """
    round_, version = open_round(clock.now()), topics_version()
    if round_ is None or digest != _digest(round_.ballot_form_sha256, version):
        raise Http404
    return HttpResponse(_words(round_.ballot_form_sha256, version), content_type="application/json")


@lru_cache(maxsize=8)
def _all_rows(digest: str, version: str) -> str:
    return _render(whole_list(digest, version), digest, version)


@lru_cache(maxsize=8)
def _words(digest: str, version: str) -> bytes:
    return canonical_json(everyday_words(whole_list(digest, version)))


@lru_cache(maxsize=8)
def _digest(digest: str, version: str) -> str:
    return sha256_hex(_words(digest, version))[:DIGITS]


def _render(listed: SectionList, digest: str, version: str, *, is_search: bool = False) -> str:
    address = reverse("ballot-words", args=[_digest(digest, version)])
    shown = {"listed": listed, "is_search": is_search, "words": address}
    return " ".join(render_to_string("evaluations/voting/_section_rows.html", shown).split())


def _ticked(rows: str, digest: str, chosen: Iterable[str]) -> SafeString:
    """Tick the chosen sections in the text: rendering 105 rows again would cost more than the rest of the page."""
    for code in ballot_form_by_digest(digest).section_codes.intersection(chosen):
        field = f'value="{escape(code)}"'
        rows = rows.replace(field, f"{field} checked")
    return SafeString(rows)
