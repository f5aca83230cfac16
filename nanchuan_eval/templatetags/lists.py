"""What the desk's lists need beside Django's own tags."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def labelled(cells: Sequence[SafeString], headers: Sequence[dict[str, Any]]) -> SafeString:
    """Return a row of a list whose cells say what they are: on a phone the row is a card without a head."""
    row = SafeString()
    for cell, header in zip(cells, headers, strict=False):
        label = SafeString(f' data-label="{escape(strip_tags(str(header["text"])))}" class=')
        row += SafeString(cell.replace(" class=", label, 1))
    return row
