"""抽取 at the desk."""

import json

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from evaluations.admin.acts import act, attempt
from evaluations.admin.forms import RandomnessForm
from evaluations.models import Draw
from evaluations.services.draw import enter_randomness, run_draw
from nanchuan_eval.desk import ReadOnlyAdmin, staff


@admin.register(Draw)
class DrawAdmin(ReadOnlyAdmin):
    """抽取."""

    order = 3
    see_action = "draw.commit"
    list_display = ["round", "purpose", "status", "committed_at", "drawn_at"]
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
    ]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/randomness/", wrap(self.randomness), name="draw-randomness"),
            path("<int:pk>/run/", wrap(self.run), name="draw-run"),
            *super().get_urls(),
        ]

    def randomness(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Type in what dice and lottery showed."""
        draw = get_object_or_404(Draw.objects.select_related("round"), pk=pk)
        form = RandomnessForm(request.POST or None, sources=json.loads(draw.params)["randomness"])
        user, at = staff(request), timezone.now()
        if request.method == "POST" and form.is_valid():
            if attempt(form, lambda: enter_randomness(draw_id=pk, numbers=form.numbers(), by=user, at=at)):
                messages.success(request, "随机数已录入，种子已确定。")
                return redirect(_round_page(draw))
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "round": draw.round,
            "title": f"录入随机数：{draw}",
        }
        return render(request, "admin/evaluations/round/act.html", context)

    def run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw (POST only)."""
        draw = get_object_or_404(Draw, pk=pk)
        if request.method != "POST":
            return redirect(_round_page(draw))
        user, at = staff(request), timezone.now()
        return act(
            request,
            lambda: run_draw(draw_id=pk, by=user, at=at),
            done="抽取完成，证明已生成。",
            back=_round_page(draw),
        )


def _round_page(draw: Draw) -> str:
    return reverse("admin:evaluations_round_change", args=[draw.round_id])
