"""Admin of departments, sections and their changes."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.utils.functional import cached_property

from departments.models import Department, Section, SectionChange, Tenure
from departments.reforms.admin import DepartmentReforms, SectionReforms
from departments.roster.admin import RosterImportMixin
from nanchuan_eval.admin_site.model_admin import ReadOnlyAdmin
from nanchuan_eval.admin_site.services import delete_record, save_record
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.names.rules.others import with_former
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.fields import CLEAN_TEXT
from nanchuan_eval.workspace.rules import Phase

LISTS = {"all": ["css/roster.css"]}


class DepartmentForm(ModelForm[Department]):
    """单位: for corrections; a corrected name is kept as a former name, by which lists may still call the unit."""

    class Meta:
        help_texts: ClassVar = {
            "name": "此处只更正错字，原名称记入曾用名；机构改革后更名、合并的，用上方的按钮办理，以保留沿革记录。",
            "short_names": "名单中可能使用的其他名称，用顿号分开，如：公安、警察局。不得与其他单位的名称相同",
            "former_names": "更名、合并以前的名称，用顿号分开；单位更名、合并时自动记入，也可以补填",
            "is_active": "暂时不参评的去掉勾选；并入其他单位的，用“单位合并”办理。",
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance.pk and {"name", "former_names"} <= set(data):
            data["former_names"] = with_former(data["former_names"], self.instance.name, data["name"])
        return data

    @cached_property
    def changed_data(self) -> list[str]:
        """The fields that were changed, by hand or by keeping the old name."""
        kept = self.cleaned_data.get("former_names", "") if self.is_bound and hasattr(self, "cleaned_data") else ""
        changed: list[str] = super().changed_data
        is_kept = "former_names" in self.fields and kept and kept != self.initial.get("former_names", "")
        return [*changed, "former_names"] if is_kept and "former_names" not in changed else changed


@admin.register(Department)
class DepartmentAdmin(DepartmentReforms):
    """Admin of departments (单位)."""

    phase = Phase.PREPARING
    order = 1
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = [
        "code",
        "name",
        "short_names",
        "former_names",
        "kind",
        "managed",
        "chief_leader",
        "leader_in_charge",
        "is_active",
    ]
    list_filter = ["kind", "is_vertical", "is_active"]
    search_fields = ["code", "name", "short_names", "former_names", "chief_leader", "leader_in_charge"]
    search_by_key = True
    form = DepartmentForm
    fields = [
        *("code", "name", "short_names", "former_names", "kind", "is_vertical", "superior"),
        *("chief_leader", "leader_in_charge", "is_active"),
    ]

    class Media:
        css: ClassVar = LISTS

    @admin.display(description="垂直管理", ordering="is_vertical")
    def managed(self, department: Department) -> str:
        return "垂直管理" if department.is_vertical else ""


class TenureInline(admin.TabularInline[Tenure, Section]):
    """任职: edited with the section, under the same permission."""

    model = Tenure
    extra = 0
    formfield_overrides = CLEAN_TEXT

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # anybody who sees the section

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.get_model_admin(Section).has_change_permission(request)

    has_change_permission = has_delete_permission = has_add_permission


class SectionForm(ModelForm[Section]):
    """科室: for corrections only; reforms record changes that belong to the history."""

    class Meta:
        help_texts: ClassVar = {
            "name": "此处只更正错字；机构改革后使用新名称的，请通过“更名”办理，以保留沿革记录。",
            "department": "此处只更正填写错误；改由其他单位管理的，请通过“转隶”办理，以保留沿革记录。",
            "is_active": "暂时不参评的去掉勾选；撤销、合并、拆分的用相应的按钮办理。",
        }


@admin.register(Section)
class SectionAdmin(RosterImportMixin, SectionReforms):
    """Admin of sections (科室), with import and reforms."""

    phase = Phase.PREPARING
    order = 2
    when_empty = "请点“导入名录”，提请审批后导入。"
    form = SectionForm
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = ["code", "department", "name", "service_kind", "head", "is_active"]
    list_filter = ["service_kind", "is_active", "department"]
    list_select_related = ["department"]
    list_per_page = 200
    search_fields = [
        *("code", "name", "tenures__name"),
        *("department__name", "department__short_names", "department__former_names"),
    ]
    search_by_key = True
    inlines = [TenureInline]

    class Media:
        css: ClassVar = LISTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Section]:
        return Section.objects.with_heads()

    @admin.display(description="现任负责人", ordering="serving", empty_value="（未填）")
    def head(self, section: Any) -> str | None:
        return section.serving  # type: ignore[no-any-return]  # annotated

    def save_formset(self, request: HttpRequest, form: ModelForm[Any], formset: BaseFormSet[Any], change: bool) -> None:
        rows = formset.save(commit=False)  # type: ignore[attr-defined]  # the inlines' formsets are of models
        by, at = account_of(request), clock.now()
        for tenure in rows:
            save_record(tenure, action="roster.edit", by=by, at=at, changed=["tenure"])
        for tenure in formset.deleted_objects:  # type: ignore[attr-defined]
            delete_record(tenure, action="roster.edit", by=by, at=at)


@admin.register(SectionChange)
class SectionChangeAdmin(ReadOnlyAdmin):
    """Read-only lineage of sections (科室沿革)."""

    phase = Phase.PREPARING
    order = 3
    see_action = "roster.view"
    list_display = ["on", "kind", "earlier_department_name", "earlier_name", "later", "note"]
    list_filter = ["kind"]
    search_fields = ["earlier_name", "earlier_department_name", "later__name", "note"]
    search_by_key = True
    change_list_template = "admin/departments/sectionchange/change_list.html"

    class Media:
        css: ClassVar = LISTS

    list_select_related = ["later__department"]
