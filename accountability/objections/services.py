"""Objections (异议、申诉、复核): filing, acceptance, recount, decision (rulebook R-G)."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accountability.case_lifecycle.services.corrections import correct_and_follow
from accountability.cases.permissions import is_own
from accountability.evidence.services.evidence import AttachmentRule
from accountability.objections.models import Objection, RecountSignature
from accountability.objections.queries import signer_of, veto_of
from accountability.objections.rules import LEAST_WITNESSES, Ground, ObjectionState, Outcome, Stage
from evaluations.draws.models import DrawEntry
from evaluations.draws.services.signing import SUPERVISOR, spend_signing_code
from evaluations.publication.models import Publication
from evaluations.publication.queries import version_that_began
from evaluations.publication.rules import last_day
from evaluations.publication.services import Correction, place_hold, release_hold, strike_unpublished
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.queries import objection_term, objections_until
from evaluations.rounds.rules.lifecycle import BEFORE_PUBLICATION, PUBLISHED, RoundState
from evaluations.rounds.services import lock_round
from evaluations.scoring.methods import recount
from evaluations.tally.files import ballots_csv
from evaluations.tally.models import Tally
from evaluations.tally.rules.anomalies import Verdict
from evaluations.tally.services.tally import annul_veto, recount_round
from nanchuan_eval.approvals.services import ApprovableAction, calls
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.users.rules import require_two_persons
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workdays.queries import dated_now, with_hint_of
from nanchuan_eval.workdays.rules import Term, add_workdays, in_chinese, term_of

# Grounds that a recount can settle; the others are decided on the facts.
COUNTED_GROUNDS = frozenset({Ground.COUNTING, Ground.INVALID_BALLOTS, Ground.DUPLICATE})


ATTACHMENTS = {
    Objection: AttachmentRule(
        "objection",
        lambda _: "appeal.submit",
        "appeal.view",
        lambda objection: objection.state == ObjectionState.FILED,
        lambda objection: objection.section,
        visible=Objection.objects.visible_to,
        page=lambda objection: reverse("accountability:objection", args=[objection.pk]),
    )
}


@dataclass(frozen=True)
class Decision:
    """Decision on an objection: 维持, 更正 or 不予受理, with its reasons."""

    outcome: Outcome
    answer: str


@transaction.atomic
def file_objection(*, section_id: int, ground: Ground, facts: str, by: User, at: datetime) -> Objection:
    """File an objection or appeal in time (提出异议或申诉); an objection holds the publication until it is decided."""
    section = RoundSection.objects.get(pk=section_id)
    policy.check(by, "appeal.submit", own=is_own(by, section))
    section.round = round_ = lock_round(section.round_id)
    stage = _stage_now(section, at)
    return _file(Objection(round=round_, section=section, stage=stage, ground=ground, facts=facts), by=by, at=at)


@transaction.atomic
def file_review(*, objection_id: int, facts: str, by: User, at: datetime) -> Objection:
    """Ask the leading group, once and in time, to review a rejected objection (提请复核)."""
    first = Objection.objects.select_related("section").get(pk=objection_id)
    policy.check(by, "appeal.submit", own=is_own(by, first.section))
    round_ = lock_round(first.round_id)
    first.round = round_
    refuse_unreviewable(first, at)
    again = Objection(round=round_, section=first.section, stage=Stage.REVIEW, ground=first.ground, facts=facts)
    return _file(again, by=by, at=at)


@transaction.atomic
def accept_objection(*, objection_id: int, by: User, at: datetime) -> Objection:
    """Accept an objection for examination (受理)."""
    policy.check(by, "appeal.accept")
    objection = _lock(objection_id, ObjectionState.FILED)
    objection.state, objection.accepted_by = ObjectionState.ACCEPTED, by
    objection.save(update_fields=["state", "accepted_by"])
    audit.record("appeal.accept", objection, by=by, at=at, wrote=[objection])
    return objection


@transaction.atomic
def recount_objection(*, objection_id: int, by: User, at: datetime) -> Objection:
    """Recount the sealed ballots (复算); the drawn supervisors present sign the outcome before anything is decided."""
    policy.check(by, "tally.verify")
    objection = _lock(objection_id, ObjectionState.ACCEPTED)
    tally = objection.round.tally
    files = recount(ballots_csv(objection.round), json.loads(tally.rulebook))
    objection.recount_sha256 = sha256_hex(files.result)
    objection.recount_agrees = objection.recount_sha256 == tally.result_sha256
    objection.state, objection.recounted_at = ObjectionState.RECOUNTED, at
    objection.save(update_fields=["recount_sha256", "recount_agrees", "state", "recounted_at"])
    audit.record(
        "tally.verify",
        objection,
        by=by,
        at=at,
        detail={"recount": objection.recount_sha256, "agrees": objection.recount_agrees},
        wrote=[objection],
    )
    return objection


@transaction.atomic
def sign_recount(*, objection_id: int, code: str, at: datetime) -> RecountSignature:
    """Sign the recount with a supervisor's one-time code; each supervisor once."""
    policy.check_sees(SUPERVISOR, "tally.verify")
    objection = _lock(objection_id, ObjectionState.RECOUNTED)
    spent = spend_signing_code(objection.round, code, at=at)
    signature, is_new = RecountSignature.objects.get_or_create(
        objection=objection, supervisor=spent.entry, defaults={"at": at}
    )
    if not is_new:
        raise RuleViolation("这名监督员已经为本次复算签名，请由另一名到场的监督员签名。")
    objection.witnesses = "、".join(
        _name(s.supervisor) for s in objection.signatures.select_related("supervisor__person")
    )
    objection.save(update_fields=["witnesses"])
    detail = {
        "step_label": "监督员在复算记录上签名",
        "entry": spent.entry_id,
        "recount": objection.recount_sha256,
    }
    audit.record("tally.verify", objection, by=SUPERVISOR, at=at, detail=detail, wrote=[objection, spent, signature])
    return signature


