"""Filters of the desk that show what a stored code means."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions import policy


class NamedFilter(admin.SimpleListFilter):
    """Filter by a field's values that occur, by their Chinese names."""

    def name(self, value: str) -> str:
        """Return what a value is called."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Iterator[tuple[str, str]]:
        occurring = model_admin.model._default_manager.order_by().values_list(self.parameter_name, flat=True).distinct()
        yield from sorted(((value, self.name(value)) for value in occurring), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(**{str(self.parameter_name): value}) if value else queryset


def action_label(value: str) -> str:
    """Return what the policy table calls an act; an act it no longer knows keeps its code."""
    return policy.action_name(value) if policy.is_known(value) else value


class ActionFilter(NamedFilter):
    """By act, as the policy table names it."""

    title, parameter_name = "操作", "action"

    def name(self, value: str) -> str:
        return action_label(value)


class RoleFilter(NamedFilter):
    """By the role in which it was done."""

    title, parameter_name = "角色", "role"

    def name(self, value: str) -> str:
        return policy.role_name(value) or "未授权"


class StateFilter(admin.SimpleListFilter):
    """By the state of a proposal; what waits comes first, everything only when asked for."""

    title, parameter_name = "状态", "state"
    EVERY = "all"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [*((state.value, str(state.label)) for state in Approval.State), (self.EVERY, "全部")]

    def value(self) -> str:
        return super().value() or Approval.State.PENDING.value

    def choices(self, changelist: Any) -> Iterator[Any]:
        own = super().choices(changelist)
        next(own)  # Django's “全部”, which would be the same as no choice
        return own

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() == self.EVERY else queryset.filter(state=self.value())
