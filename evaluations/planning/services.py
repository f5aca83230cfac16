"""Taking a plan over into the rulebook of its round."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from evaluations.planning.queries import grounds
from evaluations.planning.rules.differences import Difference, differences
from evaluations.planning.rules.inputs import Inputs
from evaluations.planning.rules.plan import adopted
from evaluations.rounds.models import Round
from evaluations.rounds.services import edit_rulebook, lock_round
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def adopt_plan(*, round_id: int, inputs: Inputs, seen: str, by: User, at: datetime) -> Round:
    """Write the plan's numbers of people and ballots into the rulebook; `seen` = digest of what was shown.

    A draft's rulebook is changed by one person and approved as a whole by another (审定评议方案).
    """
    policy.check_starts(by, "round.edit")
    round_ = lock_round(round_id)
    rulebook = adopted(round_.rulebook, grounds(round_).plan(inputs))
    found = differences(round_.rulebook, rulebook)
    if digest_of(found) != seen:
        raise RuleViolation("评议规则或者名录在此期间有变动，请重新计算后采用。")
    if not found:
        raise RuleViolation("评议计划与现行评议规则相同，没有需要采用的内容。")
    detail = {"step_label": "采用评议计划", "differences": found}
    return edit_rulebook(round_id=round_id, rulebook=rulebook, by=by, at=at, detail=detail)


def digest_of(found: Sequence[Difference]) -> str:
    """Return the digest of differences as they were shown."""
    return sha256_hex(canonical_json(list(found)))
