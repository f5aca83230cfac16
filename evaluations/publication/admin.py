"""结果 and 公示 in the staff site: main problems can be edited, scores and ranks cannot."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest

from evaluations.publication.models import Publication
from evaluations.publication.services import EDITABLE, edit_problems, needs_assent
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.tally.models import SectionResult
from evaluations.tally.rules.main_problems import is_greedy
from nanchuan_eval.admin_site.model_admin import PolicyAdmin, ReadOnlyAdmin
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.workspace.rules import Phase


class ProblemsForm(ModelForm[SectionResult]):
    """主要问题, in the office's own words."""

    def clean_main_problems(self) -> str:
        """Refuse an empty text, and one that needs the commission's assent."""
        text = str(self.cleaned_data["main_problems"]).strip()
        asked = questionnaire_of(self.instance.round.rulebook)
        if is_greedy(text, asked):
            raise ValidationError(needs_assent(asked))
        if not text:
            raise ValidationError("主要问题不能为空。")
        return text


@admin.register(SectionResult)
class SectionResultAdmin(PolicyAdmin):
    """Results of sections (科室结果), where the main problems are written."""

    phase = Phase.COUNTING
    order = 7
    form = ProblemsForm
    see_action = "tally.view"
    edit_action = "publish.draft"
    list_display = ["rank", "section", "label", "shown_difficulty", "vote_count", "main_problems"]
    list_filter = ["round", "is_listed", "label"]
    list_select_related = ["section"]
    fields = ["section", "rank", "label", "difficulty", "vote_count", "main_problems"]
    readonly_fields = ["section", "rank", "label", "difficulty", "vote_count"]

    @admin.display(description="难办指数", ordering="difficulty")
    def shown_difficulty(self, result: SectionResult) -> str:
        return "—" if result.difficulty is None else f"{result.difficulty:.2f}"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        editable = obj is None or (obj.is_listed and RoundState(obj.round.state) in EDITABLE)
        return editable and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        edit_problems(result_id=obj.pk, text=obj.main_problems, by=account_of(request), at=clock.now())


@admin.register(Publication)
class PublicationAdmin(ReadOnlyAdmin):
    """Read-only published versions of notices (公示)."""

    phase = Phase.PUBLISHING
    order = 8
    when_empty = "公示经审批后列入本页。"
    see_action = "publish.draft"
    list_display = ["round", "version", "published_at", "approved_by", "content_sha256"]
    list_select_related = ["round", "approved_by"]
    fields = ["round", "version", "reason", "published_at", "approved_by", "content_sha256"]
