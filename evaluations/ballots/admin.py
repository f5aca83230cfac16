"""Opinions (评议意见) on the staff site, and redacting them; no page shows a ballot."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evaluations.ballots.models import Comment
from evaluations.ballots.services import REDACT, start_redaction
from evaluations.rounds.admin_pages import show_round_form
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.workspace.rules import Phase


class RedactionForm(forms.Form):
    """Words of a comment to redact (遮盖意见)."""

    notice = ""
    words = forms.CharField(
        label="要遮盖的文字",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="照意见原文填写，每行一处，如姓名、电话、住址；只遮盖，不改写",
    )


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """Read-only comments of ballots (评议意见), with redaction."""

    phase = Phase.COUNTING
    order = 5
    see_action = "comment.view"
    link_action = REDACT
    list_display = ["text", "round", "redact_link"]
    list_filter = ["round"]
    list_select_related = ["round"]
    fields = ["round", "text"]

    @admin.display(description="办理")
    def redact_link(self, comment: Comment) -> SafeString:
        return format_html('<a href="{}">遮盖</a>', reverse("admin:comment-redact", args=[comment.pk]))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("<uuid:pk>/redact/", wrap(self.redact), name="comment-redact"), *super().get_urls()]

    def redact(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Redact names and numbers in an opinion: proposed by a clerk, approved by a chief."""
        user = account_of(request)
        if not policy.may_start(user, REDACT):
            raise policy.Denied(user, REDACT)
        comment = get_object_or_404(Comment.objects.select_related("round"), pk=pk)
        form = RedactionForm(request.POST or None)
        form.notice = f"意见原文：{comment.text}"

        def redact(*, words: str, **given: Any) -> object:
            return start_redaction(comment_id=pk, words=words.splitlines(), **given)

        return show_round_form(
            request,
            comment.round,
            form,
            redact,
            title="提请遮盖意见" if policy.requires_approval(REDACT) else "遮盖意见",
            back=reverse("admin:evaluations_comment_changelist"),
        )
