"""Columns of the roster workbook, and the typed values of one row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from unicodedata import normalize

from nanchuan_eval.core.faults import Fault

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


class RowError(ValueError):
    """A fault of one row or sheet; `kind` describes it without the value."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind

    def at(self, where: str) -> Fault:
        """Return the fault with its place in the file."""
        return Fault(where, str(self), self.kind)


def half_width(text: str) -> str:
    """Return a code or date with letters, digits and dashes in half width."""
    return normalize("NFKC", text).translate(DASHES).strip()


def typed_row(record: Mapping[str, str], where: str) -> RosterRow:
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
            raise RowError(f"“{HEADINGS[key][0]}”为空。", f"“{HEADINGS[key][0]}”为空")
    for key in CODES:
        if not record[key].isascii() or not record[key].replace("-", "").isalnum():
            what = f"“{HEADINGS[key][0]}”只能用字母、数字和短横线"
            raise RowError(f"{what}：{record[key][:30]}", what)
    for key, longest in LONGEST.items():
        if len(record.get(key, "")) > longest:
            what = f"“{HEADINGS[key][0]}”超过{longest}字"
            raise RowError(f"{what}：{record[key][:20]}…", what)
    if record.get("head_since") and not record.get("head_name"):
        what = "填了任职日期，没有填科室负责人"
        raise RowError(f"{what}。", what)


def _one_of(words: Mapping[str, str], word: str, what: str) -> str:
    if word not in words:
        raise RowError(f"{what}“{word[:30]}”无法识别，应为：{'、'.join(words)}。", f"{what}无法识别")
    return words[word]


def _yes_no(word: str) -> bool | None:
    if word not in YES | NO | {""}:
        raise RowError(f"垂直管理应填“是”或“否”，不能填“{word[:30]}”。", "垂直管理应填“是”或“否”")
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
        raise RowError(f"任职日期“{text[:30]}”格式有误，请按“2019-03-01”的格式填写。", "任职日期不是日期")
    return day
