"""Reading of every list typed by people: finds the header row, types the cells, reports all faults at once."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nanchuan_eval.core.faults import Fault, shortened
from nanchuan_eval.lists.rules import values
from nanchuan_eval.lists.rules.columns import Column, Kind, heading_key, labels
from nanchuan_eval.names.rules.keys import name_key, unprintable

HEADER_WITHIN = 20  # rows with content
MOST_NAMED = 20  # row numbers that a notice names
# Sheets of the downloaded template beside the one that is filled in.
TEMPLATE_SHEETS = ("填写示例", "填写说明")


NUMBERS = frozenset({"序号", "编号", "no", "no."})
LEAST_HEADINGS = 2  # of a second header row
_TOTAL = re.compile(r"(合计|总计|共计|小计)([:：]|$|\s*\d)")
_REMARK = re.compile(r"((填表|制表|审核|填报|经办|复核|负责|联系)(人|单位|日期|时间)?|备注|说明|注)\d*([:：]|\s|$)")
# Excel takes codes such as 5-1 for days.
_DAY_FOR_CODE = re.compile(r"\d{4}-\d{2}(-\d{2})?")


class SourceRow(Protocol):
    """A row of a file (`nanchuan_eval.spreadsheets.Row`)."""

    @property
    def sheet(self) -> str: ...

    @property
    def number(self) -> int: ...

    @property
    def cells(self) -> Sequence[str]: ...

    @property
    def is_hidden(self) -> bool: ...

    @property
    def is_struck(self) -> bool: ...

    @property
    def in_hidden_sheet(self) -> bool: ...

    @property
    def doubtful(self) -> Sequence[tuple[int, str]]: ...


class TableError(ValueError):
    """The file is rejected; `faults` holds every fault with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Record:
    """One row: typed values by column key; an empty cell is "", None for a date or number, () for codes."""

    where: str
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Table:
    """The rows of a list, the columns it has, and what staff should know about the file (`notices`)."""

    records: tuple[Record, ...]
    columns: frozenset[str]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Carried:
    """Columns whose empty cells repeat the row above, as in merged cells, while the columns `by` stay the same."""

    by: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


def read_table(
    rows: Iterable[SourceRow], columns: Sequence[Column], *, carried: Carried = Carried(), what: str = "人员"
) -> Table:
    """Return the list's rows with typed values; raises `TableError` with every fault of the file.

    `what` = what a row stands for, for the message about an empty list.
    """
    reader = _Reader(columns, carried)
    for sheet in _by_sheet(rows, reader.notices):
        reader.read(sheet)
    if not reader.records and not reader.faults:
        reader.faults.append(Fault("", f"文件中没有{what}，请核对文件内容。", "没有内容"))
    if reader.faults:
        raise TableError(reader.faults)
    return Table(tuple(reader.records), frozenset(reader.found), tuple(reader.notices))


def place(row: SourceRow) -> str:
    """Return sheet and row number as in the spreadsheet program; of a CSV file, the file's name."""
    return f"{_sheet_name(row.sheet)}第{row.number}行"


def _by_sheet(rows: Iterable[SourceRow], notices: list[str]) -> list[list[SourceRow]]:
    sheets: dict[str, list[SourceRow]] = {}
    hidden: list[str] = []
    for row in rows:
        if row.in_hidden_sheet:
            hidden.append(row.sheet)
        elif any(cell.strip() for cell in row.cells):
            sheets.setdefault(row.sheet, []).append(row)
    notices += [f"工作表“{sheet}”是隐藏的，没有读取。" for sheet in dict.fromkeys(hidden)]
    skipped = [sheet for sheet in TEMPLATE_SHEETS if sheet in sheets and len(sheets) > 1]
    notices += [f"工作表“{sheet}”是模板的说明，没有读取。" for sheet in skipped]
    return [lines for sheet, lines in sheets.items() if sheet not in skipped]


