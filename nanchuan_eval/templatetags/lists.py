"""Template tags for change lists."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def labelled(cells: Sequence[SafeString], headers: Sequence[dict[str, Any]]) -> SafeString:
    """Return a change-list row with `data-label` on every cell: on phones rows are cards without a header."""
    row = SafeString()
    for cell, header in zip(cells, headers, strict=False):
        label = SafeString(f' data-label="{escape(strip_tags(str(header["text"])))}" class=')
        row += SafeString(cell.replace(" class=", label, 1))
    return row
