"""Paper ballots on the staff site: registering slips, keying sheets twice, comparing, counting."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse

from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.form import BallotForm
from evaluations.ballot_form.rules.votes import RawLine, VoteErrors, clean_comment, validate_vote
from evaluations.codes.models import CodeBatch
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.forms import ClearForm, CountForm, SheetForm, SlipsForm, WithdrawForm
from evaluations.paper_ballots.models import PaperSheet
from evaluations.paper_ballots.pages.batch import batch_page
from evaluations.paper_ballots.pages.keying import Keyed, agreed, compared, keyed_rows, keying_words
from evaluations.paper_ballots.queries import account_of_batch, may_handle
from evaluations.paper_ballots.rules.ballot_account import SheetKind, expected_count
from evaluations.paper_ballots.services import CountDiffers, SheetContent
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, submit

BAD_INPUT = 400
COUNT_DIFFERS = (
    "清点数字与系统记录不符，尚未保存，也没有暂停收票。请先核对是不是填错；填错的，改正后保存。"
    "确实不符的，点“数字无误，按差异登记”：该渠道随即暂停收票，由清点人以外的人查清、处理差异后恢复。"
)


class PaperPages(ReadOnlyAdmin):
    """Pages about the paper ballots of one batch."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/papers/", wrap(self.papers), name="papers"),
            path("<int:pk>/papers/slips/", wrap(self.slips), name="paper-slips"),
            path("<int:pk>/papers/key/", wrap(self.key), name="paper-key"),
            path("<int:pk>/papers/sheet/<int:sheet>/", wrap(self.settle), name="paper-settle"),
            path("<int:pk>/papers/sheet/<int:sheet>/withdraw/", wrap(self.withdraw), name="paper-withdraw"),
            path("<int:pk>/papers/count/", wrap(self.count), name="paper-count"),
            path("<int:pk>/papers/clear/", wrap(self.clear), name="paper-clear"),
            *super().get_urls(),
        ]

    def papers(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page of a batch: totals, paper ballots, sheets waiting for a second or third person."""
        user = account_of(request)
        if not any(policy.may_see(user, action) for action in ("cred.print", "cred.void")):
            policy.check_sees(user, "paper.entry")
        batch = _find(pk)
        if batch.replaces_id:
            return redirect("admin:papers", batch.replaces_id)
        page = batch_page(batch, user, clock.now())
        return self._render(request, batch, "batch", batch.label, {"page": page})

    def slips(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Register slips; only refused lines stay in the field."""
        batch = _batch(request, pk)
        form = SlipsForm(request.POST or None)
        by, at = account_of(request), clock.now()
        if request.method == "POST" and form.is_valid():
            typed = [line for line in form.cleaned_data["codes"].splitlines() if line.strip()]
            refused = attempt(form, lambda: paper_ballots.register_slips(batch_id=pk, typed=typed, by=by, at=at))
            if refused == []:
                messages.success(request, f"已登记{len(typed)}张票号联，这些票号不能再在网上投票。")
                return redirect(_batch_page(pk))
            if refused:
                kept = len(typed) - len(refused)
                messages.info(request, f"已登记票号联{kept}张。下列{len(refused)}行未登记，请核对后重新登记。")
                form = SlipsForm({"codes": "\n".join(slip.typed for slip in refused)})
                for place, slip in enumerate(refused, start=1):
                    form.add_error("codes", f"第{place}行“{slip.typed[:30]}”：{slip.fault}")
        return self._act(request, batch, form, "登记票号联")

    def key(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Key a sheet, the first or the second time; the page does not tell what the other person keyed."""
        batch = _batch(request, pk)

        def save(number: int, content: SheetContent) -> PaperSheet:
            return paper_ballots.key_sheet(
                batch_id=pk, number=number, content=content, by=account_of(request), at=clock.now()
            )

        once = PaperSheet.objects.filter(batch=batch, kind="", second_by=None).select_related("first_by", "second_by")
        context = {
            "mine": [sheet for sheet in once if sheet.first_by and sheet.first_by.person == account_of(request).person],
            "others": [sheet.number for sheet in once if may_handle(sheet, account_of(request))],
        }
        back = reverse("admin:paper-key", args=[pk])
        return self._keying(request, batch, save, "录入正票", back=back, context=context)

    def settle(self, request: HttpRequest, pk: int, sheet: int) -> HttpResponse:
        """The third look: both keyings side by side, and the decided one."""
        batch = _batch(request, pk)
        found = get_object_or_404(PaperSheet, pk=sheet, batch=batch)

        def save(number: int, content: SheetContent) -> PaperSheet:
            return paper_ballots.settle_sheet(sheet_id=sheet, content=content, by=account_of(request), at=clock.now())

        if found.kind or not found.second or not may_handle(found, account_of(request)):
            messages.error(request, f"第{found.number}号票不需要核对，或者您已经录入过，须由第三人核对。")
            return redirect(_batch_page(pk))
        keyings = _ballot_form(batch), found.first, found.second
        context = {"differences": compared(*keyings), "agreed": agreed(*keyings), "sheet": found}
        return self._keying(request, batch, save, f"核对第{found.number}号票", back=_batch_page(pk), context=context)

    def withdraw(self, request: HttpRequest, pk: int, sheet: int) -> HttpResponse:
        """Withdraw one's own first keying."""
        batch = _batch(request, pk)
        found = get_object_or_404(PaperSheet, pk=sheet, batch=batch)
        form, service = WithdrawForm(request.POST or None), partial(paper_ballots.withdraw_keying, sheet_id=sheet)
        done, back = f"第{found.number}号票的录入已撤回，可以重新录入。", reverse("admin:paper-key", args=[pk])
        withdrawn = submit(request, form, service, back=back, done=done)
        return withdrawn or self._act(request, batch, form, f"撤回第{found.number}号票的录入")

    def count(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Enter the figures counted by hand; figures that do not balance are shown first, and halt when confirmed."""
        batch = _batch(request, pk)
        form, button = CountForm(request.POST or None), "保存清点"
        if request.method == "POST" and form.is_valid():
            record = partial(paper_ballots.record_count, batch_id=pk, counted=form.counted)
            record = partial(record, is_confirmed=form.is_confirmed, by=account_of(request), at=clock.now())
            try:
                _tell_balance(request, record())
                return redirect(_batch_page(pk))
            except CountDiffers as differs:
                form.ask()
                form.add_error(None, [COUNT_DIFFERS, *differs.reasons])
                button = "数字无误，按差异登记"
            except RuleViolation as refusal:
                form.add_error(None, list(refusal.reasons))
        note = expected_count(account_of_batch(batch)) if clock.now() >= batch.round.closes_at else ""
        return self._act(request, batch, form, "清点纸质票", note=note, button=button)

    def clear(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Accept an explained difference."""
        batch = _batch(request, pk)
        form = ClearForm(request.POST or None)

        def clear(**given: Any) -> str:
            paper_ballots.clear_imbalance(batch_id=pk, **given)
            still = CodeBatch.objects.filter(pk=pk, is_halted=True).exists()
            rest = "同一渠道其他批次仍有票数不符，继续暂停收票。" if still else "渠道恢复收票。"
            return f"差异已处理，{rest}"

        cleared = submit(request, form, clear, back=_batch_page(pk), done="")
        return cleared or self._act(request, batch, form, "处理差异")

    def _keying(
        self,
        request: HttpRequest,
        batch: CodeBatch,
        save: Callable[[int, SheetContent], PaperSheet],
        title: str,
        **more: Any,
    ) -> HttpResponse:
        ballot_form, context = _ballot_form(batch), more.get("context", {})
        sheet = context.get("sheet")
        known = {**context.pop("agreed", {}), "number": sheet.number} if sheet else {}
        form = SheetForm(request.POST or None, initial=known)
        rows, lines = keyed_rows(ballot_form, request.POST or known)
        if sheet:
            rows = [replace(row, is_open=f"{row.section.code}.keys" not in known) for row in rows]
        if request.method == "POST" and form.is_valid():
            content = _content(form, ballot_form, batch, rows, lines)
            if content:
                saved = attempt(form, lambda: save(form.cleaned_data["number"], content))
                if saved:
                    messages.success(request, _status_text(saved))
                    return redirect(more["back"])
        context |= {"form": form, "rows": rows, **keying_words(ballot_form)}
        return self._render(request, batch, "key", title, context)

    def _act(self, request: HttpRequest, batch: CodeBatch, form: forms.Form, title: str, **more: str) -> HttpResponse:
        return self._render(request, batch, "act", title, {"form": form, "button": title, **more})

    def _render(
        self, request: HttpRequest, batch: CodeBatch, page: str, title: str, context: dict[str, Any]
    ) -> HttpResponse:
        common = {**self.admin_site.each_context(request), "batch": batch, "round": batch.round, "title": title}
        form = context.get("form")
        status = BAD_INPUT if form is not None and form.errors else 200
        response = render(request, f"admin/evaluations/papers/{page}.html", {**common, **context}, status=status)
        response["Cache-Control"] = "no-store"
        return response


def _tell_balance(request: HttpRequest, faults: list[str]) -> None:
    for fault in faults:
        messages.error(request, fault)
    if not faults:
        messages.success(request, "票数平衡。")


def _batch(request: HttpRequest, pk: int) -> CodeBatch:
    policy.check_sees(account_of(request), "paper.entry")
    return _find(pk)


def _find(pk: int) -> CodeBatch:
    return get_object_or_404(CodeBatch.objects.select_related("round", "section", "paper_count"), pk=pk)


def _ballot_form(batch: CodeBatch) -> BallotForm:
    """Return the form that the batch's sheets have: bound to a section, only that section's row."""
    section = batch.section.code if batch.section else ""
    return ballot_form_by_digest(batch.round.ballot_form_sha256).only(section)


def _content(
    form: SheetForm, ballot_form: BallotForm, batch: CodeBatch, rows: list[Keyed], lines: list[RawLine]
) -> SheetContent | None:
    data = form.cleaned_data
    kind = SheetKind(data["kind"])
    faults = [f"{row.section.name}：{row.error}" for row in rows if row.error]
    if kind != SheetKind.VALID and (lines or data["comment"].strip()):
        faults = [f"认定为“{kind.label}”的票不录入评议内容，请清空各格和意见，或者将认定改为“有效”。"]
    elif kind != SheetKind.VALID:
        return SheetContent(kind, reason=data["reason"].strip())
    try:
        comment = clean_comment(data["comment"], ballot_form.comment_length)
        vote = None if faults else validate_vote(ballot_form, batch.channel, lines, needs_ticks=False)
    except VoteErrors as errors:
        faults += errors.errors.values()
    for fault in faults:
        form.add_error(None, fault)
    return None if faults else SheetContent(kind, vote, comment)


def _status_text(sheet: PaperSheet) -> str:
    if sheet.kind:
        return f"第{sheet.number}号票已核定：{SheetKind(sheet.kind).label}。"
    if sheet.second:
        return f"第{sheet.number}号票两次录入不一致，已转第三人核对。"
    return f"第{sheet.number}号票已录入，请另一人再录一次。"


def _batch_page(pk: int) -> str:
    return reverse("admin:papers", args=[pk])
