"""Reading the years whose holidays are complete, and what is entered for each year."""

from datetime import date

from django.http import HttpRequest
from django.utils import timezone

from nanchuan_eval.workdays.models import CompleteYear, Holiday, once
from nanchuan_eval.workdays.rules import Declared, Entry, Term, Year, dated, hint, in_chinese, term_of, with_hint

# Attribute of a request in which a page keeps the years it has read.
KEPT = "_complete_years"


def declared_years() -> Declared:
    """Return the complete years, each with the day since which it stands as it is (one query)."""
    rows = once("years", lambda: list(CompleteYear.objects.values_list("year", "declared_at", "changed_at")))
    return {year: max((timezone.localdate(at) for at in moments if at), default=date.min) for year, *moments in rows}


def declared_for(request: HttpRequest | None) -> Declared:
    """Return the complete years, read once in a request."""
    if request is None:
        return declared_years()
    if not hasattr(request, KEPT):
        setattr(request, KEPT, declared_years())
    found: Declared = getattr(request, KEPT)
    return found


def hint_of(term: Term | None, what: str = "期限") -> str:
    """Return the hint of a single term (one query)."""
    return hint(term, declared_years(), what) if term else ""


def dated_now(term: Term) -> str:
    """Return the last day of a single term in Chinese, with its hint (one query)."""
    return dated(term, declared_years())


def with_hint_of(text: str, term: Term | None) -> str:
    """Return a text about a single term with its hint (one query)."""
    return with_hint(text, term, declared_years()) if term else text


def coming_term(days: int, on: date, what: str) -> str:
    """Return in Chinese how long a term will be, and its last day if it starts on that day."""
    if not days:
        return "没有（评议规则定为0个工作日）"
    last = dated_now(term_of(on, days, Holiday.objects.calendar()))
    return f"{days}个工作日；{in_chinese(on)}{what}的，至{last}止；以后{what}的，从{what}之日起算"


def year_of(number: int) -> Year:
    """Return what is entered for a year (one query)."""
    return years({number})[number]


def years(numbers: set[int]) -> dict[int, Year]:
    """Return what is entered for the years, and for every other year with an entry (one query)."""
    found: dict[int, list[Entry]] = {number: [] for number in numbers}
    for day, name, is_workday in Holiday.objects.order_by("day").values_list("day", "name", "is_workday"):
        found.setdefault(day.year, []).append(Entry(day, name, is_workday))
    return {number: Year(number, tuple(entries)) for number, entries in sorted(found.items(), reverse=True)}
