"""Approvable actions of a round's steps and draws: the content that is approved, and the service behind each."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from departments.models import Section
from evaluations.draws.queries.sample import without_draw
from evaluations.lifecycle import services as lifecycle
from evaluations.lifecycle.queries import unfreezing_faults
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for, require, rhythm_doubts, unusual_dates_of
from evaluations.rounds.rules.lifecycle import STEP_ACTION, DrawPurpose, DrawStatus, RoundState, Step
from evaluations.rounds.rules.plan_changes import UNUSUAL, plan_changes
from evaluations.rounds.rules.rulebook import planned_seats, strata_by_share
from evaluations.rounds.rules.settings import unusual
from evaluations.rounds.services import refuse_unsettleable, settle_round
from evaluations.scoring.wording import empty_list
from evaluations.sealing.services.opening import seal_round
from evaluations.tally.services.tally import tally_round
from evaluations.turnout.queries import turnout
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.approvals.services import ApprovableAction, Arguments, calls
from nanchuan_eval.clock.queries import in_words
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.queries import coming_term
from nanchuan_eval.workdays.rules import in_chinese

UNFROZEN_GOES = "评议表和校验值、参评科室和负责人的快照、锁定的个人信息说明；再次锁定时重新生成"
UNFROZEN_STAYS = "轮次代码、评议规则、名单库、名单公告、抽取登记；本次解除的时间、经办人和理由"
STEP_SERVICES: dict[Step, Callable[..., object]] = {
    Step.FREEZE: lifecycle.freeze_round,
    Step.CONFIRM_DRAWS: lifecycle.confirm_draws,
    Step.OPEN: lifecycle.open_round,
    Step.SEAL: seal_round,
    Step.COUNT: tally_round,
    Step.ANNOUNCE: lifecycle.announce_result,
}
SETTLE = "round.edit"
# What cannot be taken back and decides over the whole round: each approval asks for a fresh code.
ALWAYS_ASK = frozenset({Step.FREEZE, Step.OPEN, Step.COUNT, "round.void"})


def start_step(*, step: Step, round_id: int, by: User, at: datetime) -> Approval | None:
    """Take a step, or propose it if it needs approval; a step that lacks something is not proposed."""
    if not policy.requires_approval(STEP_ACTION[step]):
        STEP_SERVICES[step](round_id=round_id, by=by, at=at)
        return None
    round_ = Round.objects.get(pk=round_id)
    policy.check_proposes(by, STEP_ACTION[step])
    require(round_, step, at)
    return approvals.propose(f"round.{step.value}", round_, by=by, at=at, **_asked(step, at))


def step_content(step: Step, round_: Round, at: datetime) -> Mapping[str, object]:
    """Return what the step is about, as its approver reads it; nothing while something is missing."""
    if missing_for(round_, step, at) or not policy.roles_proposing(STEP_ACTION[step]):
        return {}
    return approvals.action_named(f"round.{step.value}").content(round_, _asked(step, at))


def _asked(step: Step, at: datetime) -> dict[str, str]:
    return {"on": timezone.localdate(at).isoformat()} if step == Step.ANNOUNCE else {}


def start_settlement(*, round_id: int, by: User, at: datetime) -> Approval | None:
    """Propose the draft as it stands for approval; a faulty one is refused."""
    round_ = Round.objects.get(pk=round_id)
    refuse_unsettleable(round_)
    if not policy.requires_approval(SETTLE):
        settle_round(round_id=round_id, by=by, at=at)
        return None
    earlier = Approval.objects.filter(kind=SETTLE, object_id=str(round_.pk), state=Approval.State.APPROVED)
    newest = earlier.order_by("-decided_at", "-pk").first()
    on = timezone.localdate(at).isoformat()
    return approvals.propose(SETTLE, round_, by=by, at=at, since=newest.pk if newest else None, on=on)


def _settle(round_: Round, _: Arguments, *, by: User, at: datetime) -> Round:
    return settle_round(round_id=round_.pk, by=by, at=at)


def _step_action(step: Step, content: Callable[[Round], dict[str, object]]) -> ApprovableAction:
    return ApprovableAction(
        f"round.{step.value}",
        permission=STEP_ACTION[step],
        label=step.label,
        model=Round,
        content=lambda round_, _: {"轮次": round_.name, **content(round_)},
        perform=calls(STEP_SERVICES[step], "round_id"),
        always_asks=step in ALWAYS_ASK,
    )


def _frozen(round_: Round) -> dict[str, object]:
    fields = ("code", "name", "department__code", "department__name", "service_kind", "tenures__name")
    rows = list(Section.objects.active().order_by("code", "tenures__starts_on", "tenures__pk").values_list(*fields))
    roster = sha256_hex(repr(rows).encode())
    heads = {row[0]: row[5] for row in rows}
    # A set would count them in another order in each process, and the proposal would seem changed.
    departments = Counter(row[3] for row in dict.fromkeys(row[:5] for row in rows))
    return {
        "参评单位": len(departments),
        "参评科室": len(heads),
        "各单位科室数": [f"{name}：{number}个" for name, number in departments.items()],
        "没有登记负责人的科室": [f"{row[3]}{row[1]}" for row in rows if not row[5]] or "无",
        "名录校验值": roster,
        "评议规则校验值": _rules(round_),
        **_times(round_),
        **_rhythm(round_),
    }


def _rhythm(round_: Round) -> dict[str, object]:
    return {"与下一轮的衔接": doubts} if (doubts := rhythm_doubts(round_)) else {}


def _rules(round_: Round) -> str:
    return sha256_hex(canonical_json(round_.rulebook))


def _settled(round_: Round, asked: Arguments) -> dict[str, object]:
    """Return what is approved: name, dates, every rule that is not the default, what changed since the last time."""
    plan = _plan(round_, asked)
    if "since" not in asked:
        return plan
    earlier = Approval.objects.filter(pk=asked["since"]).first()
    if earlier is None:
        return {"与上次审定相比": "首次审定", **plan}
    return {"与上次审定相比": plan_changes(earlier.content, plan) or "没有变化", **plan}


def _plan(round_: Round, asked: Arguments) -> dict[str, object]:
    seats = dict(sorted(planned_seats(round_.rulebook).items()))
    strata = {name: f"{share}%" for name, share in strata_by_share(round_.rulebook)}
    dates = unusual_dates_of(round_, date.fromisoformat(asked["on"]) if "on" in asked else None)
    return {
        "轮次": round_.name,
        "评议期间": f"{in_chinese(round_.period_start)}至{in_chinese(round_.period_end)}",
        **_times(round_),
        **({"不寻常的日期（已逐项核对）": dates} if dates else {}),
        **_rhythm(round_),
        UNUSUAL: unusual(round_.rulebook) or "无",
        "定向评议身份类别": strata,
        **({"各科室发放名额": seats} if seats else {}),
        "评议规则校验值": _rules(round_),
    }


def _times(round_: Round) -> dict[str, object]:
    return {"开始投票": in_words(round_.opens_at), "截止投票": in_words(round_.closes_at)}


def _drawn(round_: Round) -> dict[str, object]:
    """Return the round's draws by purpose, each with its state, how many were drawn and its commitment."""
    draws = round_.draws.standing().annotate(drawn=Count("entries", filter=Q(entries__is_selected=True)))
    rows = draws.order_by("pk").values_list("purpose", "status", "drawn", "commit")
    return {
        DrawPurpose(purpose).label: f"{DrawStatus(status).label}，抽中{drawn}，承诺 {commit}"
        for purpose, status, drawn, commit in rows
    }


