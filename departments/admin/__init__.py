"""The roster at the desk."""

from departments.admin import roster

__all__ = ["roster"]
