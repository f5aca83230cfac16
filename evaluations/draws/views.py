"""Public pages and downloads of the draws: commitment, randomness, result."""

from collections.abc import Iterator

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.draws.models import Draw
from evaluations.draws.pages.register import chances_csv, draw_register, public_draw
from evaluations.draws.queries.proofs import drawn_rows, exclusion_rows, pool_rows, proof_text
from evaluations.draws.queries.verdicts import draw_verdict
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.database.replica import from_replica
from nanchuan_eval.web.downloads import download, streamed_download

FILES = {"pool.tsv": pool_rows, "exclusions.tsv": exclusion_rows, "drawn.tsv": drawn_rows}
CHANCES = "chances.csv"
AFTER_PUBLICATION = frozenset({"drawn.tsv"})


@require_safe
@from_replica
def draws(request: HttpRequest) -> HttpResponse:
    """Show the register: all draws by round, including abandoned ones."""
    return render(request, "evaluations/draws/draws.html", {"rounds": draw_register()})


@require_safe
@from_replica
def draw(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show one draw, with instructions for verifying it."""
    found = get_object_or_404(Draw.objects.select_related("round", "planned"), draw_id=draw_id)
    return render(
        request,
        "evaluations/draws/draw.html",
        {**vars(public_draw(found)), "verdict": draw_verdict(found, clock.now())},
    )


@require_safe
@from_replica
def proof(request: HttpRequest, draw_id: str) -> FileResponse:
    """Download the proof file."""
    found = get_object_or_404(Draw, draw_id=draw_id, status=DrawStatus.PUBLISHED)
    return streamed_download(proof_text(found), f"{found.draw_id}.json")


@require_safe
@from_replica
def file(request: HttpRequest, draw_id: str, name: str) -> HttpResponseBase:
    """Download the exact parameters, the anonymous pool and exclusions, each one's chance, and then the drawn."""
    found = get_object_or_404(Draw, draw_id=draw_id)
    if name == "params.json":
        return StreamingHttpResponse([found.params], content_type="application/json")
    if name == CHANCES and found.purpose == DrawPurpose.CLIENTS:
        return download(chances_csv(found), f"{found.draw_id}-{CHANCES}")
    if name not in FILES or (name in AFTER_PUBLICATION and found.status != DrawStatus.PUBLISHED):
        raise Http404
    return StreamingHttpResponse(_lines(FILES[name](found)), content_type="text/plain; charset=utf-8")


def _lines(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for row in rows:
        yield "\t".join(row) + "\n"
