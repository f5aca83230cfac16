"""The roster workbook (评议对象名录): from untidy rows to departments and sections, all or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

SourceRow = tuple[str, int, Sequence[str]]
HEADER_WITHIN = 20
# How offices head their columns, by our field.
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
# A merged or left-out department cell means: as in the row above.
CARRIED = (
    "department_code",
    "department_name",
    "department_kind",
    "is_vertical",
    "superior",
    "chief_leader",
    "leader_in_charge",
)
DEPARTMENT_KINDS = {"行政部门": "administrative", "事业单位": "institution", "公用企业": "utility"}
SERVICE_KINDS = {
    "行政审批": "approval",
    "行政服务": "service",
    "行政执法": "enforcement",
    "公用事业": "utility",
}
YES, NO = frozenset({"是", "√", "1"}), frozenset({"", "否", "0", "×"})


@dataclass(frozen=True)
class RosterRow:
    """One section with its department, in the database's words; `head_since` is a date or None."""

    department_code: str
    department_name: str
    department_kind: str
    section_code: str
    section_name: str
    service_kind: str
    is_vertical: bool = False
    superior: str = ""
    chief_leader: str = ""
    leader_in_charge: str = ""
    head_name: str = ""
    head_since: date | None = None


class RosterError(ValueError):
    """The file cannot be taken; `reasons` holds one Chinese text per fault with sheet and row."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


def parse_roster(rows: Iterable[SourceRow]) -> list[RosterRow]:
    """Read (sheet, row number, cells) lines; any fault refuses the file, all faults are named at once."""
    filled = [row for row in rows if any(cell.strip() for cell in row[2])]
    parsed: list[RosterRow] = []
    faults: list[str] = []
    checker = _Consistency()
    for sheet in dict.fromkeys(row[0] for row in filled):
        for number, cells in _records([row for row in filled if row[0] == sheet]):
            try:
                row = _typed(cells)
                checker.check(row, sheet, number)
                parsed.append(row)
            except _RowFault as fault:
                faults.append(f"工作表“{sheet}”第{number}行：{fault}")
    if not parsed and not faults:
        faults.append("文件中没有科室。")
    if faults:
        raise RosterError(faults)
    return parsed


class _RowFault(ValueError):
    """What is wrong with one row."""


class _Consistency:
    """Remembers the rows before: a code may not come twice, a department may not contradict itself."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.departments: dict[str, RosterRow] = {}

    def check(self, row: RosterRow, sheet: str, number: int) -> None:
        for what in (f"科室代码“{row.section_code}”", f"“{row.department_name}”的科室“{row.section_name}”"):
            if what in self.seen:
                raise _RowFault(f"{what}与{self.seen[what]}重复。")
            self.seen[what] = f"工作表“{sheet}”第{number}行"
        known = self.departments.setdefault(row.department_code, row)
        for field, label in (
            ("department_name", "名称"),
            ("department_kind", "性质"),
            ("is_vertical", "垂直管理"),
        ):
            if getattr(known, field) != getattr(row, field):
                raise _RowFault(f"单位代码“{row.department_code}”前后的{label}不一致。")


def _records(rows: Sequence[SourceRow]) -> Iterable[tuple[int, dict[str, str]]]:
    header, columns = _find_header(rows)
    carried: dict[str, str] = {}
    for _, number, cells in rows[header + 1 :]:
        record = {key: _cell(cells, at) for key, at in columns.items()}
        if not record["department_code"] and not record["department_name"]:
            record |= carried
        elif record["department_code"] == carried.get("department_code"):
            record |= {key: value for key, value in carried.items() if not record.get(key)}
        carried = {key: record[key] for key in CARRIED if key in record}
        yield number, record


def _find_header(rows: Sequence[SourceRow]) -> tuple[int, dict[str, int]]:
    best: dict[str, int] = {}
    for index, (_, _, cells) in enumerate(rows[:HEADER_WITHIN]):
        names = [cell.strip() for cell in cells]
        columns = {key: names.index(n) for key, known in HEADINGS.items() for n in known if n in names}
        if all(key in columns for key in REQUIRED):
            return index, columns
        best = max(best, columns, key=len)
    lacking = "、".join(HEADINGS[key][0] for key in REQUIRED if key not in best)
    raise RosterError([f"工作表“{rows[0][0]}”找不到完整的表头，缺少列：{lacking}。"])


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


def _typed(record: Mapping[str, str]) -> RosterRow:
    for key in REQUIRED:
        if not record[key]:
            raise _RowFault(f"“{HEADINGS[key][0]}”为空。")
    for key in ("department_code", "section_code"):
        if not record[key].isascii() or not record[key].replace("-", "").isalnum():
            raise _RowFault(f"“{HEADINGS[key][0]}”只能用字母、数字和短横线：{record[key]}")
    plain = {f.name: record[f.name] for f in fields(RosterRow) if f.name in record}
    return RosterRow(
        **plain  # type: ignore[arg-type]  # the typed fields are replaced below
        | {
            "department_kind": _one_of(DEPARTMENT_KINDS, record["department_kind"], "单位性质"),
            "service_kind": _one_of(SERVICE_KINDS, record["service_kind"], "服务类型"),
            "is_vertical": _yes_no(record.get("is_vertical", "")),
            "head_since": _date(record.get("head_since", "")),
        }
    )


def _one_of(words: Mapping[str, str], word: str, what: str) -> str:
    if word not in words:
        raise _RowFault(f"{what}“{word}”不认识，应为：{'、'.join(words)}。")
    return words[word]


def _yes_no(word: str) -> bool:
    if word not in YES | NO:
        raise _RowFault(f"垂直管理应填“是”或“否”，不能填“{word}”。")
    return word in YES


def _date(text: str) -> date | None:
    if not text:
        return None
    parts = (
        text.replace("年", "-")
        .replace("月", "-")
        .replace("日", "")
        .replace("/", "-")
        .replace(".", "-")
        .split("-")
    )
    try:
        year, month, day = (*map(int, parts), 1) if len(parts) == 2 else map(int, parts)
        return date(year, month, day)
    except (ValueError, TypeError):
        raise _RowFault(f"任职日期“{text}”不是日期，应如 2019-03-01。") from None
