"""Admin of departments, sections and their changes."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest

from departments.models import Department, Section, SectionChange, Tenure
from departments.reforms.admin import ReformMixin
from departments.roster.admin import RosterImportMixin
from nanchuan_eval.admin_site.model_admin import PolicyAdmin, ReadOnlyAdmin
from nanchuan_eval.admin_site.services import delete_record, save_record
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.web.actions import account_of

LISTS = {"all": ["css/roster.css"]}


@admin.register(Department)
class DepartmentAdmin(PolicyAdmin):
    """Admin of departments (单位)."""

    order = 1
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = ["code", "name", "kind", "managed", "chief_leader", "leader_in_charge", "is_active"]
    list_filter = ["kind", "is_vertical", "is_active"]
    search_fields = ["code", "name", "chief_leader", "leader_in_charge"]

    class Media:
        css: ClassVar = LISTS

    @admin.display(description="垂直管理", ordering="is_vertical")
    def managed(self, department: Department) -> str:
        return "垂直管理" if department.is_vertical else ""


class TenureInline(admin.TabularInline[Tenure, Section]):
    """任职: edited with the section, under the same permission."""

    model = Tenure
    extra = 0

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
class SectionAdmin(RosterImportMixin, ReformMixin):
    """Admin of sections (科室), with import and reforms."""

    order = 2
    form = SectionForm
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = ["code", "department", "name", "service_kind", "head", "is_active"]
    list_filter = ["service_kind", "is_active", "department"]
    list_select_related = ["department"]
    list_per_page = 200
    search_fields = ["code", "name", "department__name", "tenures__name"]
    inlines = [TenureInline]
    change_form_template = "admin/departments/section/change_form.html"

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

    order = 3
    see_action = "roster.view"
    list_display = ["on", "kind", "earlier_department_name", "earlier_name", "later", "note"]
    list_filter = ["kind"]
    search_fields = ["earlier_name", "earlier_department_name", "later__name", "note"]
    change_list_template = "admin/departments/sectionchange/change_list.html"

    class Media:
        css: ClassVar = LISTS

    list_select_related = ["later__department"]
