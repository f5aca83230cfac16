"""Batches of codes on the staff site: making, importing, voiding, replacing, recalling; each code is shown once."""

import base64
import io
import zipfile
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.approvals import start_recall, start_replacement, start_void
from evaluations.codes.forms import CodesForm, IssuedListForm, RecallForm, ReplaceForm, TogetherForm, VoidForm
from evaluations.codes.models import CodeBatch
from evaluations.codes.queries import (
    channels_with_batches,
    closed_counters,
    drawn_by_kind,
    lacking_codes,
    replaceable,
)
from evaluations.codes.rules.publishing import is_small
from evaluations.codes.services import issuing
from evaluations.codes.services.issuing import BEFORE_CLOSING, FormKind
from evaluations.codes.services.replacing import approved_replacement, replace_approved
from evaluations.paper_ballots.admin.printing import PrintPages, hand_out_context
from evaluations.paper_ballots.pages.round import round_codes
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.workspace.rules import Phase


class CodePages(PolicyAdmin):
    """Pages about all codes of a round, mixed into the admin of rounds."""

    def batches(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show totals of the round's batches, and the drawn people beside the codes made for them."""
        user = account_of(request)
        if not policy.may_see(user, "cred.void"):
            policy.check_sees(user, "cred.print")
        round_ = get_object_or_404(Round, pk=pk)
        return staff_page(
            request,
            "codes/batches.html",
            round_,
            "票号批次",
            **vars(round_codes(round_, request.GET.get("q", ""))),
            may_make=round_.state in BEFORE_CLOSING and policy.may(user, "cred.print"),
        )

    def codes_together(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the batches of all strata drawn in one act, and open the channels of visitors."""
        policy.check_starts(account_of(request), "cred.print")
        round_ = get_object_or_404(Round, pk=pk)
        lacking, closed = lacking_codes(round_), closed_counters(round_)
        missing = [channel for channel in closed if channel not in channels_with_batches(round_)]
        given = request.POST if request.method == "POST" else None
        form = TogetherForm(given, closed=closed, initial={"counters": missing})
        if form.is_valid():
            counters, by, at = form.cleaned_data.get("counters", []), account_of(request), clock.now()
            made = attempt(form, lambda: issuing.issue_together(round_id=pk, counters=counters, by=by, at=at))
            if made:
                return _made_together(request, round_, made)
        context = {"form": form, "lacking": lacking, "back": _list(pk), "smallest": SMALLEST_SHOWN}
        return staff_page(request, "codes/together.html", round_, "生成票号", **context)

    def codes(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a batch of codes, or a self-service batch."""
        round_ = get_object_or_404(Round, pk=pk)
        policy.check_starts(account_of(request), "cred.print")
        form = CodesForm(request.POST or None, initial=request.GET.dict(), **_strata(round_))
        if request.method == "POST" and form.is_valid():
            made = attempt(form, lambda: self._issue(request, pk, form))
            if isinstance(made, CodeBatch):
                return _made_page(request, made)
            if made:
                return _made_page(request, *made)
        return staff_page(request, "round/act.html", round_, "单独生成一批", form=form, back=_list(pk))

    def import_codes(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Import the list of I that the notary made offline."""
        round_ = get_object_or_404(Round, pk=pk)
        policy.check_starts(account_of(request), "cred.print")
        form = IssuedListForm(request.POST or None, request.FILES or None, **_strata(round_))
        if request.method == "POST" and form.is_valid():
            kind, issues = _kind(form.cleaned_data), form.cleaned_data["file"]
            by, at = account_of(request), clock.now()
            made = attempt(form, lambda: issuing.import_issued(round_id=pk, form=kind, issues=issues, by=by, at=at))
            if made:
                return _made_page(request, made)
        warning = f"发放清单由公证处用 make_codes 命令离线生成，轮次代码必须为 {round_.key}，否则票号无法使用。"
        return staff_page(
            request, "round/act.html", round_, "导入离线发放清单", form=form, back=_list(pk), note=warning
        )

    def _issue(self, request: HttpRequest, pk: int, form: CodesForm) -> Any:
        kind, count = _kind(form.cleaned_data), form.cleaned_data["count"]
        by, at = account_of(request), clock.now()
        if count:
            return issuing.issue_batch(round_id=pk, form=kind, count=count, by=by, at=at)
        return issuing.open_self_service(round_id=pk, form=kind, by=by, at=at)


class BatchPages(PrintPages):
    """Actions on the codes of one batch: void, replace, recall."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/void/", wrap(sensitive_post_parameters()(self.void)), name="batch-void"),
            path("<int:pk>/replace/", wrap(self.replace), name="batch-replace"),
            path("<int:pk>/recall/", wrap(self.recall), name="batch-recall"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Redirect from the list to the batch's own page."""
        batch = self.get_object(request, object_id)
        return redirect("admin:papers", batch.pk) if batch else super().change_view(request, object_id, *args, **kwargs)

    def void(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Void codes of returned or damaged envelopes, and make others in their place if asked, or propose it."""
        batch, form = _batch(request, pk, "cred.void"), VoidForm(request.POST or None)

        def void(*, codes: list[str], replaces: bool, **given: Any) -> object:
            return (start_replacement if replaces else start_void)(batch_id=pk, typed=codes, **given)

        response = show_round_form(request, batch.round, form, void, title="作废票号", back=_page(batch))
        response["Cache-Control"] = "no-store"
        return response

    def recall(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Recall a batch, or propose it."""
        batch, form = _batch(request, pk, "cred.void"), RecallForm(request.POST or None)
        recall = partial(start_recall, batch)
        return show_round_form(request, batch.round, form, recall, title="停用批次", back=_page(batch))

    def replace(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make new codes in place of void ones, or of those whose replacement is approved, which are void then."""
        batch, by, at = _batch(request, pk, "cred.print"), account_of(request), clock.now()
        if approval := approved_replacement(batch, by=by, at=at):
            return _replace_approved(request, batch, len(approval.arguments["issues"]))
        left = replaceable(batch)
        form = ReplaceForm(request.POST or None, initial={"count": left or None})
        replace = partial(issuing.replace_codes, batch_id=pk, by=by, at=at)
        if form.is_valid() and (made := attempt(form, partial(replace, **form.cleaned_data))):
            return _made_page(request, *made)
        note = (
            f"“{batch.label}”有{left}个作废的票号尚未补发。补发的票号自成一批，单独公布发放清单；不足{SMALLEST_SHOWN}个的，"
            "为保护投票人，封箱后并入原批次公布，是否使用不单独公布。"
        )
        return staff_page(request, "round/act.html", batch.round, "补发票号", form=form, back=_page(batch), note=note)


@admin.register(CodeBatch)
class CodeBatchAdmin(BatchPages):
    """Admin of batches of ballot codes (票号批次)."""

    phase = Phase.VOTING
    order = 4
    when_empty = "票号在轮次页面生成。"
    see_action = "cred.print"
    list_display = ["label", "round", "channel", "origin", "is_self_service", "is_open", "is_halted", "issued_sha256"]
    list_filter = ["round", "channel"]
    list_select_related = ["round"]


def _replace_approved(request: HttpRequest, batch: CodeBatch, number: int) -> HttpResponse:
    """Perform the approved replacement once the button is pressed; else show what it will do."""
    form, by, at = forms.Form(request.POST or None), account_of(request), clock.now()
    replace = partial(replace_approved, batch_id=batch.pk, by=by, at=at)
    if form.is_valid() and (made := attempt(form, replace)):
        return _made_page(request, *made)
    note = f"已同意作废“{batch.label}”的{number}个票号并补发。原票号作废、新票号生成一次完成，新票号只显示一次。"
    return staff_page(request, "round/act.html", batch.round, "作废并补发", form=form, back=_page(batch), note=note)


def _batch(request: HttpRequest, pk: int, action: str) -> CodeBatch:
    policy.check_may_start(account_of(request), action)
    return get_object_or_404(CodeBatch.objects.select_related("round"), pk=pk)


def _kind(data: dict[str, Any]) -> FormKind:
    return FormKind(Channel(data["channel"]), Origin(data["origin"]), data["label"], data["stratum"])


def _strata(round_: Round) -> dict[str, list[str]]:
    """Return the strata to choose from: those drawn, or before the draw those of the rulebook; sections apart."""
    drawn = drawn_by_kind(round_)
    strata = [stratum for kind, people in drawn.items() if not kind.is_bound for stratum in people]
    bound = [stratum for kind, people in drawn.items() if kind.is_bound for stratum in people]
    return {"strata": list(dict.fromkeys(strata or round_.rulebook["evaluator_strata"])), "sections": sorted(bound)}


def _made_page(request: HttpRequest, batch: CodeBatch, codes: list[str] | None = None) -> HttpResponse:
    """Show the batch made; this response is the only place that contains its codes."""
    context = {
        "batch": batch,
        "codes": len(codes or ()),
        "file": _codes_file(codes) if codes else "",
        "is_small": is_small(batch.credentials.count(), SMALLEST_SHOWN),
        "smallest": SMALLEST_SHOWN,
        **hand_out_context(request, codes or ()),
    }
    response = staff_page(request, "codes/made.html", batch.round, "票号已生成" if codes else "批次已建立", **context)
    response["Cache-Control"] = "no-store"
    return response


def _made_together(request: HttpRequest, round_: Round, made: list[tuple[CodeBatch, list[str]]]) -> HttpResponse:
    """Show the batches made in one act; this response is the only place that contains their codes."""
    batches = [
        {
            "batch": batch,
            "count": len(codes),
            "file": _codes_file(codes) if codes else "",
            "is_small": is_small(len(codes), SMALLEST_SHOWN),
            **hand_out_context(request, codes, auto_id=f"id_{batch.pk}_%s"),
        }
        for batch, codes in made
    ]
    with_codes = [(batch, codes) for batch, codes in made if codes]
    context = {
        "batches": batches,
        "smallest": SMALLEST_SHOWN,
        "has_codes": bool(with_codes),
        "archive": _all_files(round_, with_codes) if len(with_codes) > 1 else "",
    }
    response = staff_page(request, "codes/made_together.html", round_, "票号已生成", **context)
    response["Cache-Control"] = "no-store"
    return response


def _all_files(round_: Round, made: list[tuple[CodeBatch, list[str]]]) -> str:
    """Return the code files of all batches, of which there may be one a section, as one ZIP file in a data URL."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for batch, codes in made:
            section = f"-{batch.section.code}" if batch.section else ""
            archive.writestr(f"codes-{round_.key}-{batch.pk}{section}.csv", issuing.codes_csv(codes))
    return "data:application/zip;base64," + base64.b64encode(packed.getvalue()).decode()


def _codes_file(codes: list[str]) -> str:
    """Return codes.csv as a data URL."""
    return "data:text/csv;base64," + base64.b64encode(issuing.codes_csv(codes)).decode()


def _list(round_id: int) -> str:
    return reverse("admin:round-batches", args=[round_id])


def _page(batch: CodeBatch) -> str:
    return reverse("admin:papers", args=[batch.replaces_id or batch.pk])