@transaction.atomic
def decide_objection(*, objection_id: int, decision: Decision, by: User, at: datetime) -> Objection:
    """Decide an objection (答复); upholding it corrects the list, never a score by hand."""
    policy.check(by, "appeal.decide")
    round_ = lock_round(Objection.objects.only("round_id").get(pk=objection_id).round_id)
    objection = _lock(objection_id)
    refuse_undecidable(objection, by)
    if not decision.answer.strip():
        raise RuleViolation("请填写答复。")
    refuse_outcome(objection, decision.outcome)
    objection.state, objection.outcome = ObjectionState.DECIDED, decision.outcome
    objection.answer, objection.decided_by, objection.decided_at = decision.answer.strip(), by, at
    if objection.hold:
        release_hold(objection.hold, at=at)
    if decision.outcome == Outcome.UPHELD:
        objection.correction = _correct(objection, round_, by=by, at=at)
    objection.save()
    detail = {"outcome": decision.outcome.value, "fixed": fixed_digests(("problems", round_.pk))}
    wrote = filter(None, [objection, objection.hold])
    audit.record("appeal.decide", objection, by=by, at=at, detail=detail, wrote=wrote)
    return objection


def filing_ends(section: RoundSection) -> date | None:
    """Last day on which the section's unit may object or appeal; None if it may not now."""
    round_ = section.round
    if round_.state == RoundState.REVIEW:
        return objections_until(round_)
    if RoundState(round_.state) not in PUBLISHED:
        return None
    began = version_that_began(round_, section.code)
    return last_day(timezone.localdate(began.published_at), round_.rulebook) if began else None


def review_term(objection: Objection) -> Term:
    """Return the term in which the unit may ask for the review of a decided objection."""
    decided_on = timezone.localdate(objection.decided_at)
    return term_of(decided_on, int(objection.round.rulebook["review_workdays"]), Holiday.objects.calendar())


def fileable_sections(unit_code: str, at: datetime) -> list[RoundSection]:
    """Return a unit's listed sections about which it may file now; refuse, with the reason, if there is none."""
    listed = RoundSection.objects.filter(
        department_code=unit_code,
        round__state__in=(RoundState.REVIEW, RoundState.PUBLISHED),
        result__is_listed=True,
    )
    reasons: list[str] = []
    found = []
    for section in listed.select_related("round").order_by("-round__period_start", "code"):
        try:
            stage = _stage_now(section, at)
        except RuleViolation as late:
            reasons += [f"{section.round.name}，{section}：{reason}" for reason in late.reasons]
            continue
        grounds = Objection.objects.filter(section=section, stage=stage).values("ground").distinct().count()
        if grounds < len(Ground):
            found.append(section)
        else:
            reasons.append(
                f"{section.round.name}，{section}：已就各项事由提出过，不能重复提出，请在“异议和申诉”中查看办理情况。"
            )
    if not found:
        none = "本单位没有上榜科室，没有可以提出异议或申诉的事项。"
        raise RuleViolation(*(dict.fromkeys(reasons) or [none]))
    return found


