"""Admin pages of the core app, collected from its features."""

from nanchuan_eval.accounts import admin as accounts
from nanchuan_eval.admin_site import approval_inbox
from nanchuan_eval.audit_review import admin as audit_review
from nanchuan_eval.backups import admin as backups
from nanchuan_eval.workdays import admin as workdays

__all__ = ["accounts", "approval_inbox", "audit_review", "backups", "workdays"]
