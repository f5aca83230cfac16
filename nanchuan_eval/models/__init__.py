"""Accounts, approvals, the trace and the calendar: the floor every app stands on."""

from nanchuan_eval.models.account import ACCOUNT_ROLES, DESK_ROLES, User, UserManager
from nanchuan_eval.models.approval import Approval
from nanchuan_eval.models.audit import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.models.backup import Backup
from nanchuan_eval.models.calendar import Holiday
from nanchuan_eval.models.second_factor import SecondFactor

__all__ = [
    "ACCOUNT_ROLES",
    "DESK_ROLES",
    "Approval",
    "AuditAnchor",
    "AuditEntry",
    "AuditHead",
    "Backup",
    "Holiday",
    "SecondFactor",
    "User",
    "UserManager",
]
