"""What is typed and comes from outside."""

LONGEST_ID = 18  # digits that every database's identifier holds


def parse_id(text: str) -> int:
    """Return the row number that a request names, or 0, which names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID else 0


def is_unstorable(text: str) -> bool:
    """Say whether no database can store the text: NUL, or the sign Django puts for undecodable bytes."""
    return "\x00" in text or "\ufffd" in text
