"""Comparison of a roster file with the roster (名录比对): changes of each section, and faults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from departments.roster.rules.rows import CARRIED, RosterRow
from nanchuan_eval.core.faults import Fault

# First day in office of a head if neither the file nor an earlier tenure gives one.
UNKNOWN_START = date(2000, 1, 1)


@dataclass(frozen=True)
class Held:
    """A section of the roster with its present head, or the day since when there is none.

    `is_active` = it and its department take part; `holds_name` = no other section may have its name.
    """

    row: RosterRow
    is_active: bool = True
    holds_name: bool = True
    vacant_since: date | None = None


@dataclass(frozen=True)
class Difference:
    """One section of the file: `before` = None for a new one, `after` = the file's values, blanks filled in."""

    before: Held | None
    after: RosterRow

    @property
    def is_new(self) -> bool:
        """True if the section is not in the roster yet."""
        return self.before is None

    @property
    def is_changed(self) -> bool:
        """True if an existing section differs, or takes part again."""
        return self.before is not None and (self.before.row != self.after or not self.before.is_active)


def compare(
    rows: Sequence[RosterRow], held: Mapping[str, Held], departments: Mapping[str, Mapping[str, object]]
) -> list[Difference]:
    """Compare each row with the roster; empty cells keep the present value."""
    given = _department_values(rows, departments)
    return [Difference(held.get(row.section_code), _filled(row, held.get(row.section_code), given)) for row in rows]


def faults(differences: Iterable[Difference], held: Mapping[str, Held]) -> list[Fault]:
    """Return the faults that forbid the import, with sheet and row."""
    differences = list(differences)
    named = {difference.after.section_code for difference in differences}
    kept = {
        (other.row.department_code, other.row.section_name): code
        for code, other in held.items()
        if other.holds_name and code not in named
    }
    found = []
    for difference in differences:
        row = difference.after
        twin = kept.get((row.department_code, row.section_name))
        if twin:
            text = (
                f"“{row.department_name}”的科室“{row.section_name}”已以代码“{twin}”参评，"
                "请沿用原代码，或先停止原科室参评。"
            )
            found.append(Fault(row.where, text, "科室已以别的代码参评"))
        fault = _head_fault(difference)
        if fault:
            found.append(fault)
    return found


def _department_values(
    rows: Sequence[RosterRow], departments: Mapping[str, Mapping[str, object]]
) -> dict[str, dict[str, object]]:
    """Collect each department's values, which any of its rows may give, from all rows."""
    values: dict[str, dict[str, object]] = {
        row.department_code: dict(departments.get(row.department_code, {"is_vertical": False})) for row in rows
    }
    for row in rows:
        given = {key: getattr(row, key) for key in CARRIED[1:]}
        values[row.department_code] |= {key: value for key, value in given.items() if value not in ("", None)}
    return values


def _filled(row: RosterRow, held: Held | None, values: Mapping[str, Mapping[str, object]]) -> RosterRow:
    row = replace(row, **values[row.department_code])  # type: ignore[arg-type]  # values of these very fields
    serving = held.row if held else None
    if serving and row.head_name in ("", serving.head_name):
        return replace(row, head_name=serving.head_name, head_since=row.head_since or serving.head_since)
    is_first = held is None or not (held.row.head_name or held.vacant_since)
    since = UNKNOWN_START if row.head_name and is_first else None
    return replace(row, head_since=row.head_since or since)


def _head_fault(difference: Difference) -> Fault | None:
    row, before = difference.after, difference.before
    if before is None or row.head_name in ("", before.row.head_name):
        return None
    last = before.row.head_since or before.vacant_since
    if last and row.head_since is None:
        text = f"科室负责人换为“{row.head_name}”，请填写任职日期。"
        return Fault(row.where, text, "科室负责人更换，没有任职日期")
    if last and row.head_since and row.head_since <= last:
        text = f"“{row.head_name}”的任职日期{row.head_since}应晚于前任的{last}。"
        return Fault(row.where, text, "任职日期不晚于前任")
    return None
