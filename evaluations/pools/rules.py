"""Pools (名单库): their kinds, and parsing of uploaded lists of people (rulebook R-B)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import TextChoices

from evaluations.rounds.rules.lifecycle import DrawPurpose
from nanchuan_eval.users.rules import may_be_one_person

PHONE = re.compile(r"1[3-9][0-9]{9}")
# Separators between the codes of one cell.
BETWEEN_CODES = re.compile(r"[\s,，、;；]+")
# Field -> accepted column headings.
HEADINGS = {
    "stratum": ("身份类别", "类别", "人员类别"),
    "name": ("姓名", "名字"),
    "unit": ("单位", "工作单位", "所在单位"),
    "phone": ("手机号", "手机", "联系电话", "电话", "手机号码"),
    "dealt_with": ("办过事的科室", "科室代码", "办事科室"),
    "relatives": ("回避申报", "亲属所在单位", "近亲属所在单位"),
}
MOST_FAULTS = 50
Row = tuple[str, int, Sequence[str]]


class PoolKind(TextChoices):
    """名单库; the values are arguments of the import command."""

    SUPERVISORS = "supervisors", "监督员库"
    EVALUATORS = "evaluators", "定向评议名单库"
    RECIPIENTS = "recipients", "服务对象库"


# Service records are stratified by section: 身份类别 may be missing, the section may not.
REQUIRED = {
    PoolKind.SUPERVISORS: ("stratum", "name", "phone"),
    PoolKind.EVALUATORS: ("stratum", "name", "phone"),
    PoolKind.RECIPIENTS: ("name", "phone", "dealt_with"),
}
RECIPIENT = "服务对象"


@dataclass(frozen=True)
class PoolRules:
    """Reference data for checking a file: sections, units, strata of the rulebook, liaisons as (name, unit)."""

    section_codes: frozenset[str]
    units: frozenset[str] = frozenset()
    strata: tuple[str, ...] = ()
    liaisons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Person:
    """One row of a pool file."""

    stratum: str
    name: str
    phone: str
    unit: str = ""
    dealt_with: str = ""
    relatives: str = ""
    exclusion: str = ""
    exclusion_note: str = ""

    @property
    def codes(self) -> list[str]:
        """Codes of the sections the person has dealt with."""
        return self.dealt_with.split()


@dataclass
class PoolFile:
    """Result of parsing a file: people without duplicates, and notes on merges and exclusions."""

    people: list[Person] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def sizes(self) -> dict[str, int]:
        """Return stratum -> number of people."""
        return {name: sum(p.stratum == name for p in self.people) for name in sorted({p.stratum for p in self.people})}

    def excluded(self) -> int:
        """Return how many people the file itself excludes (回避)."""
        return sum(bool(person.exclusion) for person in self.people)


class PoolFileError(ValueError):
    """The file is rejected; `reasons` has one Chinese message per faulty row."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


def is_phone(text: str) -> bool:
    """True if the text is an 11-digit mobile number."""
    return PHONE.fullmatch(text) is not None


def parse_people(rows: Iterable[Row], kind: PoolKind, rules: PoolRules) -> PoolFile:
    """Parse (sheet, row number, cells) rows; raises if any row is faulty, merges repeated people."""
    rows = [row for row in rows if any(cell.strip() for cell in row[2])]
    header, columns = _find_header(rows, REQUIRED[kind])
    reader = _Reader(rules)
    for sheet, number, cells in rows[header + 1 :]:
        person = _person(cells, columns, kind)
        reader.take(f"工作表“{sheet}”第{number}行", person)
    if not reader.file.people and not reader.faults:
        reader.faults.append("文件中没有人员。")
    if reader.faults:
        more = len(reader.faults) - MOST_FAULTS
        raise PoolFileError([*reader.faults[:MOST_FAULTS], *([f"还有{more}行有错。"] if more > 0 else [])])
    return reader.file


