"""Changes of the roster: import as a whole, and the reforms that sections go through."""

from departments.services.reforms import (
    Changes,
    NewSection,
    abolish_sections,
    merge_sections,
    move_sections,
    rehearse,
    rename_section,
    split_section,
)
from departments.services.roster import RosterReport, compare_roster, import_roster, refuse_unless_agreed

__all__ = [
    "Changes",
    "NewSection",
    "RosterReport",
    "abolish_sections",
    "compare_roster",
    "import_roster",
    "merge_sections",
    "move_sections",
    "refuse_unless_agreed",
    "rehearse",
    "rename_section",
    "split_section",
]
