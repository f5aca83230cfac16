"""Tables on the staff's pages: heads that sort, search, filters, pages, and the workbook of what is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import urlencode

from nanchuan_eval.audit import services as audit
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.pinyin import finds, initials, text_key
from nanchuan_eval.tables import rules
from nanchuan_eval.tables.rules import Asked, Column, Kind, Row
from nanchuan_eval.tables.workbooks import table_workbook
from nanchuan_eval.web.actions import account_of
from nanchuan_eval.web.downloads import download

EXPORT = "export"  # the field of the button that names the table
CLASSES = {Kind.NUMBER: "number", Kind.DAY: "day", Kind.MOMENT: "day"}


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table as its page states it; `notes` stand in the workbook above the rows (演示数据)."""

    name: str
    title: str
    columns: Sequence[Column[Row]]
    rows: Sequence[Row]
    caption: str = ""
    empty: str = "暂无记录。"
    notes: Sequence[str] = ()
    css: Callable[[Row], str] | None = None  # of a row
    is_compact: bool = False


@dataclass(frozen=True)
class Head:
    """A column's head: the address that sorts by it, and how the table is sorted by it now."""

    label: str
    css: str
    href: str = ""
    aria_sort: str = ""


@dataclass(frozen=True)
class Cell:
    """What one cell shows."""

    label: str
    text: str
    css: str
    is_head: bool
    row: Any
    href: str = ""
    tag: str = ""
    warning: str = ""
    notes: tuple[str, ...] = ()
    term: Any = None
    term_name: str = ""
    template: str = ""


@dataclass(frozen=True)
class Filter:
    """A column's values to choose from."""

    name: str
    label: str
    chosen: str
    choices: list[tuple[str, str]]  # with the initials by which they are found


class TablePage(Generic[Row]):
    """One table as its page's address asks for it; the first of a page has parameters without a prefix."""

    def __init__(self, table: Table[Row], query: QueryDict, *, is_first: bool = True, may_export: bool = True) -> None:
        self.table = table
        self.may_export = may_export
        self.prefix = "" if is_first else f"{table.name}-"
        given = {name: str(value) for name, value in query.items()}
        self.asked = rules.read_asked(given, table.columns, self.prefix)
        own = {f"{self.prefix}{name}" for name in ("sort", "q", "page", *(c.key for c in table.columns))}
        self.others = [(name, value) for name, value in given.items() if name not in own and name != EXPORT]

    @cached_property
    def found(self) -> list[Row]:
        """All rows asked for, of all pages."""
        table = self.table
        return rules.arrange(table.rows, table.columns, self.asked, text_key=text_key, finds=finds)

    @cached_property
    def _page(self) -> tuple[int, int]:
        return rules.cut(len(self.found), self.asked)

    @property
    def number(self) -> int:
        """The page shown."""
        return self._page[0]

    @property
    def pages(self) -> int:
        """The number of pages."""
        return self._page[1]

    @property
    def has_tools(self) -> bool:
        """True if there is something to search or filter."""
        return len(self.table.rows) > rules.FEW or self.asked.is_narrowed

    @property
    def lines(self) -> list[tuple[str, list[Cell]]]:
        """The rows of this page, each with its class."""
        first = (self.number - 1) * rules.PAGE_LENGTH
        shown = self.found[first : first + rules.PAGE_LENGTH]
        css = self.table.css
        return [(css(row) if css else "", [_cell(column, row) for column in self.table.columns]) for row in shown]

    @property
    def heads(self) -> list[Head]:
        """The heads of the columns."""
        return [self._head(column) for column in self.table.columns]

    @cached_property
    def filters(self) -> list[Filter]:
        """The columns to filter by that have more than one value."""
        chosen = dict(self.asked.chosen)
        found = [
            Filter(
                f"{self.prefix}{column.key}",
                column.label,
                chosen.get(column.key, ""),
                [(text, "".join(initials(text))) for text in rules.choices_of(self.table.rows, column, text_key)],
            )
            for column in self.table.columns
            if column.is_choice
        ]
        return [each for each in found if len(each.choices) > 1 or each.chosen]

    @property
    def orders(self) -> list[tuple[str, str]]:
        """The orders to choose from where the heads are not shown (phones)."""
        sortable = [column for column in self.table.columns if column.is_sortable]
        both = [((c.key, f"{c.label}，升序"), (f"-{c.key}", f"{c.label}，降序")) for c in sortable]
        return [pair for pairs in both for pair in pairs]

    @property
    def here(self) -> str:
        """The query of this table as shown, for the button that exports it."""
        return self._address(self.asked)

    @property
    def everything(self) -> str:
        """The address of all rows in this order."""
        return self._address(Asked(sort=self.asked.sort, is_descending=self.asked.is_descending))

    @property
    def previous(self) -> str:
        """The address of the page before; nothing on the first one."""
        return self._address(self.asked, self.number - 1) if self.number > 1 else ""

    @property
    def following(self) -> str:
        """The address of the next page; nothing on the last one."""
        return self._address(self.asked, self.number + 1) if self.number < self.pages else ""

    def workbook(self) -> bytes:
        """Return the rows asked for as .xlsx."""
        return table_workbook(self.table.title, self.table.columns, self.found, self.asked, self.table.notes)

    def _head(self, column: Column[Row]) -> Head:
        css = " ".join(filter(None, (CLASSES.get(column.kind, ""), "minor" if column.is_minor else "")))
        if not column.is_sortable:
            return Head(column.label, css)
        is_by_this = self.asked.sort == column.key
        is_up = is_by_this and not self.asked.is_descending
        asked = Asked(column.key, is_up, self.asked.text, self.asked.chosen)
        return Head(
            column.label,
            css,
            self._address(asked),
            ("ascending" if is_up else "descending") if is_by_this else "",
        )

    def _address(self, asked: Asked, page: int = 1) -> str:
        own = rules.parameters(asked, self.prefix) | ({f"{self.prefix}page": str(page)} if page > 1 else {})
        return f"?{urlencode([*self.others, *own.items()])}#{self.table.name}"


