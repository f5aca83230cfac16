"""How long names are, and how they are cut where a picture has room for so much only."""

from unicodedata import east_asian_width

LETTER = 14  # height and width of a Chinese character in a picture, --text-plot
LONGEST_NAME = 24  # Chinese characters count double: the labels beside the rows of a picture


def units(text: str) -> int:
    """Return the length of a text, Chinese characters counting double."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def text_width(text: str) -> int:
    """Return the width of a label in a picture, generously."""
    return LETTER * units(text) // 2 + 2


def short_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Return the name, cut with an ellipsis if it is longer."""
    if units(name) <= longest:
        return name
    end = max(n for n in range(len(name)) if units(name[:n]) <= longest - 2)
    return f"{name[:end]}…"
