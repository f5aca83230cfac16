"""Reading of the roster (评议对象名录): sections with their departments, all or nothing, free of contradictions."""

from collections.abc import Iterable
from dataclasses import dataclass

from departments.roster.rules.rows import (
    CARRIED,
    COLUMNS,
    LABELS,
    NAMES,
    OF_DEPARTMENT,
    RosterRow,
    no_name_notices,
    roster_row,
)
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.tables import SourceRow, TableError, read_table
from nanchuan_eval.names.rules.keys import name_key

MOST_SECTIONS = 5000


@dataclass(frozen=True)
class RosterFile:
    """The sections of a file, and what staff should know about it (`notices`)."""

    rows: tuple[RosterRow, ...]
    notices: tuple[str, ...] = ()


def parse_roster(rows: Iterable[SourceRow]) -> RosterFile:
    """Return the sections of a file; raises `TableError` with all faults if there is any."""
    table = read_table(rows, COLUMNS, carried=CARRIED, what="科室")
    sections = tuple(map(roster_row, table.records))
    checker = _Consistency()
    faults = [fault for row in sections if (fault := checker.fault(row))]
    if len(sections) > MOST_SECTIONS:
        faults.append(Fault("", f"文件中的科室超过{MOST_SECTIONS}个，请确认文件是否正确。", "科室过多"))
    if faults:
        raise TableError(faults)
    return RosterFile(sections, (*table.notices, *no_name_notices(table.records)))


class _Consistency:
    """Check of each row against the earlier ones: unique codes, consistent departments."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, ...], str] = {}
        self.values: dict[tuple[str, str], object] = {}
        self.codes: dict[str, str] = {}

    def fault(self, row: RosterRow) -> Fault | None:
        """Return the contradiction within the row, or to an earlier one, if there is one."""
        problem = _head_problem(row) or self._repeated(row) or self._contradiction(row)
        return Fault(row.where, *problem) if problem else None

    def _repeated(self, row: RosterRow) -> tuple[str, str] | None:
        for key, what, kind in (
            ((row.section_code,), f"科室代码“{row.section_code}”", "科室代码重复"),
            (
                (name_key(row.department_name), name_key(row.section_name)),
                f"“{row.department_name}”的科室“{row.section_name}”",
                "同一单位的科室重复",
            ),
        ):
            if key in self.seen:
                return f"{what}与{self.seen[key]}重复。", kind
            self.seen[key] = row.where
        return None

    def _contradiction(self, row: RosterRow) -> tuple[str, str] | None:
        name = row.department_name
        code = self.codes.setdefault(name_key(name), row.department_code)
        if code != row.department_code:
            return f"“{name}”前后的单位代码不一致：{code}、{row.department_code}。", f"“{name}”的单位代码不一致"
        for key in OF_DEPARTMENT:
            value = getattr(row, key)
            if value in ("", None):
                continue
            compared = name_key(value) if key in NAMES else value
            if self.values.setdefault((row.department_code, key), compared) != compared:
                what = f"单位代码“{row.department_code}”前后的“{LABELS[key]}”不一致"
                return f"{what}。", what
        return None


def _head_problem(row: RosterRow) -> tuple[str, str] | None:
    what = "填了任职日期，没有填科室负责人"
    return (f"{what}。", what) if row.head_since and not row.head_name else None