class _Reader:
    """Collects rows; finds repeated people by phone, or by name and unit."""

    def __init__(self, rules: PoolRules) -> None:
        self.rules, self.file, self.faults = rules, PoolFile(), list[str]()
        self.by_phone: dict[str, tuple[int, str]] = {}
        self.by_name: dict[tuple[str, str], tuple[int, str]] = {}

    def take(self, where: str, person: Person) -> None:
        fault = _fault(person, self.rules)
        first = self.by_phone.get(person.phone) or (
            self.by_name.get((person.name, person.unit)) if person.unit else None
        )
        if not fault and first is not None:
            fault = self._merge(where, person, *first)
        elif not fault:
            self._add(where, person)
        if fault:
            self.faults.append(f"{where}：{fault}")

    def _add(self, where: str, person: Person) -> None:
        known = (len(self.file.people), where)
        self.by_phone[person.phone] = known
        if person.unit:
            self.by_name[person.name, person.unit] = known
        note = _conflict(person, self.rules)
        if note:
            person = replace(person, exclusion=ExclusionReason.CONFLICT, exclusion_note=note)
            self.file.notes.append(f"{where}：{note}，列为回避，不参加抽取。")
        self.file.people.append(person)

    def _merge(self, where: str, person: Person, index: int, first: str) -> str:
        """Merge a repeated person; returns why the two rows cannot be one person, or ""."""
        known = self.file.people[index]
        if known.name != person.name:
            return f"手机号与{first}相同，但姓名不同，请核对。"
        if known.stratum != person.stratum:
            return f"与{first}是同一人，但身份类别不同；一人只能列入一个身份类别。"
        codes = dict.fromkeys([*known.codes, *person.codes])
        self.file.people[index] = replace(known, dealt_with=" ".join(codes))
        same = "手机号相同" if known.phone == person.phone else "姓名和单位相同"
        self.file.notes.append(f"{where}：与{first}{same}，合并为一人。")
        return ""


def _find_header(rows: Sequence[Row], required: Sequence[str]) -> tuple[int, Mapping[str, int]]:
    for index, (_, _, cells) in enumerate(rows[:20]):
        columns = {key: at for key, names in HEADINGS.items() for at, cell in enumerate(cells) if cell.strip() in names}
        if all(key in columns for key in required):
            return index, columns
    wanted = "、".join(f"“{HEADINGS[key][0]}”" for key in required)
    raise PoolFileError([f"找不到表头：需要{wanted}各列。"])


def _person(cells: Sequence[str], columns: Mapping[str, int], kind: PoolKind) -> Person:
    values = {key: _cell(cells, at) for key, at in columns.items()}
    if kind == PoolKind.RECIPIENTS and not values.get("stratum"):
        values["stratum"] = RECIPIENT
    values["phone"] = re.sub(r"[\s-]", "", values["phone"])
    values["dealt_with"] = " ".join(filter(None, BETWEEN_CODES.split(values.get("dealt_with", ""))))
    return Person(**values)


def _cell(cells: Sequence[str], at: int) -> str:
    return unicodedata.normalize("NFC", cells[at].strip()) if at < len(cells) else ""


def _fault(person: Person, rules: PoolRules) -> str:
    if not person.stratum or not person.name:
        return "身份类别和姓名不能为空。"
    if not is_phone(person.phone):
        return f"手机号“{person.phone}”不是11位手机号。"
    if rules.strata and person.stratum not in rules.strata:
        return f"身份类别“{person.stratum}”不在规则中，应为：{'、'.join(rules.strata)}。"
    if len(person.name) > 40 or len(person.unit) > 80 or len(person.dealt_with) > 300:
        return "姓名、单位或者科室代码超过规定长度，请缩短。"
    unknown = [code for code in person.codes if code not in rules.section_codes]
    return f"科室代码“{unknown[0]}”不在名录中。" if unknown else ""


def _conflict(person: Person, rules: PoolRules) -> str:
    """Return why a person is excluded before the draw, or "": liaison or staff of a unit, or a relative there."""
    for liaison, unit in rules.liaisons:
        if may_be_one_person(person.name, person.unit, liaison, unit):
            return f"与评议对象“{unit}”的单位联络员同名" + ("" if person.unit else "，名单未填单位")
    if person.unit in rules.units:
        return f"所在单位“{person.unit}”是评议对象"
    declared = [unit for unit in BETWEEN_CODES.split(person.relatives) if unit in rules.units]
    return f"近亲属在评议对象“{declared[0]}”工作" if declared else ""


class ExclusionReason(TextChoices):
    """不参加抽取的原因 (protocol 3.5)."""

    CONFLICT = "conflict", "回避"
    INELIGIBLE = "ineligible", "不符合条件"
    ALREADY_SELECTED = "already_selected", "前次已抽中"
    DECLARED_ABSENCE = "declared_absence", "已申明不能参加"


# The draw from each pool: once it is committed, the pool cannot change.
DRAW_OF = {
    PoolKind.SUPERVISORS: DrawPurpose.SUPERVISORS,
    PoolKind.EVALUATORS: DrawPurpose.EVALUATORS,
    PoolKind.RECIPIENTS: DrawPurpose.ISSUED,
}
POOL_OF = {purpose: kind for kind, purpose in DRAW_OF.items()}
