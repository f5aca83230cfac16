"""计票记录: digests, supervisors' signatures and files for recounting."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from accountability.results.forms import SigningForm
from accountability.results.services import CountFile, export_count
from evaluations.publication.documents import count_record
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, staff_post, staff_view
from nanchuan_eval.web.downloads import download, streamed_download


@staff_view
def count(request: HttpRequest, key: str) -> HttpResponse:
    """Show the count record; sign it with a supervisor's code (POST)."""
    policy.check_sees(account_of(request), "tally.verify")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_):
        raise Http404
    form = SigningForm(request.POST or None)
    sign = partial(sign_count, round_id=round_.pk, at=clock.now())
    if form.is_valid() and attempt(form, partial(sign, **form.cleaned_data), field="code"):
        messages.success(request, "已签名。")
        return redirect("accountability:commission-count", key)
    context = {
        "round": round_,
        "tally": round_.tally,
        "record": count_record(round_),
        "form": form,
        "may_sign": round_.state in BEFORE_PUBLICATION,
    }
    return render(request, "accountability/results/count.html", context, status=400 if form.errors else 200)


@staff_post
def files(request: HttpRequest, key: str) -> HttpResponseBase:
    """Download a file for recounting; a POST, since every download is logged."""
    policy.check_sees(account_of(request), "tally.verify")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_) or request.POST.get("file") not in CountFile.values:
        raise Http404
    file = CountFile(request.POST["file"])
    if file == CountFile.CELLS and not round_.tally.cells:
        raise Http404
    name, content = export_count(round_id=round_.pk, file=file, by=account_of(request), at=clock.now())
    return download(content, name) if isinstance(content, bytes) else streamed_download(content, name)
