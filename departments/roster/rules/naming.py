"""Names of departments in a roster file: former ones still in use, new ones, and those that another unit bears."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from departments.roster.rules.rows import LABELS, RosterRow
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.names.rules.keys import is_same_name, name_key
from nanchuan_eval.names.rules.others import name_fault, names_in, with_former
from nanchuan_eval.names.rules.units import Unit, UnitNames

LONGEST_FORMER_NAMES = 300
NAMING = ("department_name", "short_names", "former_names")
# Values of departments by code, as in the roster.
Departments = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Renamed:
    """A department that a file gives another name, of which the old one becomes a former name."""

    code: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.code} {self.before} → {self.after}"


def former_name(row: RosterRow, departments: Departments, places: Sequence[str]) -> str:
    """Return the former name by which a row calls its department, with or without the district, or ""."""
    known, name = departments.get(row.department_code, {}), row.department_name
    if not name or is_same_name(name, _text(known, "department_name")):
        return ""
    formers = _names(known, "former_names")
    return name if formers and UnitNames([Unit("", "", formers)], places).bearing(name) else ""


def former_name_notices(rows: Iterable[RosterRow], departments: Departments, places: Sequence[str]) -> list[str]:
    """Return a notice for each department that the file calls by a former name."""
    found: dict[str, str] = {}
    for row in rows:
        if former := former_name(row, departments, places):
            now = _text(departments[row.department_code], "department_name")
            text = (
                f"{row.where}：单位代码“{row.department_code}”仍写曾用名“{former}”，按现名“{now}”处理，单位名称不变。"
            )
            found.setdefault(row.department_code, text)
    return list(found.values())


def renamed(rows: Iterable[RosterRow], departments: Departments) -> tuple[Renamed, ...]:
    """Return the departments whose names the rows, blanks filled in, change; another spelling is no other name."""
    names = {row.department_code: row.department_name for row in rows}
    return tuple(
        Renamed(code, before, after)
        for code, after in names.items()
        if (before := _text(departments.get(code, {}), "department_name")) and not is_same_name(before, after)
    )


def name_faults(rows: Sequence[RosterRow], departments: Departments, places: Sequence[str]) -> list[Fault]:
    """Return a fault for each name that a department cannot bear, as its form would.

    `rows` with blanks filled in; `departments` = those that take part, `places` = what may stand before a unit's name.
    """
    given = {row.department_code: _values(row) for row in rows}
    units = UnitNames([_unit(code, values) for code, values in {**departments, **given}.items()], places)
    where = {row.department_code: row.where for row in reversed(rows)}
    return [
        Fault(where[code], f"“{LABELS[column]}”中的{text}", "单位的名称、简称或曾用名不能使用")
        for code, values in given.items()
        for column in NAMING
        for name in _names(values, column)
        if (text := name_fault(name, units, but=code))
    ]


def keep_former_name(values: MutableMapping[str, object], before: Mapping[str, object]) -> None:
    """Add a department's old name to its former ones, so that lists that still use it are recognised."""
    old, new = _text(before, "department_name"), _text(values, "department_name")
    if old and name_key(old) not in map(name_key, _names(values, "short_names")):
        former = with_former(_text(values, "former_names"), old, new)
        if len(former) <= LONGEST_FORMER_NAMES:
            values["former_names"] = former


def _values(row: RosterRow) -> dict[str, object]:
    return {key: getattr(row, key) for key in NAMING}


def _unit(code: str, values: Mapping[str, object]) -> Unit:
    others = (*_names(values, "short_names"), *_names(values, "former_names"))
    return Unit(code, _text(values, "department_name"), others)


def _names(values: Mapping[str, object], column: str) -> tuple[str, ...]:
    text = _text(values, column)
    return (text,) if column == "department_name" else names_in(text)


def _text(values: Mapping[str, object], key: str) -> str:
    return str(values.get(key) or "")