def _to_open(round_: Round) -> dict[str, object]:
    batches = round_.batches.annotate(codes=Count("credentials")).order_by("pk")
    return {
        **_times(round_),
        "参评科室": round_.sections.count(),
        "评议表校验值": round_.ballot_form_sha256,
        "票号批次": [
            f"{batch.label}（{batch.get_channel_display()}）："
            f"{'网上领票' if batch.is_self_service else f'{batch.codes}个票号'}{'' if batch.is_open else '，已停用'}"
            for batch in batches
        ],
    }


def _to_count(round_: Round) -> dict[str, object]:
    return {"封箱总校验值": round_.closing_root, "票数": round_.ballots.count(), **_drawn(round_)} | (
        {DrawPurpose.COUNTED.label: whole} if (whole := without_draw(round_)) else {}
    )


def _to_announce(round_: Round, asked: Arguments) -> dict[str, object]:
    """Return what every unit will see and until when it may object, from the day of the proposal."""
    results = list(round_.results.select_related("section"))
    placed = sum(result.rank is not None for result in results)
    listed = [f"第{r.rank}位 {r.section}（{r.main_problems}）" for r in results if r.is_listed]
    days = round_.rulebook["objection_workdays"]
    return {
        "轮次": round_.name,
        "初步名单": listed or empty_list(placed),
        "参评科室": len(results),
        "参加排名": _ranked(round_, placed),
        "计票": sum(row["counted"] for row in turnout(round_)),
        "各单位看到": "本单位各科室的得分、位次、分项结果和（上榜的）主要问题；看不到其他单位的结果，不向社会公开",
        "异议期": coming_term(days, date.fromisoformat(asked["on"]), "告知"),
        "办理后果": "异议期开始计算，各单位可以提出异议；不能撤回",
        "结果校验值": round_.tally.result_sha256,
    }


