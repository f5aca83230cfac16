"""Which terms of a round reach into the next one of its rhythm, and by how many days (rulebook R-A, R-K)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from evaluations.rounds.rules.calendar import OFFSETS, calendar_of
from evaluations.rounds.rules.dates import RoundDates
from evaluations.rounds.rules.repeat_steps import read_steps
from evaluations.rounds.rules.rhythm import PERIOD_DAYS, Rhythm, months_of, rhythm_of
from nanchuan_eval.workdays.rules import Calendar, add_months, add_workdays, in_chinese

# Terms in working days after the publication: all of them are over before the next roster is frozen.
AFTER_THE_LIST = {
    "notice_workdays": "公示曝光",
    "talk_workdays": "谈话提醒",
    "superior_workdays": "上级通报",
    "plan_workdays": "整改方案",
    "at_once_workdays": "立行立改",
}
# From what the units are told to the answer of a review, one after the other.
OBJECTIONS = ("objection_workdays", "objection_answer_workdays", "review_workdays", "objection_answer_workdays")


@dataclass(frozen=True)
class Overlap:
    """A term that ends after a day of the next round; it `prevents` approval where the rules want it over by then."""

    term: str
    ends_on: date
    stage: str
    stage_on: date
    # Which term to shorten; "" where even none would be too late.
    remedy: str
    prevents: bool = False
    # Days of the vote, by fewer than which it can be shortened; 0 where that would not help. An earlier opening never
    # helps: it moves the next round's days as well.
    vote_days: int = 0

    @property
    def days(self) -> int:
        """By how many days the term is too late."""
        return (self.ends_on - self.stage_on).days

    def text(self, rhythm: Rhythm) -> str:
        """Return both terms and the days in words."""
        after = f"下一轮{self.stage}（按{rhythm.label}推算为{in_chinese(self.stage_on)}）"
        how = self.remedy or "请缩短投票时间"
        if self.remedy and self.days < self.vote_days:
            how += "，或者缩短投票时间"
        return f"{self.term}（{in_chinese(self.ends_on)}）比{after}晚{self.days}天，{how}。"


def overlaps(
    dates: RoundDates, rulebook: Mapping[str, Any], holidays: Calendar, offsets: Mapping[str, int] = OFFSETS
) -> list[Overlap]:
    """Return the terms that reach into the next round, those that prevent approval first."""
    found = [each for each in _terms(dates, rulebook, holidays, offsets) if each.days > 0]
    return sorted(found, key=lambda each: not each.prevents)


def period_doubt(dates: RoundDates, rulebook: Mapping[str, Any]) -> list[str]:
    """Return in Chinese that the period is not of the rhythm's length, if so."""
    rhythm, days = rhythm_of(rulebook), (dates.period_end - dates.period_start).days + 1
    return [] if days in PERIOD_DAYS[rhythm] else [f"评议周期为{rhythm.label}，而评议期有{days}天，请核对。"]


def _terms(
    dates: RoundDates, rulebook: Mapping[str, Any], holidays: Calendar, offsets: Mapping[str, int]
) -> Iterator[Overlap]:
    """Yield every term with the day of the next round by which it should be over."""
    stages = calendar_of(dates.opens_on, dates.closes_on, rulebook, holidays, offsets=offsets)
    due = {each.key: each.on for each in stages}
    opens = add_months(dates.opens_on, months_of(rulebook))
    lock, vote = ("锁定名录", due["next"]), ("开始投票", opens)
    vote_days = (dates.closes_on - dates.opens_on).days

    def after(begins_on: date, term: str, ends_on: date, stage: tuple[str, date], remedy: str) -> Overlap:
        return Overlap(term, ends_on, *stage, remedy if begins_on < stage[1] else "", vote_days=vote_days)

    published, announced = due["publish"], due["announce"]
    yield _list(dates, due, offsets, vote_days)
    remedy = "请缩短整改报告和报告后暗访复查的期限"
    yield replace(after(published, "暗访复查、销号", due["inspections"], vote, remedy), prevents=True)
    remedy = "锁定时整改情况尚未报齐，请缩短整改报告的期限"
    yield after(published, "整改报告", due["reports"], lock, remedy)
    for term, workdays in _workdays_after_the_list(rulebook).items():
        yield after(published, term, add_workdays(published, workdays, holidays), lock, f"请缩短{term}的期限")
    answered = add_workdays(announced, sum(int(rulebook[key]) for key in OBJECTIONS), holidays)
    yield after(announced, "异议、复核的答复", answered, lock, "请缩短提出、答复异议和提请、答复复核的期限")
    appeals = published + timedelta(int(rulebook["appeal_days"]) + int(rulebook["appeal_answer_days"]))
    yield after(published, "申诉答复", appeals, vote, "请缩短申诉和答复的期限")
    yield from _until_the_next_list(due, rulebook, holidays)


def _list(dates: RoundDates, due: Mapping[str, date], offsets: Mapping[str, int], vote_days: int) -> Overlap:
    """Return the list's term: late by the days after the vote, or only by the units' time for objections."""
    soonest = dates.closes_on + timedelta({**OFFSETS, **offsets}["publish"])
    late = (soonest - due["next"]).days
    if late <= 0:
        return Overlap("公示名单", due["publish"], "锁定名录", due["next"], "请缩短提出异议的期限", True, vote_days)
    how = "" if late < vote_days else "请减少截止投票到公示的天数（服务器配置 CALENDAR_DAYS）"
    return Overlap("公示名单", due["publish"], "锁定名录", due["next"], how, prevents=True)


def _workdays_after_the_list(rulebook: Mapping[str, Any]) -> dict[str, int]:
    """Return what has to be done so many working days after the publication."""
    repeated = [step.workdays for step in read_steps(rulebook)]
    return {
        **{term: int(rulebook[key]) for key, term in AFTER_THE_LIST.items()},
        **({"再次上榜的措施": max(repeated)} if repeated else {}),
    }


def _until_the_next_list(due: Mapping[str, date], rulebook: Mapping[str, Any], holidays: Calendar) -> Iterator[Overlap]:
    """Yield what should be over before a section can be listed again: an order from the last visit, the freeze."""
    listed = ("公示名单", add_months(due["publish"], months_of(rulebook)))
    ordered = add_workdays(due["inspections"], int(rulebook["order_workdays"]), holidays)
    rechecked = ordered + timedelta(int(rulebook["recheck_days"]))
    remedy = "请缩短暗访责令整改和暗访复查的期限"  # a shorter vote would move the next list as well
    yield Overlap("责令整改及其复查（最后一次暗访发现问题的）", rechecked, *listed, remedy)
    frozen_until = add_months(due["publish"], int(rulebook["freeze_months"]))
    yield Overlap("不得提拔重用的影响期", frozen_until, *listed, "再次上榜的，两轮的影响期部分重叠，请核对")
