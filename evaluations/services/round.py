"""The steps of a round (轮次): each takes the round under a row lock, checks, moves, records, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from departments.models import Section
from departments.rules.tenure import head_in_period
from evaluations.models import Round, RoundSection, RoundStep
from evaluations.papers import make_paper
from evaluations.rules.privacy import VERSION, privacy_notice
from evaluations.rules.rounds import ROUND_FLOW, STEP_ACTION, STEP_TO, VOIDABLE, RoundState, Step
from evaluations.rules.rulebook import rulebook_errors
from evaluations.services.facts import require
from nanchuan_eval import audit, policy
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import User


def lock_round(round_id: int) -> Round:
    """Return the round under its row lock; every change of a round begins here.

    Not the strongest lock: that one would also hold up the foreign-key checks of ballots being cast, and a
    sealing that waits for those ballots would wait for ever.
    """
    return Round.objects.select_for_update(no_key=True).get(pk=round_id)


def begin(step: Step, *, round_id: int, by: policy.Actor, at: datetime, open_cases: int = 0) -> Round:
    """Permit, lock and check: the common opening of every step; call inside the step's transaction."""
    policy.check(by, STEP_ACTION[step])
    round_ = lock_round(round_id)
    require(round_, step, at, open_cases=open_cases)
    return round_


def finish(
    step: Step, round_: Round, *, by: policy.Actor, at: datetime, detail: Mapping[str, object] | None = None
) -> Round:
    """Move, save and record: the common end of every step."""
    _move(round_, STEP_TO[step], by=by, at=at)
    audit.record(STEP_ACTION[step], round_, by=by, at=at, detail={"step_label": step.label, **(detail or {})})
    return round_


@transaction.atomic
def plan_round(*, round_: Round, by: User, at: datetime) -> Round:
    """Set up a round in preparation (筹备); a draft binds nobody. Faults are Django's ValidationError in Chinese."""
    policy.check_begins(by, "round.edit")
    round_.full_clean()
    round_.save()
    _reach(round_, RoundState.DRAFT, by=by, at=at)
    audit.record("round.edit", round_, by=by, at=at)
    return round_


@transaction.atomic
def edit_rulebook(*, round_id: int, rulebook: dict[str, Any], by: User, at: datetime) -> Round:
    """Change the rulebook of a round in preparation; refused with every fault at once."""
    policy.check_begins(by, "round.edit")
    round_ = lock_round(round_id)
    if round_.state != RoundState.DRAFT:
        raise RuleViolation("评议规则在名录锁定后不能修改。")
    errors = rulebook_errors(rulebook)
    if errors:
        raise RuleViolation(*errors)
    changed = sorted(key for key, value in rulebook.items() if round_.rulebook.get(key) != value)
    round_.rulebook = rulebook
    round_.save(update_fields=["rulebook"])
    audit.record("round.edit", round_, by=by, at=at, detail={"changed": changed})
    return round_


@transaction.atomic
def edit_round(*, round_: Round, changed: Sequence[str], by: User, at: datetime) -> Round:
    """Save the name and the days of a round in preparation as typed; `changed` = the fields."""
    policy.check_begins(by, "round.edit")
    if lock_round(round_.pk).state != RoundState.DRAFT:
        raise RuleViolation("名录锁定后，轮次的名称和时间不能再改。")
    round_.full_clean()
    round_.save(update_fields=changed)
    audit.record("round.edit", round_, by=by, at=at, detail={"changed": list(changed)})
    return round_


@transaction.atomic
def settle_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Approve the round as it is written (审定评议方案); what is changed afterwards has to be approved again."""
    policy.check(by, "round.edit")
    round_ = lock_round(round_id)
    refuse_unsettleable(round_)
    audit.record("round.edit", round_, by=by, at=at, detail={"step_label": "审定评议方案"})
    return round_


def refuse_unsettleable(round_: Round) -> None:
    """Refuse to settle a round that is no draft any more, or whose rulebook has faults."""
    if round_.state != RoundState.DRAFT:
        raise RuleViolation("评议方案在名录锁定之前审定。")
    if errors := rulebook_errors(round_.rulebook):
        raise RuleViolation(*errors)


@transaction.atomic
def freeze_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Snapshot sections, responsible heads, rulebook and 表象 (名录锁定); afterwards none of them changes."""
    round_ = begin(Step.FREEZE, round_id=round_id, by=by, at=at)
    sections = Section.objects.active().select_related("department").prefetch_related("tenures").order_by("code")
    rows = RoundSection.objects.bulk_create([_snapshot(round_, section) for section in sections])
    paper = make_paper(round_, rows)
    round_.paper, round_.paper_sha256 = paper.to_json().decode(), paper.digest
    round_.privacy_notice = {"version": VERSION, "items": privacy_notice(round_.rulebook["office_phone"])}
    round_.save(update_fields=["paper", "paper_sha256", "privacy_notice"])
    return finish(Step.FREEZE, round_, by=by, at=at, detail={"sections": len(rows), "paper": paper.digest})


