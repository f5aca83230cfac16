"""Admin filters that show the Chinese names of stored codes."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy


class NamedFilter(admin.SimpleListFilter):
    """Filter by the values that occur in a field, shown by their Chinese names."""

    def name(self, value: str) -> str:
        """Return the Chinese name of a value."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterator[tuple[str, str]]:
        occurring = model_admin.model._default_manager.order_by().values_list(self.parameter_name, flat=True).distinct()
        yield from sorted(((value, self.name(value)) for value in occurring), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


def action_label(value: str) -> str:
    """Return the action's name in the policy table; an action that it no longer has keeps its code."""
    return policy.action_name(value) if policy.is_known(value) else value


class ActionFilter(NamedFilter):
    """By action, with its name in the policy table."""

    title, parameter_name = "操作", "action"

    def name(self, value: str) -> str:
        return action_label(value)


class RoleFilter(NamedFilter):
    """By the actor's role."""

    title, parameter_name = "角色", "role"

    def name(self, value: str) -> str:
        return policy.role_name(value) or "未授权"


class StateFilter(admin.SimpleListFilter):
    """By state of the proposal; pending ones are the default."""

    title, parameter_name = "状态", "state"
    EVERY = "all"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [*((state.value, str(state.label)) for state in Approval.State), (self.EVERY, "全部")]

    def value(self) -> str:
        return super().value() or Approval.State.PENDING.value

    def choices(self, changelist: Any) -> Iterator[Any]:
        own = super().choices(changelist)
        next(own)  # Django's own “全部”: no value means pending here
        return own

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == self.EVERY else queryset.filter(state=self.value())
