"""Admin pages of the app, collected from its features."""

from accountability.case_lifecycle import admin as case_lifecycle

__all__ = ["case_lifecycle"]
