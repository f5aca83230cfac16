"""Base classes of the model admins."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from nanchuan_eval.admin_site.record_changes import edit_of, kind_of
from nanchuan_eval.admin_site.services import delete_record, save_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.http import parse_id
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.web.actions import account_of, attempt
from nanchuan_eval.web.fields import ADMIN_FIELDS
from nanchuan_eval.workspace.rules import Phase

# Suffixes that the admin's own filters and date hierarchies append to a declared field.
FILTER_LOOKUPS = frozenset({"exact", "in", "isnull", "id__exact", "gt", "gte", "lt", "lte", "year", "month", "day"})


class PolicyAdmin(admin.ModelAdmin[Any]):
    """Model admin whose permissions come from the policy table and whose changes go through one service."""

    # Where the list stands in the navigation.
    phase = Phase.SYSTEM
    # What the navigation calls it, if not by the model's name.
    menu = ""
    order = 99
    see_action = ""
    edit_action: str | None = None
    delete_action: str | None = None
    # The action linked in the list's last column, which is hidden from accounts that may not start it.
    link_action = ""
    # What an empty list says beside that it is empty: where its rows come from.
    when_empty = ""
    actions: Sequence[Any] | None = None
    formfield_overrides = ADMIN_FIELDS
    # Search in Python by the key of names, however they are written; for tables of some thousand rows.
    search_by_key = False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return isinstance(request.user, User) and policy.may_see(request.user, self.see_action)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return not getattr(request, "pending", ()) and self._may(request, self.edit_action)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, self.edit_action)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, self.delete_action)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return shown if not self.link_action or self._may(request, self.link_action) else shown[:-1]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the declared filters only: free lookups would disclose hidden fields."""
        declared = [item[0] if isinstance(item, tuple | list) else item for item in self.list_filter]
        names = {str(getattr(item, "parameter_name", item)) for item in (*declared, self.date_hierarchy) if item}
        return any(lookup == name or lookup.removeprefix(f"{name}__") in FILTER_LOOKUPS for name in names)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Find names by their keys (陈　刚: 陈刚): the whole term in a column, or each of its words in some column."""
        key, words = name_key(search_term), [name_key(word) for word in search_term.split()]
        if not key or not self.search_by_key:
            return super().get_search_results(request, queryset, search_term)
        rows = queryset.order_by().prefetch_related(None).values_list("pk", *self.get_search_fields(request)).iterator()
        found = {pk for pk, *texts in rows if _has(key, words, [name_key(str(text or "")) for text in texts])}
        return queryset.filter(pk__in=found), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return None for an id that is no number, or one too long for Python or the database."""
        is_numbered = isinstance(self.opts.pk, models.AutoField | models.BigAutoField) and not from_field
        return None if is_numbered and not parse_id(object_id) else super().get_object(request, object_id, from_field)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._refuse_unless(request, self.see_action, self.has_view_permission(request))
        title = self.opts.verbose_name_plural
        context = {
            "title": title,
            "when_empty": f"目前没有{title}。{self.when_empty}",
            **self._proposals(request, None),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form; read-only while a proposal about the record is pending, which is shown above it."""
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if object_id is None:
            self._refuse_unless(request, self.edit_action or self.see_action, self.has_add_permission(request))
        elif request.method == "POST":
            self._refuse_unless(request, self.edit_action or self.see_action, self.has_change_permission(request, obj))
        context = self._proposals(request, obj) if obj or object_id is None else {}
        context["is_proposed"] = self.is_proposed()
        if object_id is None:
            context["title"] = f"增加{self.opts.verbose_name}"
        request.pending = obj and context.get("proposals")  # type: ignore[attr-defined]  # for has_change_permission
        if request.pending and request.method == "POST":  # type: ignore[attr-defined]
            messages.error(request, "已有提请等待审批，审批之后方可再提请。")
            return redirect(request.path)
        context |= extra_context or {}
        answer = attempt(request, partial(super().changeform_view, request, object_id, form_url, context))
        return answer or redirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        self._refuse_unless(request, self.delete_action or self.see_action, self.has_delete_permission(request))
        answer = attempt(request, partial(super().delete_view, request, object_id, extra_context))
        return answer or redirect(self._list())

    def is_proposed(self) -> bool:
        """True if the form's changes need approval."""
        return policy.requires_approval(self.edit_action or "")

    def save_model(self, request: HttpRequest, obj: models.Model, form: ModelForm[Any], change: bool) -> None:
        """Save at once if no approval is needed; otherwise `save_related` proposes, with the inline rows."""
        if not self.is_proposed():
            save_record(
                obj,
                action=self.edit_action or "",
                by=account_of(request),
                at=clock.now(),
                changed=list(form.changed_data),
            )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if not self.is_proposed():
            super().save_related(request, form, formsets, change)
            return
        arguments = edit_of(form, formsets)
        for formset in formsets:
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # nothing is saved yet
        if change and not any(arguments.values()):
            raise RuleViolation("没有改动，不需要提请。")
        # The handler reads the row again under its lock; the form's instance already holds the new values.
        target = form.instance if change else kind_of(self.model)
        self._propose(request, "edit" if change else "add", target, **arguments)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        if policy.requires_approval(self.delete_action or ""):
            self._propose(request, "delete", obj)
        else:
            delete_record(obj, action=self.delete_action or "", by=account_of(request), at=clock.now())

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._proposed_response(request) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._proposed_response(request) or super().response_change(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        return self._proposed_response(request) or super().response_delete(request, obj_display, obj_id)

    def log_addition(self, *_: Any) -> Any:
        """Write nothing to Django's log: the audit log has every action, and what was only proposed."""

    log_change = log_deletions = log_addition  # type: ignore[assignment]

    def _propose(self, request: HttpRequest, action: str, target: models.Model, **arguments: Any) -> None:
        name = f"{self.model._meta.label_lower}.{action}"
        approvals.propose(name, target, by=account_of(request), at=clock.now(), **arguments)
        request.is_proposed = True  # type: ignore[attr-defined]  # read by the response methods

    def _proposed_response(self, request: HttpRequest) -> HttpResponse | None:
        if not getattr(request, "is_proposed", False):
            return None
        messages.success(request, approvals.PROPOSED)
        return redirect(self._list())

    def _proposals(self, request: HttpRequest, obj: models.Model | None) -> dict[str, Any]:
        """Return the pending proposals about the record, or about adding one."""
        if not policy.requires_approval(self.edit_action or ""):
            return {}
        return {"proposals": approvals.waiting_about(account_of(request), obj or kind_of(self.model))}

    def _list(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"

    def _refuse_unless(self, request: HttpRequest, action: str, may: bool) -> None:
        """Raise `Denied` with the action's name for the audit log; Django's PermissionDenied has none."""
        if not may:
            raise policy.Denied(account_of(request), action or "desk.enter", request.path)

    def _may(self, request: HttpRequest, action: str | None) -> bool:
        return bool(action) and isinstance(request.user, User) and policy.may_start(request.user, action or "")


class ReadOnlyAdmin(PolicyAdmin):
    """Read-only list of records that only services change."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def _has(key: str, words: Sequence[str], texts: Sequence[str]) -> bool:
    return any(key in text for text in texts) or all(any(word in text for text in texts) for word in words)
