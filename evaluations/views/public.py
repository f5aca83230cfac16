"""Public pages: the front page, published lists, the receipt check, the closing list."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import queries
from evaluations.models import Ballot, CodeBatch, Round
from evaluations.papers import open_round
from evaluations.rules.codes import CodeError, normalize_receipt
from evaluations.rules.seal import leaf


@require_safe
def front_page(request: HttpRequest) -> HttpResponse:
    """What this is, the way into the open round, what is published."""
    round_ = open_round(timezone.now())
    counters = CodeBatch.objects.filter(round=round_, is_self_service=True, is_open=True) if round_ else []
    context = {
        "round": round_,
        "counters": counters,
        "published": queries.published_rounds(),
        "is_demo": Round.objects.filter(is_demo=True).exists(),
    }
    return render(request, "evaluations/front.html", context)


@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    """All published lists."""
    return render(request, "evaluations/lists.html", {"published": queries.published_rounds()})


@require_safe
def public_list(request: HttpRequest, key: str) -> HttpResponse:
    """One round's published list, all versions; ranks, units, sections, main problems, no scores, no names."""
    versions = queries.published_versions(key)
    if not versions:
        raise Http404
    return render(request, "evaluations/list.html", {"current": versions[0], "earlier": versions[1:]})


@require_http_methods(["GET", "HEAD", "POST"])
def receipt_check(request: HttpRequest) -> HttpResponse:
    """Is this receipt in the closing list of a sealed round? No more than that is told."""
    context: dict[str, object] = {"sealed": queries.sealed_rounds(), "typed": request.POST.get("receipt", "")}
    if request.method == "POST":
        try:
            context["found"] = queries.round_of_receipt(normalize_receipt(request.POST.get("receipt", "")))
            context["asked"] = True
        except CodeError as error:
            context["error"] = str(error)
    return render(request, "evaluations/receipt_check.html", context, status=400 if "error" in context else 200)


@require_safe
def closing_list(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Download the closing list (封箱清单): one `T TAB C` per line, sorted; its Merkle root is the round's."""
    round_ = get_object_or_404(Round, key=key, state__in=queries.SEALED)
    response = StreamingHttpResponse(_closing_lines(round_), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="closing-list-{round_.key}.txt"'
    return response


def _closing_lines(round_: Round) -> Iterator[bytes]:
    rows = Ballot.objects.filter(round=round_).order_by("receipt").values_list("receipt", "commitment")
    for receipt, commitment in rows.iterator(chunk_size=5000):
        yield leaf(receipt, commitment) + b"\n"
