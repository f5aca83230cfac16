"""Letters and messages on the staff site (发送情况): making, printing, trying again, a reminder, the stop list."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from evaluations.messages.forms import DeliverForm, StopForm
from evaluations.messages.pages import sending_page
from evaluations.messages.services.gateways import sends_messages
from evaluations.messages.services.letters import print_letters, requeue_failed
from evaluations.messages.services.making import deliver_new
from evaluations.messages.services.receipts import resume_number, stop_number
from evaluations.messages.services.reminders import remind_all
from evaluations.rounds.admin_pages import show_round_form, staff_page
from evaluations.rounds.models import Round
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core import export_numbers
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.downloads import download

SECRET = sensitive_post_parameters()
STOP = {"add": ("登记退订号码", stop_number), "remove": ("取消退订", resume_number)}


class MessagePages(PolicyAdmin):
    """Pages about the letters and messages of a round, mixed into the admin of rounds."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/messages/", wrap(self.messages), name="round-messages"),
            path("<int:pk>/messages/make/", wrap(self.make_messages), name="round-messages-make"),
            path("<int:pk>/messages/letters.pdf", wrap(self.letters), name="round-letters"),
            path("<int:pk>/messages/retry/", wrap(self.retry_messages), name="round-messages-retry"),
            path("<int:pk>/messages/remind/", wrap(self.remind_all), name="round-messages-remind"),
            path("<int:pk>/messages/stop/<slug:change>/", wrap(SECRET(self.stop_list)), name="round-messages-stop"),
            *super().get_urls(),
        ]

    def messages(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how many letters and messages are where."""
        user = account_of(request)
        if not policy.may_see(user, "cred.print"):
            policy.check_sees(user, "round.monitor")
        round_ = get_object_or_404(Round, pk=pk)
        page = sending_page(round_, user, clock.now(), _site(request))
        return staff_page(request, "messages/sending.html", round_, "发送情况", page=page)

    def make_messages(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the codes that are lacking and the messages and letters with them, in one act."""
        policy.check_starts(account_of(request), "cred.print")
        round_ = get_object_or_404(Round, pk=pk)
        initial = {"site": _site(request), "purposes": ["clients"], "way": "sms"}
        form = DeliverForm(request.POST or None, initial=initial, has_gateway=sends_messages())

        def deliver(*, way: str, **given: object) -> str:
            return str(deliver_new(round_id=pk, letters_only=way == "letters", **given))  # type: ignore[arg-type]

        return show_round_form(request, round_, form, deliver, title="生成票号和通知", back=_page(pk))

    @sensitive_variables()
    def letters(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Download the next letters, once (POST only)."""
        if request.method != "POST":
            return redirect(_page(pk))
        by, at = account_of(request), clock.now()
        given = {"round_id": pk, "most": settings.LETTER_PART, "by": by, "at": at}
        printed = attempt(request, partial(print_letters, **given))
        if printed is None:
            return redirect(_page(pk))
        name = export_numbers.numbered_filename("letters.pdf", audit.entry_of(by=by, at=at).seq)
        response = download(printed.pdf, name)
        response["Cache-Control"] = "no-store"
        return response

    def retry_messages(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Queue the failed messages again, or turn them into letters (POST only)."""
        if request.method != "POST":
            return redirect(_page(pk))
        service = partial(requeue_failed, round_id=pk, as_letters="letters" in request.POST)
        return perform(request, service, back=_page(pk), done="")

    def remind_all(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Queue the reminder for everybody (POST only)."""
        if request.method != "POST":
            return redirect(_page(pk))
        if set(request.POST) - {"csrfmiddlewaretoken"}:
            messages.error(request, "催评只能发给收到短信而尚未催评的全部人员，不能挑选：系统不知道谁已提交。")
            return redirect(_page(pk))
        return perform(request, partial(remind_all, round_id=pk), back=_page(pk), done="")

    def stop_list(self, request: HttpRequest, pk: int, change: str) -> HttpResponse:
        """Put a phone on the stop list, or take it off."""
        policy.check_starts(account_of(request), "cred.print")
        round_ = get_object_or_404(Round, pk=pk)
        if change not in STOP:
            return redirect(_page(pk))
        title, service = STOP[change]
        return show_round_form(request, round_, StopForm(request.POST or None), service, title=title, back=_page(pk))


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _page(pk: int) -> str:
    return reverse("admin:round-messages", args=[pk])
