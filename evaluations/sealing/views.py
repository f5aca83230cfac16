"""Public pages and downloads of the ballot box (票箱公开), and the check of a receipt."""

import json

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from evaluations.box_key.pages import key_page
from evaluations.codes.models import CodeBatch
from evaluations.protocol.codes import CodeError, format_code
from evaluations.protocol.pasted import read_receipt
from evaluations.rounds.models import Round
from evaluations.rounds.queries import state_now
from evaluations.rounds.rules.lifecycle import ISSUING, SEALED
from evaluations.scoring.wording import SMALLEST_SHOWN
from evaluations.sealing.pages import box_verdict, receipt_verdict
from evaluations.sealing.queries import (
    account_lines,
    batches_to_show,
    closing_leaves,
    inclusion_of,
    opening_lines,
    published_list,
    published_spent_lines,
    rest_lines,
    round_of_receipt,
    sealed_rounds,
    sections_to_show,
    waited_for_at,
)
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.database.replica import from_replica
from nanchuan_eval.web.downloads import download, streamed_download
from nanchuan_eval.web.views import visitors_form

DIGESTS = {"票箱公钥校验值"}  # of the opening's facts


@cache_control(no_store=True, private=True)
@sensitive_post_parameters()
@visitors_form
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_check(request: HttpRequest) -> HttpResponse:
    """Show whether a receipt is in a closing list, with its audit path; nothing else about the ballot."""
    typed = request.POST.get("receipt", "")
    sealed = sealed_rounds()
    is_demo = any(each.is_demo for each in sealed)
    context: dict[str, object] = {"sealed": sealed, "typed": typed, "is_demo": is_demo}
    if request.method != "POST":
        return render(request, "evaluations/sealing/receipt_check.html", context)
    try:
        receipt = read_receipt(typed)
    except CodeError as error:
        return render(request, "evaluations/sealing/receipt_check.html", {**context, "error": str(error)}, status=400)
    found = round_of_receipt(receipt)
    if found:
        context["inclusion"] = inclusion = inclusion_of(found, receipt)
        context["verdict"] = receipt_verdict(inclusion)
    context |= {"asked": True, "found": found, "receipt": format_code(receipt)}
    return render(request, "evaluations/sealing/receipt_check.html", context)


@require_safe
def boxes(request: HttpRequest) -> HttpResponse:
    """List the rounds' boxes (票箱公开)."""
    rounds = list(Round.objects.filter(state__in=ISSUING))
    context = {"rounds": rounds, "is_demo": any(each.is_demo for each in rounds)}
    return render(request, "evaluations/sealing/boxes.html", context)


@require_safe
def box(request: HttpRequest, key: str) -> HttpResponse:
    """Show a round's box: the lists of issued codes, and after sealing the sealing record."""
    round_ = get_object_or_404(Round, key=key, state__in=ISSUING)
    record, at = json.loads(round_.closing) if round_.closing else None, clock.now()
    issued = batches_to_show(round_, is_sealed=record is not None)
    opening = opening_lines(record) if record else []
    context = {
        "round": round_,
        "page": key_page(round_),
        "issued": issued,
        "smallest": SMALLEST_SHOWN,
        "record": record,
        "verdict": box_verdict(round_, record, at),
        "account": account_lines(record) if record else [],
        "opening": [line for line in opening if line[0] not in DIGESTS],
        "opening_digests": [line for line in opening if line[0] in DIGESTS],
        "state": state_now(round_, at),
        "waited_for": waited_for_at(round_, at),
        "sections": sections_to_show(round_, record) if record else [],
    }
    return render(request, "evaluations/sealing/box.html", context)


@require_safe
@from_replica
def issued_list(request: HttpRequest, key: str, batch: int) -> FileResponse:
    """Download a batch's list of I, unless the batch is small; that of a self-service batch only after sealing."""
    found = get_object_or_404(CodeBatch.objects.select_related("round"), pk=batch, round__key=key)
    lines = published_list(found, is_sealed=found.round.state in SEALED)
    if lines is None:
        raise Http404
    return streamed_download(lines, f"issued-{key}-{found.pk}.txt")


@require_safe
@from_replica
def issued_rest(request: HttpRequest, key: str) -> FileResponse:
    """Download the list of I of a sealed round's small batches."""
    return streamed_download(rest_lines(_sealed(key)), f"issued-{key}-rest.txt")


@require_safe
@from_replica
def spent_list(request: HttpRequest, key: str) -> FileResponse:
    """Download the list of E of a sealed round, without the codes whose use is not told one by one."""
    return streamed_download(published_spent_lines(_sealed(key)), f"spent-{key}.txt")


@require_safe
@from_replica
def closing_list(request: HttpRequest, key: str) -> FileResponse:
    """Download the closing list (封箱清单): one `T TAB C` per line, sorted; its Merkle root is the round's."""
    return streamed_download((entry + b"\n" for entry in closing_leaves(_sealed(key))), f"closing-list-{key}.txt")


@require_safe
@from_replica
def sealing_record(request: HttpRequest, key: str) -> HttpResponse:
    """Download the sealing record exactly as stored."""
    return download(_sealed(key).closing, f"closing-{key}.json")


@require_safe
@from_replica
def ballot_form_file(request: HttpRequest, key: str) -> HttpResponse:
    """Download the frozen ballot form, for printing ballots without a database."""
    round_ = get_object_or_404(Round, key=key, state__in=ISSUING)
    return download(round_.ballot_form, f"paper-{key}.json")


def _sealed(key: str) -> Round:
    return get_object_or_404(Round, key=key, state__in=SEALED)
