"""The floor's pages at the desk: accounts, approvals, calendar, trace."""

from nanchuan_eval.accounts import admin as accounts
from nanchuan_eval.admin_site import approval_inbox as approvals
from nanchuan_eval.audit_review import admin as audit
from nanchuan_eval.backups import admin as backups
from nanchuan_eval.workdays import admin as calendar

__all__ = ["accounts", "approvals", "audit", "backups", "calendar"]
