"""Pages as tests compare them: without the line breaks and indentation of the templates' layout."""

import re


def compact(page: str) -> str:
    """Return the page with one blank for each run of white space, and none beside a tag."""
    return re.sub(r"\s*(<[^>]*>)\s*", lambda found: found[1].replace(" >", ">"), re.sub(r"[ \n]+", " ", page))
