"""Printing ballots and pairing codes with phones at the desk: the codes stay in the page, nothing stores them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from evaluations.ballot_form.rules.form import BallotForm
from evaluations.codes.forms import CodesFileForm, HandOutForm
from evaluations.codes.models import CodeBatch
from evaluations.codes.rules.files import CODE, NAME, NUMBER, PHONE, UNIT
from evaluations.codes.services.handing_out import hand_out, messages_csv, refuse_foreign
from evaluations.codes.services.issuing import BEFORE_CLOSING
from evaluations.paper_ballots.admin.sheets import PaperPages
from evaluations.paper_ballots.documents import ballot_files
from evaluations.rounds.admin_pages import staff_page
from evaluations.rounds.queries import profile_of
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.lists.workbooks import template
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.downloads import download

BAD_INPUT = 400
TEMPLATES = {"codes": ("票号文件", (NUMBER, CODE)), "phones": ("手机号名单", (PHONE, NAME, UNIT))}
UPLOAD = "上传本批次的票号文件，在下一页打印评议票，或者与手机号配对。系统只核对票号是否属于本批次，不保存票号。"
SECRET = sensitive_post_parameters()


@dataclass(frozen=True)
class Part:
    """The ballots of one PDF, by their numbers in the file of codes."""

    number: int
    first: int
    last: int


class PrintPages(PaperPages):
    """Printing at the desk for one batch of codes."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/print/", wrap(SECRET(self.print)), name="batch-print"),
            path("print/<str:name>/", wrap(self.template), name="print-template"),
            *super().get_urls(),
        ]

    def template(self, request: HttpRequest, name: str) -> HttpResponse:
        """Download the workbook for codes or phones to fill in."""
        policy.check_may_start(account_of(request), "cred.print")
        if name not in TEMPLATES:
            raise Http404
        title, columns = TEMPLATES[name]
        return download(template(title, columns), f"{title}模板.xlsx")

    @sensitive_variables()
    def print(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for the file of codes; then print them in parts, or pair them with phones."""
        policy.check_may_start(account_of(request), "cred.print")
        batch = get_object_or_404(CodeBatch.objects.select_related("round", "section"), pk=pk)
        if batch.is_self_service or batch.round.state not in BEFORE_CLOSING:
            return redirect("admin:papers", pk)
        if "codes" in request.POST:
            return self._hand_out(request, batch)
        form = CodesFileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            codes = form.cleaned_data["file"].values
            if attempt(form, partial(refuse_foreign, batch, codes), field="file"):
                return _page(request, batch, hand_out_context(request, codes))
        return _page(request, batch, {"form": form, "note": UPLOAD})

    @sensitive_variables()
    def _hand_out(self, request: HttpRequest, batch: CodeBatch) -> HttpResponse:
        form = HandOutForm(request.POST, request.FILES)
        if form.is_valid():
            answer = attempt(form, partial(_messages if "messages" in request.POST else _ballots, request, batch, form))
            if isinstance(answer, HttpResponse):
                answer["Cache-Control"] = "no-store"
                return answer
        codes = form.cleaned_data.get("codes", ())
        return _page(request, batch, hand_out_context(request, codes) | {"hand_out": form})


def hand_out_context(request: HttpRequest, codes: Sequence[str], *, auto_id: str = "id_%s") -> dict[str, object]:
    """Return what the page needs to print these codes; too many for a page are printed by the command."""
    size = settings.PRINT_PART_BALLOTS
    parts = [
        Part(number, first, min(first + size - 1, len(codes)))
        for number, first in enumerate(range(1, len(codes) + 1, size), start=1)
    ]
    site = request.build_absolute_uri("/").rstrip("/")
    is_too_big = len(codes) > settings.PRINT_PAGE_CODES
    known = {"site": site, "codes": "" if is_too_big else " ".join(codes)}
    form = HandOutForm(initial=known, auto_id=auto_id)
    return {"hand_out": form, "parts": parts, "count": len(codes), "is_too_big": is_too_big}


@sensitive_variables()
def _ballots(request: HttpRequest, batch: CodeBatch, form: HandOutForm) -> HttpResponse:
    """Return the PDF of one part of the codes."""
    size, number = settings.PRINT_PART_BALLOTS, form.cleaned_data["part"]
    first = (number - 1) * size
    codes = form.cleaned_data["codes"][first : first + size]
    site = form.cleaned_data["site"]
    hand_out(batch_id=batch.pk, codes=codes, use="ballots", site=site, by=account_of(request), at=clock.now())
    section = batch.section.code if batch.section else ""
    ballot_form, closes = BallotForm.from_json(batch.round.ballot_form), timezone.localtime(batch.round.closes_at)
    until = f"{closes:%Y年%-m月%-d日 %H:%M}"
    (made,) = ballot_files(ballot_form, codes, site=site, closes=until, per_file=size, section=section)
    name = f"ballots-{batch.round.key}-{batch.pk}-{first + 1:05d}-{first + len(codes):05d}.pdf"
    return download(made[1], name)


@sensitive_variables()
def _messages(request: HttpRequest, batch: CodeBatch, form: HandOutForm) -> HttpResponse:
    """Return the messages, one code for each phone of the uploaded list."""
    phones, codes = form.cleaned_data["people"], form.cleaned_data["codes"]
    used, site = codes[: len(phones)], form.cleaned_data["site"]
    hand_out(batch_id=batch.pk, codes=used, use="messages", site=site, by=account_of(request), at=clock.now())
    content = messages_csv(phones, used, site, profile_of(batch.round).sign)
    return download(content, f"sms-{batch.round.key}-{batch.pk}.csv")


def _page(request: HttpRequest, batch: CodeBatch, context: dict[str, object]) -> HttpResponse:
    form = context.get("hand_out") or context["form"]
    more = {**context, "batch": batch, "back": reverse("admin:papers", args=[batch.replaces_id or batch.pk])}
    response = staff_page(request, "codes/print.html", batch.round, "打印评议票、短信配对", **more)
    response.status_code = BAD_INPUT if getattr(form, "errors", None) else response.status_code
    response["Cache-Control"] = "no-store"
    return response