@transaction.atomic
def confirm_draws(*, round_id: int, by: User, at: datetime) -> Round:
    """Confirm that supervisors and targeted evaluators are drawn (已抽取)."""
    return finish(Step.CONFIRM_DRAWS, begin(Step.CONFIRM_DRAWS, round_id=round_id, by=by, at=at), by=by, at=at)


@transaction.atomic
def open_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Open the vote (开启评议); ballots are accepted between the round's two times."""
    round_ = begin(Step.OPEN, round_id=round_id, by=by, at=at)
    if Round.objects.filter(state=RoundState.OPEN).exists():
        raise RuleViolation("另一轮次正在投票，同一时间只能有一个轮次在投票。")
    return finish(Step.OPEN, round_, by=by, at=at)


@transaction.atomic
def extend_round(*, round_id: int, closes_at: datetime, reason: str, by: User, at: datetime) -> Round:
    """Put the closing time off (延期), with the commission's assent and a reason; never bring it forward."""
    policy.check(by, "round.extend")
    round_ = lock_round(round_id)
    if round_.state not in {RoundState.DRAWN, RoundState.OPEN} or closes_at <= max(round_.closes_at, at):
        raise RuleViolation("只有投票结束前的轮次可以延期，且新的截止时间必须晚于原来的和现在。")
    if not reason.strip():
        raise RuleViolation("请填写延期理由。")
    round_.closes_at = closes_at
    round_.save(update_fields=["closes_at"])
    audit.record("round.extend", round_, by=by, at=at, reason=reason)
    return round_


@transaction.atomic
def announce_result(*, round_id: int, by: User, at: datetime) -> Round:
    """Tell the units their own preliminary results (告知初步结果); the objection window starts (R-G)."""
    return finish(Step.ANNOUNCE, begin(Step.ANNOUNCE, round_id=round_id, by=by, at=at), by=by, at=at)


@transaction.atomic
def archive_round(*, round_id: int, open_cases: int, by: User, at: datetime) -> Round:
    """Archive a round all of whose cases are closed (归档)."""
    round_ = begin(Step.ARCHIVE, round_id=round_id, by=by, at=at, open_cases=open_cases)
    return finish(Step.ARCHIVE, round_, by=by, at=at)


@transaction.atomic
def void_round(*, round_id: int, reason: str, by: User, at: datetime) -> Round:
    """Declare a round void before publication (作废); its record stays."""
    policy.check(by, "round.void")
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in VOIDABLE:
        raise RuleViolation(f"“{RoundState(round_.state).label}”的轮次不能作废，只能发布更正。")
    if not reason.strip():
        raise RuleViolation("请填写作废理由。")
    _move(round_, RoundState.VOID, by=by, at=at)
    audit.record("round.void", round_, by=by, at=at, reason=reason)
    return round_


def _move(round_: Round, then: RoundState, *, by: policy.Actor, at: datetime) -> None:
    round_.state = ROUND_FLOW.move(RoundState(round_.state), then)
    round_.save(update_fields=["state"])
    _reach(round_, then, by=by, at=at)


def _reach(round_: Round, state: RoundState, *, by: policy.Actor, at: datetime) -> None:
    RoundStep.objects.create(round=round_, state=state, at=at, by=by if isinstance(by, User) else None)


def _snapshot(round_: Round, section: Section) -> RoundSection:
    department = section.department
    head = head_in_period(section.tenures.all(), round_.period_start, round_.period_end)
    return RoundSection(
        round=round_,
        section=section,
        code=section.code,
        name=section.name,
        service_kind=section.service_kind,
        department_code=department.code,
        department_name=department.name,
        department_kind=department.kind,
        is_vertical=department.is_vertical,
        superior=department.superior,
        chief_leader=department.chief_leader,
        leader_in_charge=department.leader_in_charge,
        head_name=head.name if head else "",
    )
