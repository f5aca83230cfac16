"""Parsing of the roster workbook (评议对象名录): untidy rows to sections with their departments, all or nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from unicodedata import normalize

from nanchuan_eval.core.errors import Fault, summed_up

SourceRow = tuple[str, int, Sequence[str]]
HEADER_WITHIN = 20
MOST_SECTIONS = 5000
EARLIEST_YEAR, LATEST_YEAR = 1950, 2100
# Headings in use, by field.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "department_code": ("单位代码", "部门代码", "department_code"),
    "department_name": ("单位", "单位名称", "部门", "部门单位", "部门名称", "department_name"),
    "department_kind": ("单位性质", "性质", "department_kind"),
    "section_code": ("科室代码", "section_code"),
    "section_name": ("科室", "科室名称", "section_name"),
    "service_kind": ("服务类型", "类型", "service_kind"),
    "is_vertical": ("垂直管理", "是否垂直管理"),
    "superior": ("上级主管单位", "上级单位"),
    "chief_leader": ("主要领导", "单位主要领导"),
    "leader_in_charge": ("分管领导", "单位分管领导"),
    "head_name": ("科室负责人", "负责人"),
    "head_since": ("任职日期", "任职时间"),
}
REQUIRED = (
    "department_code",
    "department_name",
    "department_kind",
    "section_code",
    "section_name",
    "service_kind",
)
# Department cells that are empty, merged or omitted, repeat the row above.
CARRIED = (
    "department_code",
    "department_name",
    "department_kind",
    "is_vertical",
    "superior",
    "chief_leader",
    "leader_in_charge",
)
LONGEST = {
    "department_code": 20,
    "department_name": 60,
    "section_code": 20,
    "section_name": 60,
    "superior": 60,
    "chief_leader": 40,
    "leader_in_charge": 40,
    "head_name": 40,
}
DEPARTMENT_KINDS = {"行政部门": "administrative", "事业单位": "institution", "公用企业": "utility"}
SERVICE_KINDS = {
    "行政审批": "approval",
    "行政服务": "service",
    "行政执法": "enforcement",
    "公用事业": "utility",
}
YES, NO = frozenset({"是", "√", "1"}), frozenset({"否", "0", "×"})
CODES = ("department_code", "section_code")
# Fields converted from full to half width; names keep their full-width brackets.
HALF_WIDTH = (*CODES, "is_vertical", "head_since")
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")


@dataclass(frozen=True)
class RosterRow:
    """One section with its department, values as in the database; empty or None if the file has none."""

    department_code: str
    department_name: str
    department_kind: str
    section_code: str
    section_name: str
    service_kind: str
    is_vertical: bool | None = None
    superior: str = ""
    chief_leader: str = ""
    leader_in_charge: str = ""
    head_name: str = ""
    head_since: date | None = None
    where: str = field(default="", compare=False)


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


class _FaultError(ValueError):
    """A fault of one row or sheet; `kind` describes it without the value."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind

    def at(self, where: str) -> Fault:
        """Return the fault with its place in the file."""
        return Fault(where, str(self), self.kind)


