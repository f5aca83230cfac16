"""The floor's pages at the desk: accounts, approvals, calendar, trace."""

from nanchuan_eval.admin import accounts, approvals, audit, backups, calendar

__all__ = ["accounts", "approvals", "audit", "backups", "calendar"]
