"""Comparison of pages regardless of the white space in templates."""

import re


def compact(page: str) -> str:
    """Collapse white space to single blanks, and remove it beside tags."""
    return re.sub(r"\s*(<[^>]*>)\s*", lambda found: found[1].replace(" >", ">"), re.sub(r"[ \n]+", " ", page))
