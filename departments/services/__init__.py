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
from departments.services.roster import RosterReport, import_roster

__all__ = [
    "Changes",
    "NewSection",
    "RosterReport",
    "abolish_sections",
    "import_roster",
    "merge_sections",
    "move_sections",
    "rehearse",
    "rename_section",
    "split_section",
]
