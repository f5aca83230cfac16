"""Comparison of a roster file with the roster (名录比对): changes of each section, the question about heads, faults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from departments.roster.rules.naming import former_name, keep_former_name
from departments.roster.rules.rows import NAMES, OF_DEPARTMENT, RosterRow
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.names.rules.keys import is_same_name, name_key

# First day in office of a head if neither the file nor an earlier tenure gives one.
UNKNOWN_START = date(2000, 1, 1)
# The question about heads, and its answers: the standing tenure is corrected, or somebody else has taken over.
HEADS, CORRECT, REPLACE = "heads", "correct", "replace"


class HeadChange(Enum):
    """What an import does with a section's head; the value is the word for it."""

    KEPT = ""
    ENTERED = "登记负责人"
    REPLACED = "更换负责人"
    CORRECTED = "更正负责人姓名"
    DAY_CORRECTED = "更正任职日期"
    ASKED = "负责人待定"


@dataclass(frozen=True)
class Held:
    """A section of the roster with its present head, or the day since when there is none.

    `is_active` = it and its department take part; `holds_name` = no other section may have its name; `last_left` = the
    last day in office of the latest predecessor.
    """

    row: RosterRow
    is_active: bool = True
    holds_name: bool = True
    vacant_since: date | None = None
    last_left: date | None = None


@dataclass(frozen=True)
class Difference:
    """One section of the file: `before` = None for a new one, `after` = the file's values, blanks filled in."""

    before: Held | None
    after: RosterRow
    head: HeadChange = HeadChange.KEPT

    @property
    def is_new(self) -> bool:
        """True if the section is not in the roster yet."""
        return self.before is None

    @property
    def is_changed(self) -> bool:
        """True if an existing section differs, or takes part again."""
        return self.before is not None and (self.before.row != self.after or not self.before.is_active)


def compare(
    rows: Sequence[RosterRow],
    held: Mapping[str, Held],
    departments: Mapping[str, Mapping[str, object]],
    *,
    correct_heads: bool = False,
    places: Sequence[str] = (),
) -> list[Difference]:
    """Compare each row with the roster; empty cells keep the present value, as do other spellings of a name.

    A unit under one of its former names keeps the present one.

    `correct_heads` = the answer to the question about heads of another name without a first day of their own;
    `places` = what may stand in front of a unit's name.
    """
    given = _department_values(rows, departments, places)
    return [
        _difference(row, held.get(row.section_code), given[row.department_code], correct=correct_heads) for row in rows
    ]


def faults(differences: Iterable[Difference], held: Mapping[str, Held]) -> list[Fault]:
    """Return the faults that forbid the import, with sheet and row."""
    differences = list(differences)
    named = {difference.after.section_code for difference in differences}
    kept = {
        (other.row.department_code, name_key(other.row.section_name)): code
        for code, other in held.items()
        if other.holds_name and code not in named
    }
    found = []
    for difference in differences:
        row = difference.after
        twin = kept.get((row.department_code, name_key(row.section_name)))
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


def heads_question(differences: Iterable[Difference]) -> Question | None:
    """Return the one question about all heads of another name with the same first day or none, or None."""
    asked = [d for d in differences if d.head in {HeadChange.ASKED, HeadChange.CORRECTED}]
    if not asked:
        return None
    return Question(
        HEADS,
        f"{len(asked)}个科室的负责人姓名与现有登记不同，任职日期相同或未填：是更正登记，还是换人？",
        ((CORRECT, "更正登记：原来的姓名有误，任期不变"), (REPLACE, "换人：须在文件中填写任职日期后重新上传")),
        detail=tuple(map(_asked, asked)),
    )


def _asked(difference: Difference) -> str:
    row, before = difference.after, difference.before
    old, since = (before.row.head_name, before.row.head_since) if before else ("", None)
    place = f"（{row.where}）" if row.where else ""
    return f"{row.section_code} {row.department_name}{row.section_name}：{old} → {row.head_name}，{since}任职{place}"


def _department_values(
    rows: Sequence[RosterRow], departments: Mapping[str, Mapping[str, object]], places: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Collect each department's values, which any of its rows may give, from all rows."""
    values: dict[str, dict[str, object]] = {
        row.department_code: dict(departments.get(row.department_code, {"is_vertical": False})) for row in rows
    }
    for row in rows:
        known, is_former = values[row.department_code], bool(former_name(row, departments, places))
        for key in OF_DEPARTMENT:
            value = getattr(row, key)
            is_kept = (key == "department_name" and is_former) or _is_spelling(key, known.get(key), value)
            if value not in ("", None) and not is_kept:
                known[key] = value
    for code, known in values.items():
        keep_former_name(known, departments.get(code, {}))
    return values


def _is_spelling(key: str, known: object, value: object) -> bool:
    """True if the value is the known name in another spelling."""
    return key in NAMES and is_same_name(str(known or ""), str(value))


def _difference(row: RosterRow, held: Held | None, department: Mapping[str, object], *, correct: bool) -> Difference:
    row = replace(row, **department)  # type: ignore[arg-type]  # values of these very fields
    if held and is_same_name(held.row.section_name, row.section_name):
        row = replace(row, section_name=held.row.section_name)
    name, since, change = _head(row, held, correct=correct)
    return Difference(held, replace(row, head_name=name, head_since=since), change)


def _head(row: RosterRow, held: Held | None, *, correct: bool) -> tuple[str, date | None, HeadChange]:
    """Return name and first day of the section's head, and what that changes."""
    name, since = (held.row.head_name, held.row.head_since) if held else ("", None)
    if not row.head_name or is_same_name(name, row.head_name):
        moved = bool(row.head_name) and row.head_since not in (None, since)
        return name, row.head_since if moved else since, HeadChange.DAY_CORRECTED if moved else HeadChange.KEPT
    if not name:
        is_first = held is None or held.vacant_since is None
        return row.head_name, row.head_since or (UNKNOWN_START if is_first else None), HeadChange.ENTERED
    if row.head_since in (None, since):
        return row.head_name, since, HeadChange.CORRECTED if correct else HeadChange.ASKED
    return row.head_name, row.head_since, HeadChange.REPLACED


def _head_fault(difference: Difference) -> Fault | None:
    row, before, on = difference.after, difference.before, difference.after.head_since
    if before is None or difference.head in {HeadChange.KEPT, HeadChange.CORRECTED, HeadChange.ASKED}:
        return None
    if difference.head is HeadChange.DAY_CORRECTED:
        if before.last_left and on and on <= before.last_left:
            text = f"“{row.head_name}”的任职日期{on}应晚于前任的离任日期{before.last_left}。"
            return Fault(row.where, text, "任职日期不晚于前任离任")
        return None
    last = before.row.head_since or before.vacant_since
    if last and on is None:
        text = f"科室负责人换为“{row.head_name}”，请填写任职日期。"
        return Fault(row.where, text, "科室负责人更换，没有任职日期")
    if last and on and on <= last:
        text = f"“{row.head_name}”的任职日期{on}应晚于前任的{last}。"
        return Fault(row.where, text, "任职日期不晚于前任")
    return None
