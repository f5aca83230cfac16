"""Draws on the staff site: register, commitment, ceremony, drawn people and removals."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse

from evaluations.draws.admin import documents as draws_documents
from evaluations.draws.admin import signing as signing_pages
from evaluations.draws.approvals import (
    COMMIT,
    DRAWN_FOR_THE_ROUND,
    abandonment,
    removal_of,
    start_commitments,
    start_draw,
)
from evaluations.draws.forms import FurtherRoundForm, PlanForm, ReadingForm, RemovalForm, SigningForm
from evaluations.draws.models import Draw, DrawEntry, PlannedDraw
from evaluations.draws.pages.ceremony import ceremony_page, drawn_people
from evaluations.draws.services import ceremony
from evaluations.draws.services.commitment import COMMIT_ACTION, plan_draw, planned_draw
from evaluations.draws.services.removals import deliveries
from evaluations.rounds.admin_pages import round_page, show_round_form, staff_page
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt, perform
from nanchuan_eval.web.fields import ReasonForm
from nanchuan_eval.workspace.rules import Phase

# Buttons of the ceremony page: service and success message.
ACTS: dict[str, tuple[Callable[..., Any], str]] = {
    "run": (partial(start_draw, "draw.run"), "抽取已完成，请在场监督员用签名码签名。"),
    "publish": (partial(start_draw, "draw.publish"), "抽取证明已公开。"),
}
NEXT_ROUND = "next-round"


@admin.register(Draw)
class DrawAdmin(ReadOnlyAdmin):
    """Read-only draws (抽取), with the pages of each step."""

    phase = Phase.DRAWING
    order = 3
    when_empty = "抽取在轮次页面公布承诺后列入本页。"
    see_action = "draw.commit"
    list_display = ["round", "purpose", "status", "committed_at", "drawn_at", "published_at"]
    list_filter = ["status", "purpose"]
    list_select_related = ["round"]
    fields = [
        "round",
        "purpose",
        "status",
        "draw_id",
        "commit",
        "committed_at",
        "seeded_at",
        "seed",
        "drawn_at",
        "drawn_by",
        "published_at",
        "abandon_reason",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draw]:
        return super().get_queryset(request).defer("params", "result")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("round/<int:pk>/<str:purpose>/plan/", wrap(self.plan), name="draw-plan"),
            path("round/<int:pk>/commit/", wrap(self.commit), name="draw-commit"),
            path("<int:pk>/ceremony/", wrap(self.ceremony), name="draw-ceremony"),
            path("<int:pk>/act/<str:name>/", wrap(self.act), name="draw-act"),
            path("<int:pk>/abandon/", wrap(self.abandon), name="draw-abandon"),
            path("<int:pk>/people/", wrap(self.people), name="draw-people"),
            path("entry/<int:pk>/remove/", wrap(self.remove), name="draw-remove"),
            *draws_documents.urls(wrap),
            *signing_pages.urls(wrap),
            *super().get_urls(),
        ]

    def plan(self, request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
        """Announce a draw in the register, or change the announcement."""
        round_ = get_object_or_404(Round, pk=pk)
        if purpose not in DrawPurpose.values:
            return redirect(round_page(pk))
        policy.check_starts(account_of(request), COMMIT_ACTION[DrawPurpose(purpose)])
        known = planned_draw(round_, DrawPurpose(purpose))
        blank = PlannedDraw(round=round_, purpose=purpose)
        initial = {"place": known.place, "witnesses": known.witnesses} if known else None
        form = PlanForm(request.POST or None, instance=blank, initial=initial)

        def plan(*, reason: str, by: User, at: datetime, **_: object) -> object:
            return plan_draw(planned=form.instance, by=by, at=at, reason=reason)

        title = f"登记抽取公告：{DrawPurpose(purpose).label}"
        return show_round_form(request, round_, form, plan, title=title, back=round_page(pk))

    def commit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Commit the ticked draws of the round, or propose each by itself (POST only)."""
        asked = set(request.POST.getlist("purpose"))
        purposes = [purpose for purpose in DRAWN_FOR_THE_ROUND if purpose in asked]
        if request.method != "POST":
            return redirect(round_page(pk))
        service = partial(start_commitments, round_id=pk, purposes=purposes)
        return perform(request, service, done=_committed(len(purposes)), back=round_page(pk))

    def ceremony(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the ceremony page (for the projector) in five steps, with the form of the current step."""
        draw = get_object_or_404(Draw.objects.select_related("round", "planned"), pk=pk)
        user, at = account_of(request), clock.now()
        policy.check_sees(user, "draw.run")
        page = ceremony_page(draw, user, at)
        form = self._due_form(request, page)
        if request.method == "POST" and form is None:
            return perform(request, _refuse_entry, done="", back=reverse("admin:draw-ceremony", args=[pk]))
        if request.method == "POST" and form is not None and form.is_valid():
            if attempt(form, lambda: self._answer(draw, form, request)) is not None:
                return redirect("admin:draw-ceremony", pk)
            page = ceremony_page(Draw.objects.select_related("round", "planned").get(pk=pk), user, at)
        return staff_page(request, "draw/ceremony.html", draw.round, str(draw), page=page, draw=draw, form=form)

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Handle a button of the ceremony page (POST only)."""
        draw = get_object_or_404(Draw.objects.only("round_id", "purpose"), pk=pk)
        back = reverse("admin:draw-ceremony", args=[pk])
        if request.method == "POST" and name == NEXT_ROUND:
            return self._next_round(request, draw)
        if request.method != "POST" or name not in ACTS:
            return redirect(back)
        service, done = ACTS[name]
        return perform(request, partial(service, draw_id=pk), done=done, back=back)

    def _next_round(self, request: HttpRequest, draw: Draw) -> HttpResponse:
        """Start a further round; where its people get codes by the system, with the way they are sent."""
        back, delivery = reverse("admin:draw-ceremony", args=[draw.pk]), dict[str, str]()
        if draw.purpose == DrawPurpose.CLIENTS:  # started beside the returns it rests on
            back = reverse("admin:round-monitor", args=[draw.round_id]) + "#top-up"
        if draw.purpose in deliveries:
            form = FurtherRoundForm(request.POST)
            if not form.is_valid():
                messages.error(request, "请选择新抽中的人怎样得到票号，再启动追加抽取。")
                return redirect(back)
            delivery = form.delivery(request.build_absolute_uri("/").rstrip("/"))
        service = partial(start_draw, "draw.next_round", draw_id=draw.pk, **delivery)  # type: ignore[arg-type]
        return perform(request, service, done="追加抽取已启动。", back=back)

    def abandon(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Abandon the draw, with a public reason."""
        draw = get_object_or_404(Draw.objects.select_related("round"), pk=pk)
        approvals.check_may_start(account_of(request), abandonment(draw), draw)
        form, service = ReasonForm(request.POST or None), partial(start_draw, "draw.abandon", draw_id=pk)
        back = round_page(draw.round_id)
        return show_round_form(request, draw.round, form, service, title=f"作废抽取：{draw}", back=back)

    def people(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the drawn people by name, with links to remove them."""
        draw = get_object_or_404(Draw.objects.select_related("round"), pk=pk)
        user = account_of(request)
        policy.check_sees(user, "draw.names")
        people = drawn_people(draw, user, clock.now(), request.GET.dict())
        form = FurtherRoundForm() if draw.purpose in deliveries else None
        title = f"抽中人员：{draw}"
        return staff_page(request, "draw/people.html", draw.round, title, draw=draw, people=people, form=form)

    def remove(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove a drawn person; the next alternate takes the seat."""
        entry = get_object_or_404(DrawEntry.objects.select_related("draw__round", "person", "client"), pk=pk)
        action, person = removal_of(entry)
        policy.check_sees(account_of(request), "draw.names")
        approvals.check_may_start(account_of(request), action, person)

        def remove(*, reason: str, calls: list[date], **given: Any) -> object:
            days = [day.isoformat() for day in calls]
            return approvals.start(action, person, entry=pk, removal=reason, calls=days, **given)

        form, back = RemovalForm(request.POST or None), reverse("admin:draw-people", args=[entry.draw_id])
        title = f"移除并递补：{person.name}" + (f"（{entry.stratum}）" if entry.client else "")
        return show_round_form(request, entry.draw.round, form, remove, title=title, back=back)

    def _due_form(self, request: HttpRequest, page: Any) -> Any:
        if page.due_source is not None:
            number, source = page.due_source
            return ReadingForm(request.POST or None, number=number, source=source)
        return SigningForm(request.POST or None) if page.is_signing else None

    def _answer(self, draw: Draw, form: Any, request: HttpRequest) -> Any:
        user, at = account_of(request), clock.now()
        if isinstance(form, SigningForm):
            return ceremony.sign_draw(draw_id=draw.pk, code=form.cleaned_data["code"], at=at)
        return ceremony.enter_randomness(draw_id=draw.pk, reading=form.reading(), by=user, at=at)


def _committed(number: int) -> str:
    if policy.requires_approval(COMMIT):
        return f"已提请{number}项公布抽取承诺，由另一人逐项审批后生效。"
    return "承诺已公布，名单和参数不能再改。"


def _refuse_entry(*, by: User, at: datetime) -> None:
    policy.check(by, "draw.seed")
    raise RuleViolation("目前没有待录入的随机数和待签名的抽取，请刷新页面。")
