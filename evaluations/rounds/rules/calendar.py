"""Calendar of a round (轮次日历): when each stage is due, counted from the vote (rulebook R-K)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import TextChoices

from evaluations.rounds.rules.lifecycle import LIFE, RoundState
from evaluations.rounds.rules.rhythm import months_of
from nanchuan_eval.workdays.rules import Calendar, Term, add_months, term_of
from nanchuan_eval.workspace.rules import Phase


class Standing(TextChoices):
    """How a stage of the calendar stands on a day."""

    DONE = "done", "已完成"
    LATE = "late", "已逾期"
    DUE = "due", "今日到期"
    AHEAD = "ahead", "未到期"
    NEEDLESS = "needless", "不适用"
    NOT_HELD = "not_held", "不举行"


# Days before the vote opens, then days after it closes (R-K); a district sets others with CALENDAR_DAYS.
BEFORE_THE_VOTE = {"freeze": 20, "pools": 15, "supervisors": 10, "evaluators": 7}
AFTER_THE_VOTE = {"counted": 1, "count": 6, "announce": 7, "publish": 14}
OFFSETS = {**BEFORE_THE_VOTE, **AFTER_THE_VOTE}
MOST_DAYS = 180


@dataclass(frozen=True)
class Due:
    """One stage of the calendar: the day by which it is due."""

    key: str
    on: date
    what: str
    phase: Phase
    # The state that a round has reached once the stage is done; None where something else tells.
    state: RoundState | None = None
    # Where the day is the end of a term in working days.
    term: Term | None = None

    def standing(self, done: Collection[str], today: date) -> Standing:
        """Return how the stage stands, given the keys of the stages that are done."""
        if self.key in done:
            return Standing.DONE
        if self.on < today:
            return Standing.LATE
        return Standing.DUE if self.on == today else Standing.AHEAD


def offset_errors(offsets: Mapping[str, int]) -> list[str]:
    """Return in Chinese what is wrong with the days of the calendar: unknown names, too large, out of order."""
    unknown = sorted(offsets.keys() - OFFSETS.keys())
    errors = [f"“{name}”不是日历的节点，可用：{'、'.join(OFFSETS)}。" for name in unknown]
    errors += [
        f"“{name}”应为0到{MOST_DAYS}之间的整数。"
        for name, days in offsets.items()
        if name in OFFSETS and not 0 <= days <= MOST_DAYS
    ]
    days = {**OFFSETS, **offsets}
    before, after = [days[name] for name in BEFORE_THE_VOTE], [days[name] for name in AFTER_THE_VOTE]
    if before != sorted(before, reverse=True):
        errors.append("锁定名录、名单入库、抽取监督员、抽取定向评议人员的提前天数应依次减少。")
    if after != sorted(after):
        errors.append("抽取计票的评议票、计票、告知、公示的推后天数应依次增加。")
    return errors


@dataclass(frozen=True)
class SoFar:
    """What has happened of a round: the real days from which its terms run, and the day on which this is asked."""

    today: date | None = None
    announced_on: date | None = None
    published_on: date | None = None

    def publication(self, planned: date) -> date:
        """Return the real day of the list, or the one to expect: today at the earliest while it is not published."""
        return self.published_on or (max(planned, self.today) if self.today else planned)

    def announcement(self, planned: date) -> date:
        """Return the real day, or the one to expect: today at the earliest while the units are still to be told."""
        if self.announced_on or self.published_on or not self.today:
            return self.announced_on or planned
        return max(planned, self.today)


NOTHING_SO_FAR = SoFar()


def calendar_of(
    opens_on: date,
    closes_on: date,
    rulebook: Mapping[str, Any],
    holidays: Calendar,
    *,
    offsets: Mapping[str, int] = OFFSETS,
    so_far: SoFar = NOTHING_SO_FAR,
) -> list[Due]:
    """Return the stages of one round in the order of their days, from the frozen roster to the next one.

    Objections are counted from the announcement, what follows the list from its publication: the real day, or the one
    that the calendar expects.
    """
    days = {**OFFSETS, **offsets}
    planned = closes_on + timedelta(days["announce"])
    found = [
        *_until_the_count(opens_on, closes_on, days),
        *_draw_among_clients(opens_on, rulebook, days),
        Due("announce", planned, "向单位告知初步结果", Phase.PUBLISHING, RoundState.REVIEW),
        *_until_the_list(so_far.announcement(planned), closes_on + timedelta(days["publish"]), rulebook, holidays),
    ]
    expected = next(due.on for due in found if due.key == "publish")
    found += _after_publication(so_far.publication(expected), rulebook, holidays)
    next_vote = add_months(opens_on, months_of(rulebook))
    found.append(Due("next", next_vote - timedelta(days["freeze"]), "下一轮名录", Phase.PREPARING))
    return sorted(found, key=lambda due: due.on)


def done_by_state(dues: Collection[Due], state: RoundState) -> set[str]:
    """Return the keys of the stages that a round in this state has behind it."""
    if state not in LIFE:
        return set()
    reached = LIFE[: LIFE.index(state) + 1]
    return {due.key for due in dues if due.state in reached}


def _until_the_count(opens_on: date, closes_on: date, days: Mapping[str, int]) -> list[Due]:
    def before(name: str) -> date:
        return opens_on - timedelta(days[name])

    return [
        Due("freeze", before("freeze"), "锁定名录和规则", Phase.PREPARING, RoundState.FROZEN),
        Due("pools", before("pools"), "名单入库并公告", Phase.PREPARING),
        Due("supervisors", before("supervisors"), "抽取监督员", Phase.DRAWING, RoundState.DRAWN),
        Due("evaluators", before("evaluators"), "抽取定向评议人员，寄发评议票", Phase.DRAWING, RoundState.DRAWN),
        Due("open", opens_on, "开始投票", Phase.VOTING, RoundState.OPEN),
        Due("close", closes_on, "截止投票，封箱", Phase.VOTING, RoundState.SEALED),
        Due(
            "counted",
            closes_on + timedelta(days["counted"]),
            "抽取计票的抽样评议票",
            Phase.COUNTING,
            RoundState.COUNTED,
        ),
        Due("count", closes_on + timedelta(days["count"]), "计票", Phase.COUNTING, RoundState.COUNTED),
    ]


def _draw_among_clients(opens_on: date, rulebook: Mapping[str, Any], days: Mapping[str, int]) -> list[Due]:
    """Return the stage of rounds that draw from service records; their letters and messages go out with the others'."""
    if not rulebook.get("client_draw"):
        return []
    on = opens_on - timedelta(days["evaluators"])
    return [Due("clients", on, "抽取办事群众，生成票号和通知", Phase.DRAWING, RoundState.DRAWN)]


