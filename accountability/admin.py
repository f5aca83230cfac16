"""Admin pages of the app, collected from its features."""

from accountability.case_lifecycle import admin as case_lifecycle
from accountability.promotion_freezes import admin as promotion_freezes

__all__ = ["case_lifecycle", "promotion_freezes"]
