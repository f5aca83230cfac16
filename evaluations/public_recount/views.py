"""公开复算: the page where a browser counts the list again, and what proves what."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.public_recount.pages import recount_verdict
from evaluations.publication.models import Publication
from evaluations.publication.queries import open_counts, waits_for_files
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import ISSUING
from evaluations.rounds.rules.rulebook import has_public_recount
from evaluations.tally.models import Tally
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.database.replica import from_replica


@require_safe
@from_replica
def check(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Let the browser count a published version again from its public files."""
    publication = _publication(key, version)
    tally = _open_count(publication)
    context = {
        "publication": publication,
        "tally": tally,
        "verdict": recount_verdict(publication, tally, clock.now()),
        "names": {section.code: str(section) for section in publication.round.sections.all()},
        "cell_min": json.loads(tally.rulebook)["cell_min_lines"],
    }
    return render(request, "evaluations/public_recount/check.html", context)


@require_safe
@from_replica
def proofs(request: HttpRequest, key: str) -> HttpResponse:
    """Tell which step of a round proves what, and what only supervisors and auditors can check."""
    round_ = get_object_or_404(Round, key=key, state__in=ISSUING)
    publications = list(round_.publications.order_by("version"))
    context = {
        "round": round_,
        "is_public": has_public_recount(round_.rulebook),
        "newest": publications[-1] if publications else None,
        "open": open_counts(publications),
        "waits_for_files": bool(publications) and waits_for_files(publications[-1]),
    }
    return render(request, "evaluations/public_recount/proofs.html", context)


def _publication(key: str, version: int) -> Publication:
    return get_object_or_404(Publication.objects.select_related("round"), round__key=key, version=version)


def _open_count(publication: Publication) -> Tally:
    tally = open_counts(list(publication.round.publications.order_by("version"))).get(publication.version)
    if tally is None:
        raise Http404
    return tally