def refuse_unreviewable(first: Objection, at: datetime) -> None:
    """Refuse a review that may not be asked for: not of this outcome, not any more, or not again."""
    if first.stage != Stage.OBJECTION or first.outcome != Outcome.REJECTED or first.decided_at is None:
        raise RuleViolation("公示前异议的结论为“维持”的，方可提请领导小组复核。")
    if first.round.state != RoundState.REVIEW:
        raise RuleViolation("名单已公示，请在公示后申诉期内提出申诉。")
    term = review_term(first)
    if timezone.localdate(at) > term.ends_on:
        raise RuleViolation(f"提请复核的期限至{dated_now(term)}止，已超过期限。")
    _refuse_second(first.section, Stage.REVIEW, first.ground)


def refuse_unless(objection: Objection, state: ObjectionState) -> None:
    """Refuse a step of an objection in another state than the one in which it is taken."""
    if objection.state != state:
        raise RuleViolation(f"当前为“{objection.get_state_display()}”，只能在“{state.label}”时办理。")


def refuse_undecidable(objection: Objection, by: User) -> None:
    """Refuse to answer an objection that is answered, or to an account that may not be the one to answer it."""
    if objection.state == ObjectionState.DECIDED:
        raise RuleViolation("该异议或申诉已答复，不能修改。")
    _refuse_wrong_decider(objection, by)


def _refuse_second(section: RoundSection, stage: Stage, ground: str) -> None:
    if Objection.objects.filter(section=section, stage=stage, ground=ground).exists():
        raise RuleViolation("该科室已就同一事由提出过，不能重复提出。")


def _stage_now(section: RoundSection, at: datetime) -> Stage:
    round_, last = section.round, filing_ends(section)
    if last is None:
        raise RuleViolation("告知初步结果之后、异议期内，或者公示后申诉期内方可提出。")
    stage = Stage.OBJECTION if round_.state == RoundState.REVIEW else Stage.APPEAL
    if timezone.localdate(at) > last:
        until = with_hint_of(in_chinese(last), objection_term(round_) if stage == Stage.OBJECTION else None)
        raise RuleViolation(f"提出{stage.label}的期限至{until}止，已超过期限。")
    return stage


def _file(objection: Objection, *, by: User, at: datetime) -> Objection:
    section, stage, round_ = objection.section, Stage(objection.stage), objection.round
    objection.facts = objection.facts.strip()
    if not objection.facts:
        raise RuleViolation("请写明事实和理由。单纯对得分高低不服的，不属于异议事由。")
    _refuse_second(section, stage, objection.ground)
    objection.filed_by, objection.filed_at = by, at
    objection.due_on = _answer_due(round_, stage, at)
    if stage != Stage.APPEAL:
        objection.hold = place_hold(round_, f"{section}{stage.label}", at=at)
    objection.save()
    wrote = filter(None, [objection, objection.hold])
    audit.record("appeal.submit", objection, by=by, at=at, detail={"ground": objection.ground}, wrote=wrote)
    return objection


def _answer_due(round_: Round, stage: Stage, at: datetime) -> date:
    if stage == Stage.APPEAL:
        return timezone.localdate(at) + timedelta(days=int(round_.rulebook["appeal_answer_days"]))
    days = int(round_.rulebook["objection_answer_workdays"])
    return add_workdays(timezone.localdate(at), days, Holiday.objects.calendar())


def _refuse_wrong_decider(objection: Objection, by: User) -> None:
    signer = signer_of(objection)
    if signer:
        require_two_persons(by, signer, "复核决定不得由原审批人作出，请由其他人员办理。")
    if objection.accepted_by:
        require_two_persons(by, objection.accepted_by, "受理人和决定人不得为同一人。")


