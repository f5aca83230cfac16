"""Numbers that come from outside."""

LONGEST_ID = 18  # digits that every database's identifier holds


def typed_id(text: str) -> int:
    """Return the row number that a request names, or 0, which names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0
