"""Filters that several lists share."""

from typing import Any

from django.contrib import admin


class RoundFilter(admin.RelatedFieldListFilter):
    """轮次."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "轮次"