def refuse_outcome(objection: Objection, outcome: Outcome) -> None:
    """Refuse an outcome that the objection cannot have as it stands: not recounted, not signed, or without a fault."""
    if outcome != Outcome.INADMISSIBLE and objection.state != ObjectionState.RECOUNTED:
        raise RuleViolation("受理并在监督员见证下复算之后，方可决定维持或更正。")
    if outcome != Outcome.INADMISSIBLE and objection.lacking_witnesses:
        raise RuleViolation(
            f"复算记录还差{objection.lacking_witnesses}名监督员签名，请到场的监督员在本件的页面上用签名码签名后，再作出答复。"
        )
    if outcome == Outcome.UPHELD and objection.ground in COUNTED_GROUNDS and not _has_changed(objection):
        raise RuleViolation(f"复算结果与计票结果一致，计票无误，不能更正。{_way_to_exclude(objection.round)}")
    if outcome == Outcome.UPHELD and objection.ground == Ground.VETO_FACTS and not veto_of(objection).exists():
        raise RuleViolation("该科室本轮没有一票否决，或者一票否决已经撤销，不能据此更正。")


def _way_to_exclude(round_: Round) -> str:
    """Return how ballots can still be found invalid; empty where none can."""
    flagged = round_.flags.filter(verdict=Verdict.OPEN).exclude(ballots=[])
    if RoundState(round_.state) not in BEFORE_PUBLICATION or not flagged.exists():
        return ""
    return "确有无效票的，请先在“异常提示”中认定废票，重新计票后再答复。"


def _name(supervisor: DrawEntry) -> str:
    return str(supervisor.person.name) if supervisor.person else supervisor.token[:8]


def _has_changed(objection: Objection) -> bool:
    """True if the recount differs, or another one since has counted the section otherwise; a veto only moves places."""
    now, then = objection.round.tally, objection.round.tallies.filter(at__lte=objection.filed_at).last()
    if not objection.recount_agrees or then is None:
        return True
    return then != now and _counted(then, objection) != _counted(now, objection)


def _counted(tally: Tally, objection: Objection) -> list[object]:
    """Return what a count says of the section's ballots."""
    rows = json.loads(tally.result)["sections"]
    row = next(row for row in rows if row["section"] == objection.section.code)
    return [row[key] for key in ("lines", "vote_count", "difficulty", "indicators")]


def _correct(objection: Objection, round_: Round, *, by: User, at: datetime) -> Publication | None:
    """Strike a wrong section; recount a wrong count or one with a wrong veto; correct the list if it is published."""
    code, reason = objection.section.code, f"{objection.get_stage_display()}成立：{objection.get_ground_display()}"
    is_struck = objection.ground == Ground.WRONG_SECTION
    others = Objection.objects.filter(round=round_, hold__released_at=None).values_list("hold", flat=True)
    if objection.ground == Ground.VETO_FACTS:
        veto = veto_of(objection).select_related("round", "section").get()
        annul_veto(veto, reason=reason, by=by, at=at, despite=list(others))
    elif not is_struck and not objection.recount_agrees:
        recount_round(round_, reason=reason, by=by, at=at, despite=list(others))
    if RoundState(round_.state) == RoundState.REVIEW:
        if is_struck:
            strike_unpublished(round_, code)
        return None
    correction = Correction(reason=reason, withdrawn=(code,) if is_struck else ())
    # Two persons have already acted, on acceptance and on decision: the correction needs no further approval.
    with policy.approved("publish.correct"):
        return correct_and_follow(round_id=round_.pk, correction=correction, by=by, at=at)


def _lock(objection_id: int, state: ObjectionState | None = None) -> Objection:
    rows = Objection.objects.select_for_update(of=("self",), no_key=True)
    objection = rows.select_related("section", "round", "accepted_by", "hold").get(pk=objection_id)
    if state:
        refuse_unless(objection, state)
    return objection


ACTIONS = (
    ApprovableAction(
        "appeal.accept",
        "appeal.accept",
        "受理异议或申诉",
        Objection,
        content=lambda row, _: {
            "轮次": row.round.name,
            "科室": str(row.section),
            "阶段": row.get_stage_display(),
            "提出时间": in_words(row.filed_at),
            "事由": row.get_ground_display(),
            "事实和理由": row.facts,
        },
        names=lambda row, _: f"{row.round.name}，{row}",
        perform=calls(accept_objection, "objection_id"),
        closed=lambda row: refuse_unless(row, ObjectionState.FILED),
        follows=lambda _: (
            f"进入复算：重新计票并由至少{LEAST_WITNESSES}名监督员签名后答复；受理不能撤回，答复期限照常计算"
        ),
    ),
)
