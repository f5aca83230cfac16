"""How a number format shows a number, as far as lists need it: 2019.1 shown as 2019.10 is another month."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

# Texts around the digits: quoted, escaped, or characters that need neither.
_LITERAL = r'(?:"[^"]*"|\\.|[-()+ /年月日])*'
# Digits with thousands separators and decimals; of the parts by sign only the first.
_PLAIN = re.compile(rf"(?P<before>{_LITERAL})(?P<whole>[#0,]*[#0])(?:\.(?P<decimals>0+))?(?P<after>{_LITERAL})")
# Widths, fillings, colours and conditions, which show no character of their own.
_NO_TEXT = re.compile(r'("[^"]*"|\\.)|_.|\*.|\[[^]]*\]')
# What is no placeholder in a format of dates: texts, escaped characters, colours and languages.
_NO_LETTERS = re.compile(r'"[^"]*"|\\.|\[[^]]*\]')
_QUOTED = re.compile(r'"[^"]*"|\\.')
# A year and a month typed as a number: Excel drops the last 0 of 2019.10.
_YEAR_AND_TEN = re.compile(r"(?:19|20)\d\d\.1")


def other_reading(text: str, number_format: str) -> str:
    """Return how a number is shown, or may have been typed, if not as its text; otherwise ""."""
    shown = displayed(text, number_format)
    return shown if shown != text else lost_zero(text)


def lost_zero(text: str) -> str:
    """Return 2019.10 for 2019.1, which a spreadsheet program makes of it; "" for any other text."""
    return f"{text}0" if _YEAR_AND_TEN.fullmatch(text) else ""


def displayed(text: str, number_format: str) -> str:
    """Return a number's text as its format shows it; the text itself for formats other than digits and decimals."""
    found = _PLAIN.fullmatch(_NO_TEXT.sub(r"\1", number_format.split(";", maxsplit=1)[0]))
    if found is None:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    decimals = len(found["decimals"] or "")
    shown = f"{abs(number):{',' if ',' in found['whole'] else ''}.{decimals}f}"
    whole, point, rest = shown.partition(".")
    shown = whole.zfill(found["whole"].count("0")) + point + rest
    return f"{_literal(found['before'])}{'-' if number < 0 else ''}{shown}{_literal(found['after'])}"


def shows_month_only(number_format: str) -> bool:
    """True if a format of dates shows year and month but no day."""
    return _parts(number_format) == {"y", "m"}


def other_day(day: date, number_format: str) -> str:
    """Return how a day is shown if its format leaves out more than the year, or brings digits of its own; or ""."""
    parts = _parts(number_format)
    if parts == {"y", "m"}:
        return "" if day.day == 1 else f"{day:%Y-%m}"
    if {"m", "d"} <= parts and not any(map(str.isdigit, "".join(_QUOTED.findall(number_format)))):
        return ""
    shown = {frozenset("m"): f"{day.month}月", frozenset("y"): f"{day.year}年"}
    return shown.get(frozenset(parts), f"“{number_format}”格式的内容")


def _parts(number_format: str) -> set[str]:
    """Return which of year, month and day a format of dates shows; m beside hours or seconds means minutes."""
    letters = _NO_LETTERS.sub("", number_format.split(";", maxsplit=1)[0].lower())
    minutes = re.compile(r"h+[^a-z]*m+|m+[^a-z]*s")
    return set(minutes.sub("", letters)) & set("ymd")


def _literal(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted.replace('"', ""))
