"""What the actions on accounts, approvals and backups fix (固定内容)."""

from django.db.models import Case, F, When

from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.queries import RowFact
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.profile.models import Logo, ProfileVersion
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import CompleteYear, Holiday

# The confirmed second factor of an account: it is enrolled and reset by actions about the account.
SECOND_FACTOR = Case(When(second_factor__confirmed=True, then=F("second_factor__secret")))
USER = (
    *("username", "name", "role", "unit_code", "person_code", "is_active", "expires_at"),
    *("created_at", "password", "password_set_at", "earlier_passwords", SECOND_FACTOR),
)
# Content and arguments are purged; the digest covers them.
APPROVAL = (
    *("kind", "action", "object_type", "object_id", "title", "digest", "reason", "proposed_by_id", "proposed_at"),
    *("state", "decided_by_id", "decided_at", "note", "spent_at"),
)
ROWS = (
    RowFact("账号（角色、人员编号、口令、动态口令）", User, USER),
    RowFact("审批", Approval, APPROVAL),
    RowFact("备份登记", Backup, ("name", "made_at", "size", "sha256", "seq", "head", "is_during_vote")),
    RowFact("机构信息", ProfileVersion, ("content", "reason", "approved_by_id", "approved_at")),
    RowFact("徽标", Logo, ("sha256", "uploaded_at")),
    RowFact("节假日", Holiday, ("day", "name", "is_workday"), is_complete=False),
    RowFact("节假日录全年份", CompleteYear, ("year", "declared_by_id", "declared_at"), is_complete=False),
    RowFact("节假日录全后的变动", CompleteYear, ("changed_at",), is_complete=False, part="changes"),
)
