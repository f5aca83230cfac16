"""The next step of the rounds in work: the step itself once it is ready, before that the conditions to be mended."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accountability.worklist.queries.source import Asked
from accountability.worklist.rules import WorkItem
from evaluations.rounds.models import Round
from evaluations.rounds.permissions import address_of, may_mend, proposed_as
from evaluations.rounds.queries import announced_on, lacks_for, rounds_in_hand
from evaluations.rounds.rules.calendar import SoFar, calendar_of
from evaluations.rounds.rules.lacks import FOR_SUPERVISORS, FOR_THE_CLOCK, Lack
from evaluations.rounds.rules.lifecycle import STEP_ACTION, VOIDABLE, RoundState, Step, next_step
from evaluations.rounds.rules.rulebook import is_opened_by_supervisors
from evaluations.sealing.queries import has_told_differences
from evaluations.sealing.rules import waited_for
from evaluations.turnout.queries import due_top_up
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.workdays.models import Holiday
from nanchuan_eval.workspace.rules import Phase

PHASE_OF = {
    Step.FREEZE: Phase.PREPARING,
    Step.CONFIRM_DRAWS: Phase.DRAWING,
    Step.OPEN: Phase.VOTING,
    Step.SEAL: Phase.VOTING,
    Step.COUNT: Phase.COUNTING,
    Step.ANNOUNCE: Phase.PUBLISHING,
    Step.PUBLISH: Phase.PUBLISHING,
}
# The stage of the calendar at whose day each step is due.
DAY_OF = {
    Step.FREEZE: "freeze",
    Step.CONFIRM_DRAWS: "evaluators",
    Step.OPEN: "open",
    Step.SEAL: "close",
    Step.COUNT: "count",
    Step.ANNOUNCE: "announce",
    Step.PUBLISH: "publish",
}
OVER = (RoundState.CLOSED, RoundState.VOID)
CONCERNED = frozenset({Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.SUPERVISOR})


def steps(asked: Asked, rounds: Sequence[Round] | None = None) -> Iterator[WorkItem]:
    """Yield what the rounds before publication wait for; conditions are read for those in hand only.

    So the number of queries does not grow with the rounds in preparation. `rounds` = those that are not over, where a
    page has read them already.
    """
    if asked.user.role not in CONCERNED:
        return
    rounds = list(Round.objects.exclude(state__in=OVER)) if rounds is None else rounds
    in_hand = rounds_in_hand(rounds)
    if not rounds:
        yield from _first_round(asked)
    for round_ in rounds:
        if round_.state in VOIDABLE:
            yield from _in_hand(asked, round_) if round_ in in_hand else _of_others(asked, round_)


def _first_round(asked: Asked) -> Iterator[WorkItem]:
    if policy.may_start(asked.user, "round.edit") and not Round.objects.exists():
        address = reverse("admin:evaluations_round_add")
        yield WorkItem("first-round", "建立第一个评议轮次", None, address, phase=Phase.PREPARING)


def _in_hand(asked: Asked, round_: Round) -> Iterator[WorkItem]:
    step = next_step(RoundState(round_.state))
    if step is None:
        return
    lacks, due = lacks_for(round_, step, asked.at), _day_of(round_, step, asked.today)
    if step == Step.SEAL and asked.at >= round_.closes_at and not lacks:
        yield from _opening(asked, round_)
    elif not lacks and step != Step.SEAL and policy.may_start(asked.user, STEP_ACTION[step]):
        yield _step(round_, step, due)
    for item in _conditions(asked, round_, step, lacks):
        yield replace(item, due_on=due)
    if round_.state == RoundState.OPEN and round_.rulebook.get("client_draw"):
        yield from _top_up(asked, round_)


def _of_others(asked: Asked, round_: Round) -> Iterator[WorkItem]:
    step = next_step(RoundState(round_.state))
    if step and policy.may_start(asked.user, STEP_ACTION[step]):
        page = reverse("admin:evaluations_round_change", args=[round_.pk])
        what = f"{round_.name}：准备“{step.label}”"
        yield WorkItem(f"prepare-{round_.pk}-{step}", what, _due(round_, step), page, phase=PHASE_OF[step])


def _step(round_: Round, step: Step, due: date | None) -> WorkItem:
    page = reverse("admin:round-step", args=[round_.pk, step])
    if step == Step.PUBLISH:
        page = reverse("accountability:commission-round", args=[round_.key]) + "#act"
    return WorkItem(
        f"step-{round_.pk}-{step}",
        f"{round_.name}：{step.label}，条件已具备",
        due,
        page,
        phase=PHASE_OF[step],
        proposed_as=frozenset({f"{STEP_ACTION[step]}@evaluations.Round:{round_.pk}"}),
    )


def _top_up(asked: Asked, round_: Round) -> Iterator[WorkItem]:
    """Yield the further round among clients that short sections ask for, and the codes of those drawn by it."""
    may_draw, may_issue = (policy.may_start(asked.user, action) for action in ("draw.redraw", "cred.print"))
    due = due_top_up(round_, asked.at) if may_draw or may_issue else None
    if due is None:
        return
    # Letters sent later would hardly come back before the vote closes.
    until = _day(round_.closes_at) - timedelta(days=settings.LETTER_DAYS)
    page = reverse("admin:round-monitor", args=[round_.pk]) + "#top-up"
    if due.short and may_draw:
        what = f"{round_.name}：{due.short}个科室预计收不满，可以追加抽取"
        proposed = frozenset({f"draw.next_round@evaluations.Draw:{due.draw.pk}"})
        yield WorkItem(f"top-up-{due.draw.pk}-{due.round}", what, until, page, Phase.VOTING, proposed)
    if due.without_code and may_issue:
        what = f"{round_.name}：{due.without_code}名抽中的办事群众还没有票号，请生成票号和通知"
        page = reverse("admin:round-messages", args=[round_.pk])
        yield WorkItem(f"top-up-codes-{due.draw.pk}-{due.round}", what, until, page, Phase.VOTING)


def _opening(asked: Asked, round_: Round) -> Iterator[WorkItem]:
    """Yield the box that waits for people: its supervisors, or somebody to accept what differs."""
    is_supervised = is_opened_by_supervisors(round_.rulebook)
    if not policy.may_start(asked.user, "box.open") or not (is_supervised or has_told_differences(round_)):
        return
    who = waited_for(round_.rulebook) if is_supervised else "票箱与登记不符，请在开箱页核对办理"
    page = reverse("admin:round-opening", args=[round_.pk])
    what = f"{round_}投票已截止，{who}"
    yield WorkItem(f"open-box-{round_.pk}", what, _day(round_.closes_at), page, phase=Phase.VOTING)


def _conditions(asked: Asked, round_: Round, step: Step, lacks: Sequence[Lack]) -> Iterator[WorkItem]:
    for lack in lacks:
        is_signing = asked.user.role == Role.SUPERVISOR and lack.place in FOR_SUPERVISORS
        if lack.place in FOR_THE_CLOCK or not (may_mend(asked.user, lack.place) or is_signing):
            continue
        page = address_of(round_, lack, asked.user) or reverse("accountability:monitor")
        yield WorkItem(
            f"lack-{round_.pk}-{step}-{lack.place}-{lack.ref}",
            f"{round_.name}：{lack.text}",
            None,
            page,
            phase=PHASE_OF[step],
            proposed_as=proposed_as(round_, lack),
        )


def _day_of(round_: Round, step: Step, today: date) -> date | None:
    """Return the step's day in the round's calendar, by which home page and calendar call it late alike."""
    opens_on, closes_on = _day(round_.opens_at), _day(round_.closes_at)
    holidays = Holiday.objects.calendar()
    dues = calendar_of(
        opens_on,
        closes_on,
        round_.rulebook,
        holidays,
        offsets=settings.CALENDAR_DAYS,
        so_far=SoFar(today, announced_on(round_) if step == Step.PUBLISH else None),
    )
    return next((due.on for due in dues if due.key == DAY_OF[step]), None)


def _due(round_: Round, step: Step) -> date | None:
    """Return the day by which the vote's times ask for the step."""
    return {Step.OPEN: _day(round_.opens_at), Step.SEAL: _day(round_.closes_at)}.get(step)


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
