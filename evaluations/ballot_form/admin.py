"""Service topics (办什么事) and manifestations (表象) on the staff site."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest

from departments.models import Section
from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballot_form.queries import forget_topics
from evaluations.ballot_form.rules.form import as_words, found_by
from nanchuan_eval.admin_site.model_admin import PolicyAdmin


@admin.register(ServiceTopic)
class ServiceTopicAdmin(PolicyAdmin):
    """Admin of service topics (办事事项)."""

    order = 7
    see_action = edit_action = delete_action = "round.edit"
    list_display = ["text", "words", "leads_to"]
    search_fields = ["text", "words"]

    @admin.display(description="当前匹配的科室")
    def leads_to(self, topic: ServiceTopic) -> str:
        return "、".join(found_by(as_words(topic.words), self.names)) or "没有匹配的科室，请更换关键词"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        self.names = list(Section.objects.active().order_by("code").values_list("name", flat=True))
        return super().get_queryset(request)

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:
        super().save_model(request, obj, form, change)
        forget_topics()

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        super().delete_model(request, obj)
        forget_topics()


@admin.register(Manifestation)
class ManifestationAdmin(PolicyAdmin):
    """Admin of manifestations (表象)."""

    order = 6
    see_action = "round.edit"
    edit_action = "round.edit"
    list_display = ["code", "indicator", "text", "is_active"]
    list_filter = ["indicator", "is_active"]
