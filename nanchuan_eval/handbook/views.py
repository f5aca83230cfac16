"""The handbook (操作手册): contents and search, one page, and all pages for printing; open to everybody."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nanchuan_eval.handbook.pages import anchor_of, chapter, handbook, parts
from nanchuan_eval.handbook.rules import neighbours, search
from nanchuan_eval.users.models import User

LONGEST_SEARCH = 40


def _frame(request: HttpRequest) -> dict[str, str]:
    """Return the frame of the staff's pages for accounts, that of the public site for everybody else."""
    if isinstance(request.user, User):
        return {"frame": "shared/staff.html", "width": "full"}
    return {"frame": "base.html", "width": "column wide"}


@require_safe
def contents(request: HttpRequest) -> HttpResponse:
    """All pages by part; with words to look for, the sections that hold them."""
    typed = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    hits = [(hit, anchor_of(hit.page.slug, hit.section.number)) for hit in search(handbook(), typed)]
    context = {**_frame(request), "parts": parts(), "typed": typed, "hits": hits}
    return render(request, "nanchuan_eval/handbook/contents.html", context)


@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One page with its headings and the ways on and back."""
    pages = handbook()
    if slug not in {page.slug for page in pages}:
        raise Http404
    before, after = neighbours(pages, slug)
    context = {**_frame(request), "chapter": chapter(slug), "before": before, "after": after}
    return render(request, "nanchuan_eval/handbook/page.html", context)


@require_safe
def whole(request: HttpRequest) -> HttpResponse:
    """All pages one after another with a table of contents, for printing."""
    chapters = [chapter(page.slug, is_whole=True) for page in handbook()]
    context = {**_frame(request), "parts": parts(), "chapters": chapters}
    return render(request, "nanchuan_eval/handbook/whole.html", context)
