"""Taking over rules and places of draws from the last round (沿用上一轮): one act, one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from evaluations.carry_over.rules import compare_rules, taken_over
from evaluations.draws.models import PlannedDraw
from evaluations.draws.services.commitment import plan_draw, planned_draw
from evaluations.rounds.models import Round
from evaluations.rounds.queries import earlier_round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.services import edit_rulebook, lock_round
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def carry_over(
    *, round_id: int, rules: Collection[str], draws: Mapping[DrawPurpose, datetime], by: User, at: datetime
) -> Round:
    """Take over these rules, and announce these draws at the place and with the witnesses of the last round."""
    policy.check_starts(by, "round.edit")
    round_ = lock_round(round_id)
    earlier = earlier_round(round_)
    if earlier is None:
        raise RuleViolation("没有更早的轮次可以沿用，请在“评议规则”中填写。")
    if not rules and not draws:
        raise RuleViolation("没有选择要沿用的内容，请至少勾选一项；不沿用的，返回即可。")
    lines = [line for line in compare_rules(round_.rulebook, earlier.rulebook).lines if line.path in rules]
    if len(lines) < len(set(rules)):
        raise RuleViolation("规则在打开本页之后有改动，请重新核对后再沿用。")
    _announce(round_, earlier, draws, by=by, at=at)
    detail = {
        "step_label": f"沿用“{earlier.name}”的规则和抽取安排",
        "earlier": earlier.key,
        "rules": [line.text for line in lines],
        "draws": sorted(draws),
    }
    rulebook = taken_over(round_.rulebook, earlier.rulebook, rules)
    return edit_rulebook(round_id=round_id, rulebook=rulebook, by=by, at=at, detail=detail)


def _announce(round_: Round, earlier: Round, draws: Mapping[DrawPurpose, datetime], *, by: User, at: datetime) -> None:
    for purpose, planned_at in draws.items():
        known = planned_draw(earlier, purpose)
        if known is None or planned_draw(round_, purpose):
            raise RuleViolation(
                f"“{purpose.label}”在上一轮没有登记，或者本轮已经登记，请返回后在轮次页面登记或者更改。"
            )
        if planned_at <= at:
            raise RuleViolation(f"“{purpose.label}”的时间已经过去，请填写以后的时间，或者不勾选这一项。")
        planned = PlannedDraw(
            round=round_, purpose=purpose, planned_at=planned_at, place=known.place, witnesses=known.witnesses
        )
        plan_draw(planned=planned, by=by, at=at)