def _until_the_list(announced: date, planned: date, rulebook: Mapping[str, Any], holidays: Calendar) -> list[Due]:
    """Return the end of the objections, if there is a period for them, and the list, never before the next day."""
    workdays = int(rulebook["objection_workdays"])
    term = term_of(announced, workdays, holidays)
    earliest = term.ends_on + timedelta(1) if workdays else announced
    listed = Due("publish", max(planned, earliest), "公示结果", Phase.PUBLISHING, RoundState.PUBLISHED)
    ended = Due("objections", term.ends_on, "异议期满", Phase.PUBLISHING, RoundState.PUBLISHED, term)
    return [ended, listed] if workdays else [listed]


def _after_publication(published_on: date, rulebook: Mapping[str, Any], holidays: Calendar) -> list[Due]:
    def term(name: str) -> Term:
        return term_of(published_on, int(rulebook[name]), holidays)

    talks, plans = term("talk_workdays"), term("plan_workdays")
    report = add_months(published_on, int(rulebook["report_months"]))
    return [
        Due("talks", talks.ends_on, "谈话提醒", Phase.FOLLOWING, term=talks),
        Due("plans", plans.ends_on, "报送整改方案", Phase.FOLLOWING, term=plans),
        Due("reports", report, "报送整改报告", Phase.FOLLOWING),
        Due("inspections", report + timedelta(int(rulebook["recheck_days"])), "暗访复查、销号", Phase.FOLLOWING),
        Due("archive", report + timedelta(int(rulebook["recheck_days"])), "归档", Phase.FOLLOWING, RoundState.CLOSED),
    ]
