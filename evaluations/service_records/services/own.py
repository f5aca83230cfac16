"""A unit's own file of records (本单位报送): of its sections only, whole or not at all, or on trial."""

from datetime import datetime

from departments.models import Department
from evaluations.service_records.permissions import DELIVER
from evaluations.service_records.services.importing import Only, import_records
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.spreadsheets.guard import LARGEST_FILE, MIB
from nanchuan_eval.users.models import User

SHOWN_HINTS = 20


def import_own(
    *, unit: Department, content: bytes, filename: str, is_trial: bool, by: policy.Actor, at: datetime
) -> str:
    """Import the file, or only check it; returns in words what it brought."""
    own = isinstance(by, User) and bool(by.unit_code) and by.unit_code == unit.code
    policy.check(by, DELIVER, own=own)
    if len(content) > LARGEST_FILE:
        raise RuleViolation(f"文件超过{LARGEST_FILE // MIB}MB，请按时间拆分，或者联系评议办导入。")
    rows = read_rows(content, filename)
    made = import_records(rows=rows, by=by, at=at, only=Only(unit), is_trial=is_trial)
    done = "检查通过，没有导入。" if is_trial else "已导入。"
    figures = "，".join(f"{label}{figure}" for label, figure in made.figures if figure)
    more = made.hints[SHOWN_HINTS:]
    hints = [*made.notices, *map(str, made.hints[:SHOWN_HINTS]), *([f"另有{len(more)}条提示。"] if more else [])]
    return done + (f"{figures}。" if figures else "没有新的办件。") + "".join(hints)