def show_tables(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    tables: Sequence[Table[Any]],
    *,
    action: str,
    status: int = 200,
) -> HttpResponse:
    """Answer a page with tables, or the workbook of the one whose button was pressed.

    `action` is the right under which an export is logged, as a rule the one by which the page is seen; "" allows none.
    """
    pages = [
        TablePage(table, request.GET, is_first=not number, may_export=bool(action))
        for number, table in enumerate(tables)
    ]
    wanted = [page for page in pages if page.table.name == request.POST.get(EXPORT)]
    if wanted and action:
        return export_table(request, wanted[0], action=action)
    named = {page.table.name: page for page in pages}
    return render(request, template, {**context, "tables": named}, status=status)


def is_export(request: HttpRequest) -> bool:
    """True if the button of a table was pressed, on a page that is also posted for something else."""
    return EXPORT in request.POST


def export_table(request: HttpRequest, page: TablePage[Any], *, action: str) -> HttpResponse:
    """Answer the workbook of a table; the export is logged and its number stands on every page."""
    title = page.table.title
    with audit.exporting(action, None, by=account_of(request), at=clock.now(), what=title):
        return download(page.workbook(), f"{title}.xlsx")


def _cell(column: Column[Row], row: Row) -> Cell:
    text = rules.shown_text(column, row)
    classes = (
        CLASSES.get(column.kind, ""),
        "minor" if column.is_minor else "",
        column.css(row) if column.css else "",
    )
    return Cell(
        label=column.label,
        text=text or column.blank,
        css=" ".join(filter(None, classes)),
        is_head=column.is_head,
        row=row,
        href=column.href(row) if column.href else "",
        tag=column.tag(row) if column.tag else "",
        warning=column.warning(row) if column.warning else "",
        notes=tuple(note for note in column.notes(row) if note) if column.notes else (),
        term=column.term(row) if column.term else None,
        term_name=column.term_name,
        template=column.template,
    )
