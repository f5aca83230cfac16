"""Pools (名单库): which there are and how an untidy list of people becomes entries (rulebook R-B)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

PHONE = re.compile(r"1[3-9][0-9]{9}")
# How offices head their columns, by our field.
HEADINGS = {
    "stratum": ("身份类别", "类别", "人员类别"),
    "name": ("姓名", "名字"),
    "unit": ("单位", "工作单位", "所在单位"),
    "phone": ("手机号", "手机", "联系电话", "电话", "手机号码"),
    "dealt_with": ("办过事的科室", "科室代码", "办事科室"),
}
REQUIRED = ("stratum", "name", "phone")


class PoolKind(TextChoices):
    """名单库 kinds, as the import command names them."""

    SUPERVISORS = "supervisors", "监督员库"
    EVALUATORS = "evaluators", "定向评议名单库"
    RECIPIENTS = "recipients", "服务对象库"


@dataclass(frozen=True)
class Person:
    """One readable line of a pool file."""

    stratum: str
    name: str
    phone: str
    unit: str = ""
    dealt_with: str = ""


class PoolFileError(ValueError):
    """The file cannot be taken; `reasons` holds one Chinese text per row at fault."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


def parse_people(rows: Iterable[tuple[str, int, Sequence[str]]], section_codes: frozenset[str]) -> list[Person]:
    """Read (sheet, row number, cells) lines; all or nothing: any faulty row refuses the file."""
    rows = [row for row in rows if any(cell.strip() for cell in row[2])]
    header, columns = _find_header(rows)
    people: list[Person] = []
    faults: list[str] = []
    seen: dict[str, int] = {}
    for sheet, number, cells in rows[header + 1 :]:
        person = Person(**{key: _cell(cells, at) for key, at in columns.items()})
        fault = _fault(person, section_codes) or _repeated(person, seen)
        seen.setdefault(person.phone, number)
        people.append(person)
        if fault:
            faults.append(f"工作表“{sheet}”第{number}行：{fault}")
    if not people:
        faults.append("文件中没有人员。")
    if faults:
        raise PoolFileError(faults)
    return people


def _find_header(rows: Sequence[tuple[str, int, Sequence[str]]]) -> tuple[int, Mapping[str, int]]:
    for index, (_, _, cells) in enumerate(rows[:20]):
        columns = {key: at for key, names in HEADINGS.items() for at, cell in enumerate(cells) if cell.strip() in names}
        if all(key in columns for key in REQUIRED):
            return index, columns
    raise PoolFileError(["找不到表头：需要“身份类别”“姓名”“手机号”三列。"])


def _cell(cells: Sequence[str], at: int) -> str:
    return unicodedata.normalize("NFC", cells[at].strip()) if at < len(cells) else ""


def _fault(person: Person, section_codes: frozenset[str]) -> str:
    if not person.stratum or not person.name:
        return "身份类别和姓名不能为空。"
    if not PHONE.fullmatch(person.phone):
        return f"手机号“{person.phone}”不是11位手机号。"
    unknown = [code for code in person.dealt_with.split() if code not in section_codes]
    return f"科室代码“{unknown[0]}”不在名录中。" if unknown else ""


def _repeated(person: Person, seen: Mapping[str, int]) -> str:
    first = seen.get(person.phone)
    return f"手机号与第{first}行重复。" if first else ""
