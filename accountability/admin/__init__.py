"""问责与整改 at the desk, one file per list."""

from accountability.admin import case, freeze

__all__ = ["case", "freeze"]
