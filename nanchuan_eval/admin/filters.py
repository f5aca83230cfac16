"""Filters of the desk that show what a stored code means."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from nanchuan_eval import policy


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


class ActionFilter(NamedFilter):
    """By act, as the policy table names it."""

    title, parameter_name = "操作", "action"

    def name(self, value: str) -> str:
        return policy.action_name(value) if policy.is_known(value) else value


class RoleFilter(NamedFilter):
    """By the role in which it was done."""

    title, parameter_name = "角色", "role"

    def name(self, value: str) -> str:
        return policy.role_name(value) or "未授权"
