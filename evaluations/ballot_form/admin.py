"""Service topics (办什么事) and manifestations (表象) on the staff site."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from evaluations.ballot_form.approvals import NAME
from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballot_form.queries import active_places, as_topic, known_topics
from evaluations.ballot_form.rules.topics import in_words, warnings
from evaluations.ballot_form.services import ACTION
from evaluations.ballot_form.workbooks import topics_workbook
from evaluations.rounds.queries import questionnaire_in_use
from nanchuan_eval.admin_site.model_admin import PolicyAdmin
from nanchuan_eval.permissions import policy
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.downloads import download
from nanchuan_eval.workspace.rules import Phase


@admin.register(ServiceTopic)
class ServiceTopicAdmin(PolicyAdmin):
    """Admin of service topics (办事事项)."""

    phase = Phase.PREPARING
    order = 7
    see_action = edit_action = delete_action = "round.edit"
    list_display = ["text", "synonyms", "leads_to"]
    search_fields = ["text", "synonyms", "words", "departments"]
    fields = ["text", "synonyms", "words", "departments", "note"]
    change_list_template = "admin/evaluations/servicetopic/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="service-topics-export")
        return [export, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse:
        """Download all topics as a workbook, to edit and to import again."""
        policy.check_sees(account_of(request), self.see_action)
        return download(topics_workbook(), "办事事项.xlsx")

    @admin.display(description="当前可查到的科室")
    def leads_to(self, topic: ServiceTopic) -> str:
        if not self.places:
            return "名录为空，导入名录后显示"
        return in_words(as_topic(topic), self.places)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        self.places = active_places()
        return super().get_queryset(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._refuse_unless(request, self.see_action, self.has_view_permission(request))
        for warning in warnings(known_topics(), active_places()):
            messages.warning(request, warning)
        may = policy.may_start(account_of(request), ACTION)
        context = {"import_address": reverse("list-new", args=[NAME]) if may else ""}
        return super().changelist_view(request, {**context, **(extra_context or {})})


class IndicatorFilter(admin.SimpleListFilter):
    """Manifestations by indicator, named as the newest round names it."""

    title, parameter_name = "指标", "indicator"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return list(questionnaire_in_use(with_draft=True).names.items())

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(indicator=self.value()) if self.value() else queryset


@admin.register(Manifestation)
class ManifestationAdmin(PolicyAdmin):
    """Admin of manifestations (表象)."""

    phase = Phase.PREPARING
    order = 6
    see_action = "round.edit"
    edit_action = "round.edit"
    list_display = ["code", "indicator_name", "text", "is_active"]
    list_filter = [IndicatorFilter, "is_active"]

    @admin.display(description="指标", ordering="indicator")
    def indicator_name(self, sign: Manifestation) -> str:
        return self.names[sign.indicator]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        self.names = questionnaire_in_use(with_draft=True).names
        return super().get_queryset(request)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "indicator":
            kwargs["choices"] = [("", "请选择"), *questionnaire_in_use(with_draft=True).names.items()]
        return super().formfield_for_choice_field(db_field, request, **kwargs)
