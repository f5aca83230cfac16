"""计票记录: digests, supervisors' signatures, and the files to recount with."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from accountability.results.forms import SigningForm
from accountability.results.services import CountFile, export_count
from accountability.results.views.commission import XLSX
from evaluations.publication.documents import count_record
from evaluations.rounds.models import Round
from evaluations.rounds.queries import has_result
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.admin_site.model_admin import account_of
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@cache_control(private=True, no_store=True)
def count(request: HttpRequest, key: str) -> HttpResponse:
    """Show the record; take a supervisor's signing code (POST)."""
    policy.check_sees(account_of(request), "tally.verify")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_):
        raise Http404
    form = SigningForm(request.POST or None)
    if form.is_valid():
        try:
            sign_count(round_id=round_.pk, code=form.cleaned_data["code"], at=timezone.now())
        except RuleViolation as refusal:
            form.add_error("code", str(refusal))
        else:
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


@require_POST
@login_required
@cache_control(private=True, no_store=True)
def files(request: HttpRequest, key: str) -> HttpResponseBase:
    """Hand out one of the files to recount with; a POST, for it leaves a trace."""
    policy.check_sees(account_of(request), "tally.verify")
    round_ = get_object_or_404(Round, key=key)
    if not has_result(round_) or request.POST.get("file") not in CountFile.values:
        raise Http404
    file = CountFile(request.POST["file"])
    shown_name, content = export_count(round_id=round_.pk, file=file, by=account_of(request), at=timezone.now())
    name = {"Content-Disposition": content_disposition_header(True, shown_name)}
    if isinstance(content, bytes):
        return HttpResponse(content, content_type="application/octet-stream", headers=name)
    if file == CountFile.LINES:
        return FileResponse(content, content_type=XLSX, headers=name)
    return StreamingHttpResponse(content, content_type="text/csv; charset=utf-8", headers=name)
