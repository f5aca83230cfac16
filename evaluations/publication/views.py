"""Public pages: privacy notice, published lists and notices."""

from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluations.publication import documents
from evaluations.publication.files import notice_pdf
from evaluations.publication.models import Publication
from evaluations.publication.queries import annulled_since, open_counts, published_response, waits_for_files
from evaluations.rounds.models import Round
from evaluations.rounds.queries import open_round, profile_of
from evaluations.rounds.rules.privacy_notice import VERSION, Item, privacy_notice
from evaluations.turnout.rules.response import COLUMNS, MEANS, left_out_note, response_rows, rows_named, total_row
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.database.replica import from_replica
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.views import A_DAY

LONGEST_FIND = 20


@require_safe
@from_replica
def privacy(request: HttpRequest, key: str = "") -> HttpResponse:
    """The privacy notice: of a round as it was when its roster was frozen, or the one now in force."""
    round_ = get_object_or_404(Round, key=key) if key else open_round(clock.now())
    frozen = round_.privacy_notice if round_ else {}
    items = frozen.get("items") or _notice_now(round_)
    context = {
        "round": round_,
        "version": frozen.get("version", VERSION),
        "items": items,
        "is_demo": round_.is_demo if round_ else Round.objects.filter(is_demo=True).exists(),
    }
    return render(request, "evaluations/publication/privacy.html", context)


def _notice_now(round_: Round | None) -> list[Item]:
    if round_ is None:
        profile = current_profile()
        return privacy_notice(profile, profile.phone)
    return privacy_notice(profile_of(round_), round_.rulebook["office_phone"])


@require_safe
@from_replica
def lists(request: HttpRequest) -> HttpResponse:
    """All published lists."""
    return render(request, "evaluations/publication/lists.html", {"published": documents.published_rounds()})


@require_safe
@from_replica
def public_list(request: HttpRequest, key: str) -> HttpResponse:
    """One round's published list, any version; ranks, units, sections, main problems, no scores, no names."""
    versions = documents.published_versions(key)
    asked = request.GET.get("version", "")
    shown = [each for each in versions if not asked or str(each.publication.version) == asked]
    if not shown:
        raise Http404
    current = shown[0]
    publications = [each.publication for each in reversed(versions)]
    tally = open_counts(publications).get(current.publication.version)
    context = {
        "current": current,
        "comments": documents.comments_of(versions[-1].publication, current, timezone.localdate(clock.now())),
        "newest": versions[0],
        "tally": tally,
        "waits_for_files": waits_for_files(versions[0].publication) and not tally and current == versions[0],
        "versions": versions,
    }
    return render(request, "evaluations/publication/list.html", context)


@require_safe
@from_replica
def response(request: HttpRequest, key: str) -> HttpResponse:
    """A round's response (回收率) by section and stratum, and what it can and cannot say."""
    round_, told = _response_or_404(key)
    groups = [(kind, list(rows)) for kind, rows in groupby(response_rows(told), key=itemgetter(0))]
    find = request.GET.get("find", "").strip()[:LONGEST_FIND]
    shown = [(kind, rows_named(rows, find), total_row(rows) if len(rows) > 1 else None) for kind, rows in groups]
    context = {
        "round": round_,
        "columns": COLUMNS,
        "groups": [(kind, rows, None if find else total) for kind, rows, total in shown if rows],
        "has_rows": bool(groups),
        "find": find,
        "left_out": left_out_note(told),
        "means": MEANS,
    }
    return render(request, "evaluations/publication/response.html", context)


def _response_or_404(key: str) -> tuple[Round, Mapping[str, Any]]:
    round_ = get_object_or_404(Round, key=key)
    told = published_response(round_)
    if told is None:
        raise Http404
    return round_, told


@require_safe
@from_replica
def notice_as_pdf(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """The 公示 in official layout; cached, for a version changes only by a veto that is annulled."""
    publication = _publication_or_404(key, version)
    annulled = annulled_since(list(publication.round.publications.all())).get(publication.version, ())
    name = "/".join(["notice", publication.content_sha256, *sorted(annulled)])
    pdf: Any = cache.get_or_set(name, lambda: notice_pdf(publication), A_DAY)
    return download(pdf, f"{publication.round.name}公示第{version}版.pdf", inline=True)


@require_safe
@from_replica
def notice_as_html(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """The 公示 as plain HTML without any style, for the newspaper to typeset."""
    notice = documents.notice_document(_publication_or_404(key, version))
    return render(request, "evaluations/publication/notice.html", {"notice": notice})


def _publication_or_404(key: str, version: int) -> Publication:
    return get_object_or_404(Publication.objects.select_related("round"), round__key=key, version=version)