@dataclass
class _Reader:
    """Collects the records and faults of all sheets."""

    columns: Sequence[Column]
    carried: Carried
    records: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    found: set[str] = field(default_factory=set)

    def read(self, rows: Sequence[SourceRow]) -> None:
        """Read one sheet."""
        header = Header.best(rows, self.columns)
        faults = list(header.faults(self.columns))
        if faults:
            self.faults += faults
            return
        self.found |= set(header.places)
        self.faults += passed_over(rows[header.index :], header, self.columns)
        below: dict[str, str] = {}
        read: list[SourceRow] = []
        for row in rows[header.index + 1 :]:
            texts = {key: _cell(row.cells, at) for key, at in header.places.items()}
            if not any(texts.values()) or header.is_repeated(texts, self.columns):
                continue
            if _is_other_header(row, self.columns):
                text = "又是一行表头，列的次序与上面的不同，请分成两张工作表，或者合并为一个表。"
                self.faults.append(Fault(place(row), text, "又有一行表头"))
                return
            if footer := footer_of(texts, self.columns):
                self.notices.append(f"{place(row)}“{shortened(footer)}”是表尾的说明，没有读取。")
                continue
            read.append(row)
            texts = self._with_carried(texts, below)
            below = {key: texts[key] for key in self.carried.keys if key in texts}
            self._take(row, texts, header.places)
        if unread := _unread(rows[header.index], header):
            self.notices.append(f"{_sheet_name(header.sheet)}没有读取的列：{unread}。")
        self.notices += _notices(read)

    def _with_carried(self, texts: dict[str, str], above: Mapping[str, str]) -> dict[str, str]:
        if any(texts.get(key, "") not in ("", above.get(key)) for key in self.carried.by):
            return texts
        return texts | {key: text for key, text in above.items() if not texts.get(key)}

    def _take(self, row: SourceRow, texts: Mapping[str, str], places: Mapping[str, int]) -> None:
        where, doubtful, typed = place(row), dict(row.doubtful), {}
        faults: list[Fault] = []
        for column in self.columns:
            text = texts.get(column.key, "")
            problem = _text_problem(column, text, doubtful.get(places.get(column.key, -1), ""))
            value = None if problem else _TYPED[column.kind](column, text)
            if not problem and text and value is None:
                problem = _wrong_value(column, text)
            if problem:
                faults.append(Fault(where, *problem))
            typed[column.key] = value
        self.faults += faults
        if not faults:
            self.records.append(Record(where, typed))


@dataclass(frozen=True)
class Header:
    """The header row of a sheet: its place among the rows, the column of each field, several columns of one field."""

    sheet: str
    index: int
    number: int
    places: Mapping[str, int]
    double: Mapping[str, tuple[str, ...]]

    @classmethod
    def best(cls, rows: Sequence[SourceRow], columns: Sequence[Column]) -> "Header":
        """Return the first row with all required columns, or else the one with most columns."""
        headers = [cls.of(index, row, columns) for index, row in enumerate(rows[:HEADER_WITHIN])]
        whole = next((one for one in headers if not one.lacking(columns)), None)
        return whole or max(headers, key=lambda one: len(one.places))

    @classmethod
    def of(cls, index: int, row: SourceRow, columns: Sequence[Column]) -> "Header":
        """Return what a row would mean as the header row."""
        keys = [heading_key(cell) for cell in row.cells]
        at = {column.key: [n for n, key in enumerate(keys) if key in column.headings] for column in columns}
        return cls(
            row.sheet,
            index,
            row.number,
            {key: found[0] for key, found in at.items() if found},
            {
                key: tuple(f"“{row.cells[n].strip()}”（{_letters(n)}列）" for n in found)
                for key, found in at.items()
                if len(found) > 1
            },
        )

    def lacking(self, columns: Sequence[Column]) -> list[Column]:
        """Return the required columns that the row does not have."""
        return [column for column in columns if column.is_required and column.key not in self.places]

    def faults(self, columns: Sequence[Column]) -> Iterator[Fault]:
        """Yield why the row cannot be the header row."""
        where = _sheet_name(self.sheet)
        lacking = self.lacking(columns)
        if lacking and not self.places:
            wanted = labels(column for column in columns if column.is_required)
            remedy = (
                "请核对表头、分隔符和编码（UTF-8 或 GBK），或者使用模板。"
                if _is_text(self.sheet)
                else "请核对表头；这张工作表不是名单的，请先删除。"
            )
            yield Fault(where, f"前{HEADER_WITHIN}行里找不到表头，应有{wanted}各列。{remedy}", "找不到表头")
        elif lacking:
            yield Fault(where, f"第{self.number}行的表头缺少{labels(lacking)}列，请补上。", "表头缺列")
        for column in columns:
            if column.key in self.double:
                named = "、".join(self.double[column.key])
                yield Fault(
                    where, f"第{self.number}行的表头有几列都是“{column.label}”：{named}，请只留一列。", "表头重复"
                )

    def is_repeated(self, texts: Mapping[str, str], columns: Sequence[Column]) -> bool:
        """True if the row is the header again, as at the top of a printed page."""
        keys = [column for column in columns if column.key in self.places]
        same = [column for column in keys if heading_key(texts[column.key]) in column.headings]
        return len(same) >= min(2, len(keys)) and all(column in same for column in keys if column.is_required)


