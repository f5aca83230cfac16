"""Template tags for tables and definition lists."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString

register = template.Library()


@register.inclusion_tag("shared/_columns.html")
def columns(*names: str) -> dict[str, list[tuple[str, bool]]]:
    """Render the head of a table; a name with # before it heads a column of numbers."""
    return {"columns": [(name.removeprefix("#"), name.startswith("#")) for name in names]}


@register.inclusion_tag("shared/_fact.html")
def fact(label: str, value: object, *, is_code: bool = False) -> dict[str, object]:
    """Render one line of a definition list; digests and seeds are code."""
    return {"label": label, "value": value, "is_code": is_code}


@register.simple_tag
def labelled(cells: Sequence[SafeString], headers: Sequence[dict[str, Any]]) -> SafeString:
    """Return a change-list row with `data-label` on every cell: on phones rows are cards without a header."""
    row = SafeString()
    for cell, header in zip(cells, headers, strict=False):
        label = SafeString(f' data-label="{escape(strip_tags(str(header["text"])))}" class=')
        row += SafeString(cell.replace(" class=", label, 1))
    return row
