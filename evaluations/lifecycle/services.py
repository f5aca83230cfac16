"""The steps of a round (轮次): each locks the round, checks, changes its state and writes an audit row."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import ProtectedError

from departments.models import Section
from departments.roster.rules.tenure import head_in_period
from evaluations.ballot_form.queries import make_ballot_form
from evaluations.box_key.queries import key_in_force
from evaluations.box_key.services.making import make_server_key
from evaluations.lifecycle.queries import unfreezing_faults
from evaluations.rounds.models import Round, RoundSection, Unfreezing
from evaluations.rounds.rules.lifecycle import VOIDABLE, RoundState, Step
from evaluations.rounds.rules.privacy_notice import VERSION, privacy_notice
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.rounds.services import begin, finish, lock_round, move_round, return_to_draft
from evaluations.sealing.services.opening import empty_box, seal_round
from evaluations.turnout.services import record_turnout
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.clock.services import Job, check_clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.profile.queries import newest_profile
from nanchuan_eval.users.models import User

REFERRED_TO = "名录中有科室已经被其他记录引用，不能解除锁定。名录确需更正的，请作废本轮，另建轮次。"


@transaction.atomic
def freeze_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Snapshot sections, heads, rulebook, 表象 and profile (名录锁定); afterwards none of them changes."""
    round_ = begin(Step.FREEZE, round_id=round_id, by=by, at=at)
    sections = Section.objects.active().select_related("department").prefetch_related("tenures").order_by("code")
    rows = RoundSection.objects.bulk_create([_snapshot(round_, section) for section in sections])
    ballot_form = make_ballot_form(round_, rows)
    round_.ballot_form, round_.ballot_form_sha256 = ballot_form.to_json().decode(), ballot_form.digest
    profile = newest_profile()
    round_.profile = profile.as_json()
    round_.privacy_notice = {"version": VERSION, "items": privacy_notice(profile, round_.rulebook["office_phone"])}
    round_.save(update_fields=["ballot_form", "ballot_form_sha256", "privacy_notice", "profile"])
    fixed = fixed_digests(("round", round_.pk), ("roster", round_.pk), ("profile", round_.pk))
    detail = {"sections": len(rows), "paper": ballot_form.digest, "fixed": fixed}
    return finish(Step.FREEZE, round_, by=by, at=at, detail=detail)


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
    if not is_opened_by_supervisors(round_.rulebook):
        make_server_key(round_, at=at)
    key = key_in_force(round_)
    detail = {"key_id": key.key_id, "record_sha256": key.record_sha256, "fixed": fixed_digests(("box_key", round_.pk))}
    return finish(Step.OPEN, round_, by=by, at=at, detail=detail)


@transaction.atomic
def extend_round(*, round_id: int, closes_at: datetime, reason: str, by: User, at: datetime) -> Round:
    """Postpone the closing time (延期), with a reason; it can never be brought forward."""
    policy.check(by, "round.extend")
    round_ = lock_round(round_id)
    if round_.state not in {RoundState.DRAWN, RoundState.OPEN} or closes_at <= max(round_.closes_at, at):
        raise RuleViolation("只有投票结束前的轮次可以延期，且新的截止时间必须晚于原来的和现在。")
    if round_.state == RoundState.OPEN and at >= round_.closes_at:
        raise RuleViolation("投票已经截止，正在等待开箱，不能再延期。")
    if not reason.strip():
        raise RuleViolation("请填写延期理由。")
    round_.closes_at = closes_at
    round_.save(update_fields=["closes_at"])
    detail = {"fixed": fixed_digests(("round", round_.pk))}
    audit.record("round.extend", round_, by=by, at=at, reason=reason, detail=detail)
    return round_


@transaction.atomic
def announce_result(*, round_id: int, by: User, at: datetime) -> Round:
    """Announce preliminary results to the units (告知初步结果); the objection period starts (rulebook R-G)."""
    return finish(Step.ANNOUNCE, begin(Step.ANNOUNCE, round_id=round_id, by=by, at=at), by=by, at=at)


@transaction.atomic
def archive_round(*, round_id: int, by: User, at: datetime) -> Round:
    """Archive a round all of whose cases are closed (归档)."""
    return finish(Step.ARCHIVE, begin(Step.ARCHIVE, round_id=round_id, by=by, at=at), by=by, at=at)


@transaction.atomic
def void_round(*, round_id: int, reason: str, by: User, at: datetime) -> Round:
    """Declare a round void before publication (作废); its record stays."""
    policy.check(by, "round.void")
    round_ = lock_round(round_id)
    if RoundState(round_.state) not in VOIDABLE:
        raise RuleViolation(f"“{RoundState(round_.state).label}”的轮次不能作废，只能发布更正。")
    if not reason.strip():
        raise RuleViolation("请填写作废理由。")
    empty_box(round_)
    move_round(round_, RoundState.VOID, by=by, at=at)
    detail = {"fixed": fixed_digests(("steps", round_.pk))}
    audit.record("round.void", round_, by=by, at=at, reason=reason, detail=detail)
    return round_


@transaction.atomic
def unfreeze_round(*, round_id: int, reason: str, by: User, at: datetime) -> Unfreezing:
    """Make a frozen round a draft again (解除锁定); what was frozen goes, and a record of it stays."""
    policy.check(by, "round.unfreeze")
    round_ = lock_round(round_id)
    if faults := unfreezing_faults(round_):
        raise RuleViolation(*faults)
    if not reason.strip():
        raise RuleViolation("请填写解除锁定的理由。")
    done = Unfreezing.objects.create(
        round=round_,
        frozen_at=round_.steps.get(state=RoundState.FROZEN).at,
        at=at,
        by=by,
        reason=audit.plain(reason.strip())[:300],
        sections=round_.sections.count(),
        ballot_form_sha256=round_.ballot_form_sha256,
        roster_sha256=fixed_digests(("roster", round_.pk))[f"roster:{round_.pk}"],
    )
    try:
        round_.sections.all().delete()
    except ProtectedError:
        raise RuleViolation(REFERRED_TO) from None
    return_to_draft(round_)
    fixed = fixed_digests(*((kind, round_.pk) for kind in ("round", "roster", "profile", "steps")))
    detail = {"paper": done.ballot_form_sha256, "sections": done.sections, "fixed": fixed}
    audit.record("round.unfreeze", round_, by=by, at=at, reason=reason, detail=detail, wrote=[done])
    return done


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


def due_jobs(at: datetime) -> list[Job]:
    """Return what the clock has to do for rounds: check the time, record returns, seal due rounds."""
    overdue = Round.objects.overdue_for_sealing(at)
    seals = [Job(f"封箱（{round_.name}）", partial(_seal_due, round_, at)) for round_ in overdue]
    return [
        Job("核对时钟", check_clock),
        Job("记录收回数", lambda: f"已记录{record_turnout(at=at)}项。"),
        *(seals or [Job("封箱", lambda: "没有到期的轮次。")]),
    ]


def _seal_due(round_: Round, at: datetime) -> str:
    """Seal a round; that its supervisors have yet to come, or another run has just sealed it, is success, too."""
    if is_opened_by_supervisors(round_.rulebook):
        return "已截止，待监督员持密钥卡开箱。"
    try:
        sealed = seal_round(round_id=round_.pk, by=policy.CLOCK, at=at)
    except RuleViolation:
        if Round.objects.overdue_for_sealing(at).filter(pk=round_.pk).exists():
            raise
        return "已由另一次运行办理。"
    return f"已封箱，总校验值 {sealed.closing_root}"
