"""Admin pages of the app, collected from its features."""

from accountability.case_lifecycle import admin as case_lifecycle
from accountability.history import admin as history

__all__ = ["case_lifecycle", "history"]
