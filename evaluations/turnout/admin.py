"""Monitoring of returns (回收监测) on the staff site: counts of codes, alerts, labels, reminders."""

from functools import partial

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.services.open_channel import BEFORE_COUNTING, review_alert
from evaluations.draws.forms import FurtherRoundForm
from evaluations.paper_ballots.documents import labels
from evaluations.pools.queries import contact_of
from evaluations.rounds.admin_pages import show_round_form
from evaluations.rounds.models import Round
from evaluations.rounds.queries import profile_of
from evaluations.sealing.documents import seal_record
from evaluations.turnout.pages import client_returns, monitor_page, returns_table
from evaluations.turnout.services import people_for_labels, remind_stratum
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core import export_numbers
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets.csv_files import csv_chunks
from nanchuan_eval.tables.pages import show_tables
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.downloads import download
from nanchuan_eval.web.fields import TextField


class ReviewForm(forms.Form):
    """Review of unusual numbers of codes taken online."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2_000_000_000)
    review = TextField(
        label="核查情况",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="填写核查内容和结论，例如：镇服务大厅集中领票，属正常情况。已领取的票号仍然有效",
    )


class MonitorPages(PolicyAdmin):
    """Monitoring page of a round and its downloads, mixed into the admin of rounds."""

    def monitor(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show returns by channel, batch, stratum and day."""
        user = account_of(request)
        policy.check_sees(user, "round.monitor")
        round_ = get_object_or_404(Round, pk=pk)
        monitor = monitor_page(round_)
        clients = client_returns(round_, monitor.batches, clock.now())
        context = {
            **self.admin_site.each_context(request),
            "round": round_,
            "monitor": monitor,
            "clients": clients,
            "proposals": approvals.waiting_about(user, clients.draw) if clients else [],
            "further_round": FurtherRoundForm(),
            "may_draw": policy.may_start(user, "draw.redraw"),
            "may_issue": policy.may_start(user, "cred.print"),
            "may_enter_paper": policy.may_see(user, "cred.void"),
            "may_review": round_.state in BEFORE_COUNTING and policy.may_propose(user, "ballot.invalid"),
            "may_remind": round_.accepts(clock.now()) and policy.may(user, "pool.unmask"),
            "title": "回收监测",
        }
        tables = [returns_table(clients.lines)] if clients else []
        return show_tables(request, "admin/evaluations/round/monitor.html", context, tables, action="round.monitor")

    def review_alert(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record the review of an alert about claimed codes."""
        policy.check_proposes(account_of(request), "ballot.invalid")
        alert = get_object_or_404(OpenClaimAlert.objects.select_related("batch__round"), pk=pk)
        return show_round_form(
            request,
            alert.batch.round,
            ReviewForm(request.POST or None, initial={"seen": alert.times}),
            partial(review_alert, alert_id=pk),
            title=f"核查{alert}（{alert.times}次）",
            back=reverse("admin:round-monitor", args=[alert.batch.round_id]),
        )

    def labels(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print envelope labels (POST only)."""
        back = reverse("admin:round-monitor", args=[pk])
        if request.method != "POST":
            return redirect(back)
        by, at = account_of(request), clock.now()
        reason = request.POST.get("reason", "")
        people = attempt(request, partial(people_for_labels, round_id=pk, reason=reason, by=by, at=at))
        if people is None:
            return redirect(back)
        entry = audit.entry_of(by=by, at=at)
        office = profile_of(Round.objects.get(pk=pk)).office
        return download(labels(people, office, at), export_numbers.numbered_filename("labels.pdf", entry.seq))

    def seal_record(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Print the 封箱记录 of a sealed box."""
        policy.check_sees(account_of(request), "round.close")
        round_ = get_object_or_404(Round.objects.exclude(closing=""), pk=pk)
        return download(seal_record(round_, clock.now()), f"seal-record-{round_.key}.pdf")

    def remind(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download the list for a reminder (POST only)."""
        back = reverse("admin:round-monitor", args=[pk])
        if request.method != "POST":
            return redirect(back)
        stratum, reason = request.POST.get("stratum", ""), request.POST.get("reason", "")
        round_, by, at = get_object_or_404(Round, pk=pk), account_of(request), clock.now()
        people = attempt(request, partial(remind_stratum, round_id=pk, stratum=stratum, reason=reason, by=by, at=at))
        if people is None:
            return redirect(back)
        until = timezone.localtime(round_.closes_at)
        text = (
            f"【{profile_of(round_).sign}】您被抽中参加{round_.name}最难办事科室群众评，"
            f"请于{until:%-m月%-d日%H:%M}前凭评议票上的票号参加评议。已评议的，请忽略本短信。"
        )
        name = export_numbers.numbered_filename(f"reminder-{round_.key}.csv", audit.entry_of(by=by, at=at).seq)
        return _csv([(person.name, contact_of(person), text) for person in people], name)


def _csv(rows: list[tuple[str, str, str]], name: str) -> HttpResponse:
    return download(b"".join(csv_chunks(("姓名", "手机号", "短信"), rows)), name)