def _ranked(round_: Round, placed: int) -> str:
    """Return how many sections are ranked, and how many vetoed ones have a place without being ranked."""
    gate = json.loads(round_.tally.result).get("publication")
    vetoed = max(0, placed - gate["ranked"]) if gate else 0
    return f"{placed - vetoed}个科室" + (f"，另有{vetoed}个样本不足、经一票否决列在最前" if vetoed else "")


def _minute(moment: str) -> str:
    return in_words(datetime.fromisoformat(moment))


def _announce(round_: Round, _: Arguments, *, by: User, at: datetime) -> Round:
    return lifecycle.announce_result(round_id=round_.pk, by=by, at=at)


def _to_unfreeze(round_: Round, _: Arguments) -> dict[str, object]:
    frozen = round_.steps.filter(state=RoundState.FROZEN).first()
    return {
        "轮次": round_.name,
        "锁定时间": in_words(frozen.at) if frozen else "—",
        "参评科室": round_.sections.count(),
        "评议表校验值": round_.ballot_form_sha256,
        "解除后作废": UNFROZEN_GOES,
        "解除后保留": UNFROZEN_STAYS,
        "抽取登记": [str(line) for line in round_.planned_draws.filter(replaced_at=None)] or "无",
    }


def _refuse_unfreezing(round_: Round, _: Arguments, *, at: datetime) -> None:
    if faults := unfreezing_faults(round_):
        raise RuleViolation(*faults)


def _round_action(
    name: str, label: str, content: Callable[[Round, Arguments], Any], perform: Callable[..., object]
) -> ApprovableAction:
    asks = name in ALWAYS_ASK
    return ApprovableAction(name, name, label, Round, content=content, perform=perform, always_asks=asks)


ACTIONS = (
    _step_action(Step.FREEZE, _frozen),
    _step_action(Step.CONFIRM_DRAWS, _drawn),
    _step_action(Step.OPEN, _to_open),
    _step_action(Step.COUNT, _to_count),
    ApprovableAction(
        f"round.{Step.ANNOUNCE.value}",
        permission=STEP_ACTION[Step.ANNOUNCE],
        label=Step.ANNOUNCE.label,
        model=Round,
        content=_to_announce,
        perform=_announce,
    ),
    _round_action(
        "round.extend",
        "延期",
        lambda round_, asked: {"轮次": round_.name, **_times(round_), "新的截止时间": _minute(asked["closes_at"])},
        calls(lifecycle.extend_round, "round_id", closes_at=datetime.fromisoformat),
    ),
    _round_action(
        "round.void",
        "作废本轮",
        lambda round_, _: {
            "轮次": round_.name,
            "状态": round_.get_state_display(),
            "参评科室": round_.sections.count(),
            "抽取": _drawn(round_) or "无",
            "办理后果": "本轮不再进行，记录保留，轮次编号不能再用；已收到的评议票不计票",
        },
        calls(lifecycle.void_round, "round_id"),
    ),
    ApprovableAction(
        "round.unfreeze",
        "round.unfreeze",
        "解除名录锁定",
        Round,
        _to_unfreeze,
        calls(lifecycle.unfreeze_round, "round_id"),
        require=_refuse_unfreezing,
        always_asks=True,
    ),
    _round_action(SETTLE, "审定评议方案", _settled, _settle),
)
