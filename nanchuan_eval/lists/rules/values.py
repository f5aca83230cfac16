"""Values of cells as people write them: phone numbers, days and months, whole numbers, codes."""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

EARLIEST_YEAR, LATEST_YEAR = 1950, 2100
MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Country code of China, as people write it in front of a mobile number.
_COUNTRY = re.compile(r"(?:\+?86|0086)(?=1[3-9][0-9]{9}$)")
_TRAILING_ZERO = re.compile(r"\.0+$")
_BETWEEN_CODES = re.compile(r"[\s,，、;；/|]+")
_MIDNIGHT = re.compile(r"[ T]0{1,2}:00(:00)?(\.0+)?$")
_COMPACT_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})?")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})[日号]?|月份?)?")
_BLANKS_BETWEEN = re.compile(r"(?<=\d)\s+(?=\d)")
_WEEKDAY = re.compile(r"[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?$")
_MINUS = "−"  # a mathematical sign, not one of Unicode's dashes


@dataclass(frozen=True)
class Span:
    """A day, or all days of a month if only the month is written."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        """True if a single day is meant."""
        return self.first == self.last

    @property
    def days(self) -> list[date]:
        """All days, the first and the last included."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        month = f"{self.first.year}年{self.first.month}月"
        if self.is_day:
            return f"{month}{self.first.day}日"
        is_whole = self.first.day == 1 and (self.last + timedelta(days=1)).day == 1
        return month if is_whole else f"{month}{self.first.day}日至{self.last.month}月{self.last.day}日"


def half_width(text: str) -> str:
    """Return a code, number or date in half width, every kind of dash as a hyphen."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join("-" if _is_dash(c) else c for c in folded).strip()


def phone(text: str) -> str:
    """Return the 11 digits of a mobile number, or "" if it is none; +86, blanks, hyphens and brackets are dropped."""
    digits = "".join(c for c in half_width(text).lstrip("'") if c not in "-()" and not c.isspace())
    digits = _COUNTRY.sub("", _TRAILING_ZERO.sub("", digits))
    return digits if MOBILE.fullmatch(digits) else ""


def day(text: str) -> Span | None:
    """Return the day of 2026-12-1, 2026/12/1, 20261201, 2026年12月1日, the month of 2026年12月, 2026-12, or None."""
    plain = _WEEKDAY.sub("", _MIDNIGHT.sub("", half_width(text))).strip()
    plain = "".join(_BLANKS_BETWEEN.sub("-", plain).split()).rstrip(".")
    found = _COMPACT_DAY.fullmatch(plain) or _DAY.fullmatch(plain)
    if found is None:
        return None
    year, month, number = (int(part) if part else None for part in found.groups())
    if year is None or month is None or not (EARLIEST_YEAR <= year <= LATEST_YEAR and 1 <= month <= 12):
        return None
    last = calendar.monthrange(year, month)[1]
    if number is None:
        return Span(date(year, month, 1), date(year, month, last))
    return Span(date(year, month, number), date(year, month, number)) if 1 <= number <= last else None


def number(text: str) -> int | None:
    """Return a whole number that is not negative, also one written as 3.0; None if it is none."""
    digits = _TRAILING_ZERO.sub("", half_width(text))
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def codes(text: str) -> tuple[str, ...]:
    """Return the codes of a cell, separated by blanks, commas, semicolons or 、, each once."""
    return tuple(dict.fromkeys(filter(None, _BETWEEN_CODES.split(half_width(text)))))


def _is_dash(character: str) -> bool:
    return character == _MINUS or unicodedata.category(character) == "Pd"
