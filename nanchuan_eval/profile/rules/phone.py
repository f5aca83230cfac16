"""The telephone of the office (评议办联系电话): whether a text can be dialled."""

import re
import unicodedata

# Numbers side by side, as on a letterhead.
BETWEEN = re.compile(r"[、,;/]|\s或\s?|或")
EXTENSION = re.compile(r"(?:转|分机)\s?[0-9]{1,6}$")
WRITTEN = re.compile(r"\+?[0-9][0-9 ()-]*[0-9]|\([0-9]{3,5}\)[0-9 -]*[0-9]")
# From a hotline such as 12345 to a number with the country's code.
FEWEST, MOST = 5, 14


def phone_faults(text: str) -> list[str]:
    """Return in Chinese why no citizen could call this number; empty if it can be dialled."""
    if not text.strip():
        return ["评议办联系电话还没有填写。群众投票遇到问题时，须有电话可以咨询。"]
    if all(_is_number(number) for number in _numbers(text)):
        return []
    return [f"评议办联系电话“{text}”不像电话号码，请填写能够拨通的号码，如 0000-12345678；有几个号码的，用顿号隔开。"]


def dialled(text: str) -> str:
    """Return the digits of the first number, without an extension, as a telephone link takes them."""
    first = EXTENSION.sub("", _numbers(text)[0])
    return "".join(c for c in first if c in "+0123456789")


def _numbers(text: str) -> list[str]:
    return [number.strip() for number in BETWEEN.split(unicodedata.normalize("NFKC", text).strip())]


def _is_number(text: str) -> bool:
    bare = EXTENSION.sub("", text).strip()
    return bool(WRITTEN.fullmatch(bare)) and FEWEST <= sum(c.isdigit() for c in bare) <= MOST