def passed_over(rows: Sequence[SourceRow], header: Header, columns: Sequence[Column]) -> Iterator[Fault]:
    """Yield the headings that seem to mean a column which the header row does not have.

    `rows` begin with the header row; a second line of headings below it has no text in the columns that are read.
    """
    missing = [column for column in columns if column.key not in header.places]
    second = [row for row in rows[1:2] if not any(_cell(row.cells, at) for at in header.places.values())]
    for row in (*rows[:1], *second):
        for n, cell in enumerate(row.cells):
            key = heading_key(cell)
            for column in missing:
                if key in column.headings or (column.kin and re.search(column.kin, key)):
                    text = (
                        f"第{row.number}行{_letters(n)}列的“{shortened(cell.strip())}”不能确定是不是“{column.label}”，"
                        f"没有读取。请把表头写成一行，并改为“{column.label}”；不是的，请删除该列。"
                    )
                    yield Fault(_sheet_name(row.sheet), text, "表头不能确定")


def _is_other_header(row: SourceRow, columns: Sequence[Column]) -> bool:
    """True if a row is a header whose columns stand elsewhere; headings have no digits, most rows of a list have."""
    texts = [cell for cell in row.cells if cell.strip()]
    if len(texts) < LEAST_HEADINGS or any(map(str.isdigit, "".join(texts))):
        return False
    return len(Header.of(0, row, columns).places) >= LEAST_HEADINGS


def _unread(row: SourceRow, header: Header) -> str:
    """Return the headings of the columns that are not read; a running number says nothing."""
    read = set(header.places.values())
    cells = [cell.strip() for n, cell in enumerate(row.cells) if n not in read]
    return "、".join(
        f"“{shortened(cell)}”" for cell in dict.fromkeys(cells) if cell and heading_key(cell) not in NUMBERS
    )


def footer_of(texts: Mapping[str, str], columns: Sequence[Column]) -> str:
    """Return the text of a row that closes a table (合计、填表人、备注), not one of the list; otherwise ""."""
    filled = list(dict.fromkeys(text for text in texts.values() if text))
    is_short = len(filled) == 1 or any(column.is_required and not texts.get(column.key) for column in columns)
    is_footer = _TOTAL.match(filled[0]) or (is_short and _REMARK.match(filled[0]))
    return filled[0] if is_footer else ""


