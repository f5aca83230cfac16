"""Codes and receipts as people paste them: out of a message, a note or an address, with what stood around them."""

import re
import unicodedata

from evaluations.protocol.codes import normalize_code, normalize_receipt

# Format characters (zero width, BOM, directions of text), control characters, marks that hang on a letter.
INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Co", "Mn", "Me"})
QUOTES = frozenset("\"'`´‘’‚‛“”„‟′″‵‶«»‹›「」『』〝〞〟＂＇")
# What people write before the number, with a colon or without.
LABEL = re.compile(r"^.*?(?:票号|票號|回执号|回執號)(?:是|为)?")


def read_code(text: str) -> str:
    """Return the 20 characters of a typed or pasted code."""
    return normalize_code(without_wrapping(text))


def read_receipt(text: str) -> str:
    """Return the 20 characters of a typed or pasted receipt."""
    return normalize_receipt(without_wrapping(text))


def without_wrapping(text: str) -> str:
    """Return a pasted number without invisible characters, quotes, a label before it and punctuation around it."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in INVISIBLE)
    bare = "".join(c for c in seen if c not in QUOTES)
    # The address in a QR code ends with the number.
    number = LABEL.sub("", bare.rpartition("#")[2])
    first = next((at for at, c in enumerate(number) if _counts(c)), len(number))
    last = next((at for at in range(len(number), 0, -1) if _counts(number[at - 1])), 0)
    return number[first:last]


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] not in "PSZ"
