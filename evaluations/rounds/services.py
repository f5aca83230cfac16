"""Setting up a round, and what every step shares: lock, conditions, state change, audit row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.queries import hindering_overlaps, questionnaire_in_use, require
from evaluations.rounds.rules.lifecycle import ROUND_FLOW, STEP_ACTION, STEP_TO, UNFREEZE_FLOW, RoundState, Step
from evaluations.rounds.rules.rulebook_errors import rulebook_errors
from evaluations.scoring.questionnaire import DEFAULT, questionnaire_of
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.clock.services import require_sound_clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.users.models import User

# Steps that a wrong clock would take too early or too late, for ever.
BY_THE_CLOCK = frozenset({Step.OPEN, Step.SEAL})


def lock_round(round_id: int) -> Round:
    """Return the round under its row lock; every change of a round starts here.

    Not FOR UPDATE: that would also block the foreign-key checks of ballots being cast, and sealing, which waits
    for those ballots, would wait for ever.
    """
    return Round.objects.select_for_update(no_key=True).get(pk=round_id)


def begin(step: Step, *, round_id: int, by: policy.Actor, at: datetime, permission: str = "") -> Round:
    """Check permission, lock the round and check its conditions: the start of every step, in its transaction.

    `permission` = the action behind the step where it is not STEP_ACTION's.
    """
    policy.check(by, permission or STEP_ACTION[step])
    if step in BY_THE_CLOCK:
        require_sound_clock()
    round_ = lock_round(round_id)
    require(round_, step, at)
    return round_


def finish(
    step: Step, round_: Round, *, by: policy.Actor, at: datetime, detail: Mapping[str, Any] | None = None
) -> Round:
    """Change the state and write the audit row: the end of every step."""
    move_round(round_, STEP_TO[step], by=by, at=at)
    detail = {"step_label": step.label, **(detail or {})}
    detail["fixed"] = {**detail.get("fixed", {}), **fixed_digests(("steps", round_.pk))}
    audit.record(STEP_ACTION[step], round_, by=by, at=at, detail=detail)
    return round_


@transaction.atomic
def plan_round(*, round_: Round, by: User, at: datetime, confirmed: Sequence[str] = ()) -> Round:
    """Create a round in preparation (筹备); faults are Django's ValidationError in Chinese.

    It starts with the default rules, but asks what the round before asked (names, questions, words of the levels),
    and with the profile's telephone. `confirmed` = what is improbable about its dates, as it was read and ticked.
    """
    policy.check_starts(by, "round.edit")
    if questionnaire_of(round_.rulebook) == DEFAULT:
        round_.rulebook |= questionnaire_in_use().as_settings()
    if not round_.rulebook.get("office_phone"):
        round_.rulebook = {**round_.rulebook, "office_phone": current_profile().phone}
    round_.full_clean()
    round_.save()
    _reach(round_, RoundState.DRAFT, by=by, at=at)
    detail = {**_ticked(confirmed), "fixed": fixed_digests(("round", round_.pk), ("steps", round_.pk))}
    audit.record("round.edit", round_, by=by, at=at, detail=detail)
    return round_


@transaction.atomic
def edit_rulebook(
    *, round_id: int, rulebook: dict[str, Any], by: User, at: datetime, detail: Mapping[str, Any] | None = None
) -> Round:
    """Change the rulebook of a round in preparation; refused with every fault at once."""
    policy.check_starts(by, "round.edit")
    round_ = lock_round(round_id)
    if round_.state != RoundState.DRAFT:
        raise RuleViolation("评议规则在名录锁定后不能修改。")
    errors = rulebook_errors(rulebook)
    if errors:
        raise RuleViolation(*errors)
    changed = sorted(key for key, value in rulebook.items() if round_.rulebook.get(key) != value)
    round_.rulebook = rulebook
    round_.save(update_fields=["rulebook"])
    detail = {**(detail or {}), "changed": changed, "fixed": fixed_digests(("round", round_.pk))}
    audit.record("round.edit", round_, by=by, at=at, detail=detail)
    return round_


@transaction.atomic
def edit_round(
    *, round_: Round, changed: Sequence[str], by: User, at: datetime, confirmed: Sequence[str] = ()
) -> Round:
    """Save the changed fields (name, dates) of a round in preparation."""
    policy.check_starts(by, "round.edit")
    if lock_round(round_.pk).state != RoundState.DRAFT:
        raise RuleViolation("名录锁定后，轮次的名称和时间不能再改。")
    round_.full_clean()
    round_.save(update_fields=changed)
    detail = {**_ticked(confirmed), "changed": list(changed), "fixed": fixed_digests(("round", round_.pk))}
    audit.record("round.edit", round_, by=by, at=at, detail=detail)
    return round_


@transaction.atomic
def settle_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Approve the round as it stands (审定评议方案); later changes have to be approved again."""
    policy.check(by, "round.edit")
    round_ = lock_round(round_id)
    refuse_unsettleable(round_)
    audit.record("round.edit", round_, by=by, at=at, detail={"step_label": "审定评议方案"})
    return round_


def refuse_unsettleable(round_: Round) -> None:
    """Refuse to settle a round that is no longer a draft, whose rulebook has faults, or that the next one overtakes."""
    if round_.state != RoundState.DRAFT:
        raise RuleViolation("评议方案在名录锁定之前审定。")
    if errors := rulebook_errors(round_.rulebook):
        raise RuleViolation(*errors)
    if late := hindering_overlaps(round_):
        raise RuleViolation(*late)


def move_round(round_: Round, then: RoundState, *, by: policy.Actor, at: datetime) -> None:
    """Change the state along ROUND_FLOW; for the caller's locked round and audit row."""
    round_.state = ROUND_FLOW.move(RoundState(round_.state), then)
    round_.save(update_fields=["state"])
    _reach(round_, then, by=by, at=at)


def return_to_draft(round_: Round) -> None:
    """Take back that the roster was frozen (解除锁定); for the caller's locked round and audit row."""
    round_.state = UNFREEZE_FLOW.move(RoundState(round_.state), RoundState.DRAFT)
    round_.ballot_form = round_.ballot_form_sha256 = ""
    round_.privacy_notice = round_.profile = {}
    round_.save(update_fields=["state", "ballot_form", "ballot_form_sha256", "privacy_notice", "profile"])
    # Each state is reached once: the log and the record of the unfreezing keep when it was frozen before.
    round_.steps.filter(state=RoundState.FROZEN).delete()


def _reach(round_: Round, state: RoundState, *, by: policy.Actor, at: datetime) -> None:
    RoundStep.objects.create(round=round_, state=state, at=at, by=by if isinstance(by, User) else None)


def _ticked(confirmed: Sequence[str]) -> dict[str, list[str]]:
    return {"dates_confirmed": list(confirmed)} if confirmed else {}
