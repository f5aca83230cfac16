"""问责与整改 at the desk, one file per list."""

from accountability.case_lifecycle import admin as case
from accountability.promotion_freezes import admin as freeze

__all__ = ["case", "freeze"]
