"""How a table is sorted, searched, filtered and cut into pages by its address.

Everything goes by what is shown: what a page suppresses cannot be found by sorting, searching or filtering.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from django.db.models import TextChoices

Value = str | int | Decimal | date | datetime | None
Row = TypeVar("Row")

LONGEST_SEARCH = 40
PAGE_LENGTH = 50
FEW = 5  # rows that one sees at a glance: search and filters are left out


class Kind(Enum):
    """What a column holds; it decides alignment, order and the format in the workbook."""

    TEXT = auto()
    NUMBER = auto()
    DAY = auto()
    MOMENT = auto()


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column, stated once: what it shows, how it sorts, whether it filters, how wide it is in the workbook.

    `value` is what is shown and exported: a suppressed figure is a text there (少于5) or None.
    """

    key: str
    label: str
    value: Callable[[Row], Value]
    kind: Kind = Kind.TEXT
    # The order if the shown text has another one than pinyin: the roster's, a workflow's. Never a hidden figure.
    sort: Callable[[Row], Any] | None = None
    digits: int | None = None  # of a decimal; None: as many as it has
    blank: str = "—"
    is_head: bool = False
    is_choice: bool = False
    is_minor: bool = False  # left out on phones
    is_sortable: bool = True
    is_exported: bool = True
    href: Callable[[Row], str] | None = None
    tag: Callable[[Row], str] | None = None  # the state by which the text is coloured
    warning: Callable[[Row], str] | None = None  # 已逾期
    notes: Callable[[Row], Iterable[str]] | None = None  # small lines below
    term: Callable[[Row], Any] | None = None  # the term in working days whose hint stands beside the day
    term_name: str = "期限"
    css: Callable[[Row], str] | None = None
    template: str = ""  # of a cell with more than text, such as a button
    width: float = 0


def state_column(states: type[TextChoices], **more: Any) -> Column[Any]:
    """Return the column of a row's `state`, sorted as the workflow goes, coloured and to be chosen from."""
    order = list(states.values)
    return Column(
        "state",
        "状态",
        lambda row: row.get_state_display(),
        sort=lambda row: order.index(row.state),
        is_choice=True,
        tag=lambda row: row.state,
        **more,
    )


@dataclass(frozen=True)
class Asked:
    """What the address asks of a table; an empty value asks for nothing."""

    sort: str = ""
    is_descending: bool = False
    text: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        """True if rows may be left out."""
        return bool(self.text or self.chosen)

    @property
    def terms(self) -> list[str]:
        """The words searched for, all of which must be found."""
        return self.text.replace("，", " ").replace("、", " ").split()

    @property
    def order(self) -> str:
        """The order as the address gives it."""
        return f"-{self.sort}" if self.is_descending else self.sort


def read_asked(query: Mapping[str, str], columns: Sequence[Column[Row]], prefix: str = "") -> Asked:
    """Read the parameters of one table; unknown columns and pages that are no numbers are ignored."""
    order = query.get(f"{prefix}sort", "")
    key = order.removeprefix("-")
    known = key in {column.key for column in columns if column.is_sortable}
    given = [(c.key, query.get(f"{prefix}{c.key}", "").strip()) for c in columns if c.is_choice]
    page = query.get(f"{prefix}page", "")
    return Asked(
        sort=key if known else "",
        is_descending=known and order.startswith("-"),
        text=" ".join(query.get(f"{prefix}q", "").split())[:LONGEST_SEARCH],
        chosen=tuple((key, value) for key, value in given if value),
        page=int(page) if page.isascii() and page.isdigit() and len(page) <= len("999999") else 1,
    )


def parameters(asked: Asked, prefix: str = "") -> dict[str, str]:
    """Return the parameters that ask for the same, without the page."""
    own = {"sort": asked.order, "q": asked.text, **dict(asked.chosen)}
    return {f"{prefix}{name}": value for name, value in own.items() if value}


def arrange(
    rows: Iterable[Row],
    columns: Sequence[Column[Row]],
    asked: Asked,
    *,
    text_key: Callable[[str], Any],
    finds: Callable[[Sequence[str], str], bool],
) -> list[Row]:
    """Return the rows asked for in their order; equal ones stay as they were, blank ones stand last either way."""
    by_key = {column.key: column for column in columns}
    wanted = [(by_key[key], value) for key, value in asked.chosen if key in by_key]
    left = [row for row in rows if all(shown_text(column, row) == value for column, value in wanted)]
    if asked.text:
        left = [row for row in left if _has_all(row, columns, asked.terms, finds)]
    return sort_rows(left, by_key[asked.sort], asked, text_key) if asked.sort in by_key else left


def sort_rows(rows: Sequence[Row], column: Column[Row], asked: Asked, text_key: Callable[[str], Any]) -> list[Row]:
    """Return the rows by one column."""
    keyed = [(sort_key(column, row, text_key), row) for row in rows]
    filled = [(key, row) for key, row in keyed if key is not None]
    filled.sort(key=lambda pair: pair[0], reverse=asked.is_descending)
    return [row for _, row in filled] + [row for key, row in keyed if key is None]


def sort_key(column: Column[Row], row: Row, text_key: Callable[[str], Any]) -> Any:
    """Return what a row is sorted by; None for what is blank or, among numbers and days, shown as a text (少于5)."""
    value = column.value(row)
    if value is None or value == "" or (isinstance(value, str) and column.kind != Kind.TEXT):
        return None
    if column.sort is not None:
        return column.sort(row)
    return text_key(value) if isinstance(value, str) else value


def choices_of(rows: Iterable[Row], column: Column[Row], text_key: Callable[[str], Any]) -> list[str]:
    """Return the values to choose from, in the column's order."""
    first: dict[str, Row] = {}
    for row in rows:
        if text := shown_text(column, row):
            first.setdefault(text, row)
    keyed = [(sort_key(column, row, text_key), text) for text, row in first.items()]
    return [text for _, text in sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0])]


def shown_text(column: Column[Row], row: Row) -> str:
    """Return the value as a page writes it; nothing if it is blank."""
    value = column.value(row)
    if isinstance(value, datetime):
        return f"{value.year}年{value.month}月{value.day}日 {value:%H:%M}"
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, Decimal):
        return f"{value:f}" if column.digits is None else f"{value:.{column.digits}f}"
    return "" if value is None else str(value)


def all_texts(column: Column[Row], row: Row) -> list[str]:
    """Return all that a cell shows in words."""
    warning = column.warning(row) if column.warning else ""
    notes = column.notes(row) if column.notes else ()
    return [text for text in (shown_text(column, row), warning, *notes) if text]


def cut(count: int, asked: Asked, length: int = PAGE_LENGTH) -> tuple[int, int]:
    """Return the page, as near as there is one to the page asked for, and the number of pages."""
    pages = max(1, -(-count // length))
    return min(max(asked.page, 1), pages), pages


def _has_all(
    row: Row, columns: Sequence[Column[Row]], terms: Sequence[str], finds: Callable[[Sequence[str], str], bool]
) -> bool:
    texts = [text for column in columns for text in all_texts(column, row)]
    return all(finds(texts, term) for term in terms)