class _Consistency:
    """Check of each row against the earlier ones: unique codes, consistent departments."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.said: dict[tuple[str, str], object] = {}
        self.codes: dict[str, str] = {}

    def fault(self, row: RosterRow) -> Fault | None:
        """Return the contradiction to an earlier row, if there is one."""
        try:
            self._check_seen(row)
            self._check_department(row)
        except _FaultError as fault:
            return fault.at(row.where)
        return None

    def _check_seen(self, row: RosterRow) -> None:
        for what, kind in (
            (f"科室代码“{row.section_code}”", "科室代码重复"),
            (f"“{row.department_name}”的科室“{row.section_name}”", "同一单位的科室重复"),
        ):
            if what in self.seen:
                raise _FaultError(f"{what}与{self.seen[what]}重复。", kind)
            self.seen[what] = row.where

    def _check_department(self, row: RosterRow) -> None:
        name = row.department_name
        code = self.codes.setdefault(name, row.department_code)
        if code != row.department_code:
            kind = f"“{name}”的单位代码不一致"
            raise _FaultError(f"“{name}”前后的单位代码不一致：{code}、{row.department_code}。", kind)
        for key in CARRIED[1:]:
            value = getattr(row, key)
            if value in ("", None):
                continue
            if self.said.setdefault((row.department_code, key), value) != value:
                what = f"单位代码“{row.department_code}”前后的“{HEADINGS[key][0]}”不一致"
                raise _FaultError(f"{what}。", what)


def _sheet(rows: Sequence[SourceRow]) -> Iterator[RosterRow | Fault]:
    """Yield the section or the fault of each row."""
    name = rows[0][0]
    sheet = f"文件“{name}”" if name.lower().endswith(".csv") else f"工作表“{name}”"
    try:
        header, columns = _find_header(rows)
    except _FaultError as fault:
        yield fault.at(sheet)
        return
    for number, record in _records(rows[header + 1 :], columns):
        where = f"{sheet}第{number}行"
        try:
            yield _typed(record, where)
        except _FaultError as fault:
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
    raise _FaultError(f"找不到完整的表头，缺少列：{lacking}。{hint}", "找不到完整的表头")


def _check_unique(names: Sequence[str], number: int) -> None:
    """Refuse repeated headings, which leave open which column is meant."""
    for name in {known: None for all_known in HEADINGS.values() for known in all_known}:
        places = [_letters(column) for column, heading in enumerate(names) if heading == name]
        if len(places) > 1:
            raise _FaultError(
                f"第{number}行的表头有重复的列“{name}”（{'、'.join(places)}列），请只留一列。", "表头重复"
            )


def _letters(column: int) -> str:
    """Return the column's letters as in the spreadsheet program."""
    above, last = divmod(column, 26)
    return (_letters(above - 1) if above else "") + chr(ord("A") + last)


def _heading(cell: str) -> str:
    return "".join(normalize("NFKC", cell).split()).strip("*")


def _cell(cells: Sequence[str], at: int, key: str) -> str:
    text = cells[at].strip() if at < len(cells) else ""
    return half_width(text) if key in HALF_WIDTH else text


def half_width(text: str) -> str:
    """Return a code or date with letters, digits and dashes in half width."""
    return normalize("NFKC", text).translate(DASHES).strip()


def _typed(record: Mapping[str, str], where: str) -> RosterRow:
    _check_text(record)
    texts = {key: record.get(key, "") for key in LONGEST}
    return RosterRow(
        **texts,
        department_kind=_one_of(DEPARTMENT_KINDS, record["department_kind"], "单位性质"),
        service_kind=_one_of(SERVICE_KINDS, record["service_kind"], "服务类型"),
        is_vertical=_yes_no(record.get("is_vertical", "")),
        head_since=_date(record.get("head_since", "")),
        where=where,
    )


def _check_text(record: Mapping[str, str]) -> None:
    for key in REQUIRED:
        if not record[key]:
            raise _FaultError(f"“{HEADINGS[key][0]}”为空。", f"“{HEADINGS[key][0]}”为空")
    for key in CODES:
        if not record[key].isascii() or not record[key].replace("-", "").isalnum():
            what = f"“{HEADINGS[key][0]}”只能用字母、数字和短横线"
            raise _FaultError(f"{what}：{record[key][:30]}", what)
    for key, longest in LONGEST.items():
        if len(record.get(key, "")) > longest:
            what = f"“{HEADINGS[key][0]}”超过{longest}字"
            raise _FaultError(f"{what}：{record[key][:20]}…", what)
    if record.get("head_since") and not record.get("head_name"):
        what = "填了任职日期，没有填科室负责人"
        raise _FaultError(f"{what}。", what)


def _one_of(words: Mapping[str, str], word: str, what: str) -> str:
    if word not in words:
        raise _FaultError(f"{what}“{word[:30]}”无法识别，应为：{'、'.join(words)}。", f"{what}无法识别")
    return words[word]


def _yes_no(word: str) -> bool | None:
    if word not in YES | NO | {""}:
        raise _FaultError(f"垂直管理应填“是”或“否”，不能填“{word[:30]}”。", "垂直管理应填“是”或“否”")
    return word in YES if word else None


def _date(text: str) -> date | None:
    if not text:
        return None
    plain = text.removesuffix("日").removesuffix("月").rstrip(".")
    for separator in "年月/.":
        plain = plain.replace(separator, "-")
    try:
        parts = [int(part) for part in plain.split("-")]
        year, month, number = (*parts, 1) if len(parts) == 2 else parts
        day = date(year, month, number)
    except (ValueError, TypeError, OverflowError):
        day = date.min
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise _FaultError(f"任职日期“{text[:30]}”格式有误，请按“2019-03-01”的格式填写。", "任职日期不是日期")
    return day
