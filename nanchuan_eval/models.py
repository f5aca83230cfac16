"""Models of the core app: accounts, approvals, audit log, calendar, backups."""

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry, AuditHead
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.lists.models import ListUpload
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import ACCOUNT_ROLES, STAFF_ROLES, User, UserManager
from nanchuan_eval.workdays.models import CompleteYear, Holiday

__all__ = [
    "ACCOUNT_ROLES",
    "STAFF_ROLES",
    "Approval",
    "AuditAnchor",
    "AuditEntry",
    "AuditHead",
    "Backup",
    "ClockRun",
    "CompleteYear",
    "Holiday",
    "ListUpload",
    "Logo",
    "ProfileVersion",
    "SecondFactor",
    "User",
    "UserManager",
]
