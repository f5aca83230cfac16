"""What the actions on the roster fix (固定内容): the rows whose digests the audit log holds."""

from departments.models import Department, Section, SectionChange, Tenure
from nanchuan_eval.audit.queries import RowFact

DEPARTMENT = (
    *("code", "name", "kind", "is_vertical", "superior"),
    *("chief_leader", "leader_in_charge", "is_active"),
)
CHANGE = (
    *("kind", "earlier_id", "later_id", "earlier_name", "earlier_department_name"),
    *("on", "note"),
)
ROWS = (
    RowFact("单位", Department, DEPARTMENT),
    RowFact("科室", Section, ("code", "department_id", "name", "service_kind", "is_active")),
    RowFact("科室负责人任职", Tenure, ("section_id", "name", "starts_on", "ends_on", "leaving")),
    RowFact("科室沿革", SectionChange, CHANGE),
)
