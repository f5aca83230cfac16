"""Departments and sections at the desk, with the import of the whole roster."""

from typing import Any

from django.contrib import admin
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from departments.imports import RosterImportMixin
from departments.models import Department, Section, SectionChange, Tenure
from nanchuan_eval.desk import PolicyAdmin, ReadOnlyAdmin, staff
from nanchuan_eval.records import delete_record, save_record


@admin.register(Department)
class DepartmentAdmin(PolicyAdmin):
    """部门单位."""

    order = 1
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = ["code", "name", "kind", "is_vertical", "chief_leader", "leader_in_charge", "is_active"]
    list_filter = ["kind", "is_vertical", "is_active"]
    search_fields = ["code", "name"]


class TenureInline(admin.TabularInline[Tenure, Section]):
    """任职: edited with the section under the same right."""

    model = Tenure
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # whoever sees the section

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.get_model_admin(Section).has_change_permission(request)

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Section)
class SectionAdmin(RosterImportMixin, PolicyAdmin):
    """科室."""

    order = 2
    see_action = "roster.view"
    edit_action = "roster.edit"
    list_display = ["code", "department", "name", "service_kind", "is_active"]
    list_filter = ["service_kind", "is_active", "department"]
    list_select_related = ["department"]
    search_fields = ["code", "name", "department__name"]
    inlines = [TenureInline]

    def save_formset(self, request: HttpRequest, form: ModelForm[Any], formset: BaseFormSet[Any], change: bool) -> None:
        rows = formset.save(commit=False)  # type: ignore[attr-defined]  # the inlines' formsets are of models
        by, at = staff(request), timezone.now()
        for tenure in rows:
            save_record(tenure, action="roster.edit", by=by, at=at, changed=["tenure"])
        for tenure in formset.deleted_objects:  # type: ignore[attr-defined]
            delete_record(tenure, action="roster.edit", by=by, at=at)


@admin.register(SectionChange)
class SectionChangeAdmin(ReadOnlyAdmin):
    """科室沿革."""

    order = 3
    see_action = "roster.view"
    list_display = ["on", "kind", "earlier_department_name", "earlier_name", "later"]
    list_filter = ["kind"]
    list_select_related = ["later__department"]