def _text_problem(column: Column, text: str, other: str) -> tuple[str, str] | None:
    """Return what is wrong with a text before it is typed, and the kind of fault."""
    if not text:
        return (f"“{column.label}”为空，请填写。", f"“{column.label}”为空") if column.is_required else None
    if strange := unprintable(text):
        points = "、".join(f"U+{ord(c):04X}" for c in dict.fromkeys(strange))
        return (
            f"“{column.label}”中有造字区的字（{points}），打印时会成为方框，请改用规范汉字。",
            "有造字区的字",
        )
    if other and column.kind in {Kind.DATE, Kind.CODE, Kind.CODES}:
        remedy = "请改为文字，如2019-10。" if column.kind is Kind.DATE else "请改为文字。"
        return (
            f"“{column.label}”的单元格是数值{text}，显示或者可读作{other}，不能确定是哪一个，{remedy}",
            f"“{column.label}”是数值，显示与数值不同",
        )
    if column.kind in {Kind.CODE, Kind.CODES} and _DAY_FOR_CODE.fullmatch(text):
        return (
            f"“{column.label}”的“{text}”像是日期：表格软件可能把代码当成了日期，请将该列设为文本后重新填写。",
            f"“{column.label}”像是日期",
        )
    if len(text) > column.most:
        return f"“{column.label}”超过{column.most}字：{text[:20]}…", f"“{column.label}”超过{column.most}字"
    return None


def _wrong_value(column: Column, text: str) -> tuple[str, str]:
    shown = shortened(text)
    if column.kind is Kind.PHONE:
        return f"“{column.label}”的“{shown}”不是11位手机号，请核对。", "不是11位手机号"
    if column.kind is Kind.DATE:
        return f"“{column.label}”的“{shown}”不是日期，请按“2019-03-01”的格式填写。", f"“{column.label}”不是日期"
    if column.kind is Kind.NUMBER:
        return f"“{column.label}”的“{shown}”不是整数，请核对。", f"“{column.label}”不是整数"
    if column.kind is Kind.CHOICE:
        first: dict[object, str] = {}
        for word, value in column.choices.items():
            first.setdefault(value, word)
        wanted = "、".join(first.values())
        return f"“{column.label}”的“{shown}”无法识别，应为：{wanted}。", f"“{column.label}”无法识别"
    what = f"“{column.label}”只能用字母、数字和短横线"
    return f"{what}：{shown}", what


def _code(_: Column, text: str) -> str | None:
    code = values.half_width(text)
    return code if code.isascii() and (not code or code.replace("-", "").isalnum()) else None


def _choice(column: Column, text: str) -> object:
    if not text:
        return ""
    return {name_key(word): value for word, value in column.choices.items()}.get(name_key(text))


_TYPED: Mapping[Kind, Callable[[Column, str], Any]] = {
    Kind.TEXT: lambda _, text: text,
    Kind.PHONE: lambda _, text: values.phone(text) or (None if text else ""),
    Kind.DATE: lambda _, text: values.day(text),
    Kind.NUMBER: lambda _, text: values.number(text),
    Kind.CODE: _code,
    Kind.CODES: lambda _, text: values.codes(text),
    Kind.CHOICE: _choice,
}


def _notices(rows: Sequence[SourceRow]) -> Iterator[str]:
    hidden = [row for row in rows if row.is_hidden]
    struck = [row for row in rows if row.is_struck]
    if hidden:
        yield f"{_named(hidden)}是隐藏的（或被筛选掉），已照常读取，请核对是否应当列入。"
    if struck:
        yield f"{_named(struck)}有划了删除线的内容，已照常读取，请核对是否应当列入。"


def _named(rows: Sequence[SourceRow]) -> str:
    numbers = "、".join(str(row.number) for row in rows[:MOST_NAMED])
    more = f"等{len(rows)}行" if len(rows) > MOST_NAMED else "行"
    return f"{_sheet_name(rows[0].sheet)}第{numbers}{more}"


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


def _sheet_name(sheet: str) -> str:
    return f"文件“{sheet}”" if _is_text(sheet) else f"工作表“{sheet}”"


def _is_text(sheet: str) -> bool:
    """True if the rows come from a CSV file, which has its name instead of a sheet."""
    return sheet.lower().endswith(".csv")


def _letters(column: int) -> str:
    """Return the column's letters as in the spreadsheet program."""
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)
