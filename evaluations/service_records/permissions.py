"""Who delivers records and states counts: the office for every unit, a unit's liaison for that unit alone."""

from departments.models import Department
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User

IMPORT, DELIVER = "pool.import", "records.deliver"


def action_of(by: policy.Actor) -> str:
    """Return the action by which the actor delivers."""
    return DELIVER if by.role == Role.LIAISON else IMPORT


def check_delivers(by: policy.Actor, unit: Department | None) -> None:
    """Raise `Denied` unless the actor may deliver for the unit; None = for every unit."""
    own = isinstance(by, User) and unit is not None and bool(unit.code) and by.unit_code == unit.code
    policy.check(by, action_of(by), own=own)
