"""Changes of the roster: import as a whole, and the reforms that sections go through."""

from departments.services.reforms import (
    abolish_section,
    merge_sections,
    move_section,
    rename_section,
    split_section,
)
from departments.services.roster import RosterReport, import_roster

__all__ = [
    "RosterReport",
    "abolish_section",
    "import_roster",
    "merge_sections",
    "move_section",
    "rename_section",
    "split_section",
]
