"""Parsing of the roster workbook (评议对象名录): untidy rows to sections with their departments, all or nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from unicodedata import normalize

from departments.roster.rules.rows import (
    CARRIED,
    HALF_WIDTH,
    HEADINGS,
    REQUIRED,
    RosterRow,
    RowError,
    half_width,
    typed_row,
)
from nanchuan_eval.core.faults import Fault, summed_up

SourceRow = tuple[str, int, Sequence[str]]
HEADER_WITHIN = 20
MOST_SECTIONS = 5000


class RosterError(ValueError):
    """The file is rejected; `reasons` = Chinese texts with sheet and row, repeated faults summed up."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults, self.reasons = tuple(faults), tuple(summed_up(faults))
        super().__init__("\n".join(self.reasons))


def parse_roster(rows: Iterable[SourceRow]) -> list[RosterRow]:
    """Parse (sheet, row number, cells); raises `RosterError` with all faults if there is any."""
    parsed: list[RosterRow] = []
    faults: list[Fault] = []
    checker = _Consistency()
    for result in (entry for lines in _by_sheet(rows) for entry in _sheet(lines)):
        fault = checker.fault(result) if isinstance(result, RosterRow) else result
        if fault:
            faults.append(fault)
        elif isinstance(result, RosterRow):
            parsed.append(result)
    if len(parsed) > MOST_SECTIONS:
        faults.append(Fault("", f"文件中的科室超过{MOST_SECTIONS}个，请确认文件是否正确。", "科室过多"))
    if faults or not parsed:
        raise RosterError(faults or [Fault("", "文件中没有科室，请核对文件内容。", "没有科室")])
    return parsed


def _by_sheet(rows: Iterable[SourceRow]) -> Iterable[list[SourceRow]]:
    sheets: dict[str, list[SourceRow]] = {}
    for row in rows:
        if any(cell.strip() for cell in row[2]):
            sheets.setdefault(row[0], []).append(row)
    return sheets.values()


class _Consistency:
    """Check of each row against the earlier ones: unique codes, consistent departments."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.values: dict[tuple[str, str], object] = {}
        self.codes: dict[str, str] = {}

    def fault(self, row: RosterRow) -> Fault | None:
        """Return the contradiction to an earlier row, if there is one."""
        try:
            self._check_seen(row)
            self._check_department(row)
        except RowError as fault:
            return fault.at(row.where)
        return None

    def _check_seen(self, row: RosterRow) -> None:
        for what, kind in (
            (f"科室代码“{row.section_code}”", "科室代码重复"),
            (f"“{row.department_name}”的科室“{row.section_name}”", "同一单位的科室重复"),
        ):
            if what in self.seen:
                raise RowError(f"{what}与{self.seen[what]}重复。", kind)
            self.seen[what] = row.where

    def _check_department(self, row: RosterRow) -> None:
        name = row.department_name
        code = self.codes.setdefault(name, row.department_code)
        if code != row.department_code:
            kind = f"“{name}”的单位代码不一致"
            raise RowError(f"“{name}”前后的单位代码不一致：{code}、{row.department_code}。", kind)
        for key in CARRIED[1:]:
            value = getattr(row, key)
            if value in ("", None):
                continue
            if self.values.setdefault((row.department_code, key), value) != value:
                what = f"单位代码“{row.department_code}”前后的“{HEADINGS[key][0]}”不一致"
                raise RowError(f"{what}。", what)


def _sheet(rows: Sequence[SourceRow]) -> Iterator[RosterRow | Fault]:
    """Yield the section or the fault of each row."""
    name = rows[0][0]
    sheet = f"文件“{name}”" if name.lower().endswith(".csv") else f"工作表“{name}”"
    try:
        header, columns = _find_header(rows)
    except RowError as fault:
        yield fault.at(sheet)
        return
    for number, record in _records(rows[header + 1 :], columns):
        where = f"{sheet}第{number}行"
        try:
            yield typed_row(record, where)
        except RowError as fault:
            yield fault.at(where)


def _records(rows: Sequence[SourceRow], columns: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    carried: dict[str, str] = {}
    for _, number, cells in rows:
        record = {key: _cell(cells, at, key) for key, at in columns.items()}
        if all(_heading(record[key]) in HEADINGS[key] for key in REQUIRED):
            continue  # the header repeated at the top of a printed page
        if all(record[key] in ("", carried.get(key)) for key in CARRIED[:2]):
            record |= {key: value for key, value in carried.items() if not record[key]}
        carried = {key: record[key] for key in CARRIED if key in record}
        yield number, record


def _find_header(rows: Sequence[SourceRow]) -> tuple[int, dict[str, int]]:
    best: dict[str, int] = {}
    for index, (_, number, cells) in enumerate(rows[:HEADER_WITHIN]):
        names = [_heading(cell) for cell in cells]
        columns = {key: names.index(n) for key, known in HEADINGS.items() for n in known[::-1] if n in names}
        if all(key in columns for key in REQUIRED):
            _check_unique(names, number)
            return index, columns
        best = max(best, columns, key=len)
    lacking = "、".join(HEADINGS[key][0] for key in REQUIRED if key not in best)
    hint = "" if best else "请先删除不是名录的工作表。"
    raise RowError(f"找不到完整的表头，缺少列：{lacking}。{hint}", "找不到完整的表头")


def _check_unique(names: Sequence[str], number: int) -> None:
    """Refuse repeated headings, which leave open which column is meant."""
    for name in {known: None for all_known in HEADINGS.values() for known in all_known}:
        places = [_letters(column) for column, heading in enumerate(names) if heading == name]
        if len(places) > 1:
            raise RowError(f"第{number}行的表头有重复的列“{name}”（{'、'.join(places)}列），请只留一列。", "表头重复")


def _letters(column: int) -> str:
    """Return the column's letters as in the spreadsheet program."""
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)


def _heading(cell: str) -> str:
    return "".join(normalize("NFKC", cell).split()).strip("*")


def _cell(cells: Sequence[str], at: int, key: str) -> str:
    text = cells[at].strip() if at < len(cells) else ""
    return half_width(text) if key in HALF_WIDTH else text
