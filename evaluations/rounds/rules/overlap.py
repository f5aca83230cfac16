"""Which terms of a round reach into the next one of its rhythm, and by how many days (rulebook R-A, R-K)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from evaluations.rounds.rules.calendar import OFFSETS, calendar_of
from evaluations.rounds.rules.dates import RoundDates
from evaluations.rounds.rules.rhythm import PERIOD_DAYS, Rhythm, months_of, rhythm_of
from nanchuan_eval.workdays.rules import Calendar, add_months, add_workdays, in_chinese


@dataclass(frozen=True)
class Overlap:
    """A term that ends after a day of the next round; it `prevents` approval where the rules want it over by then."""

    term: str
    ends_on: date
    stage: str
    stage_on: date
    remedy: str
    prevents: bool = False

    @property
    def days(self) -> int:
        """By how many days the term is too late."""
        return (self.ends_on - self.stage_on).days

    def text(self, rhythm: Rhythm) -> str:
        """Return both terms and the days in words."""
        after = f"下一轮{self.stage}（按{rhythm.label}推算为{in_chinese(self.stage_on)}）"
        return f"{self.term}（{in_chinese(self.ends_on)}）比{after}晚{self.days}天，{self.remedy}。"


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
    due = {
        each.key: each.on for each in calendar_of(dates.opens_on, dates.closes_on, rulebook, holidays, offsets=offsets)
    }
    months, published, freeze = months_of(rulebook), due["publish"], due["next"]
    opens, listed = add_months(dates.opens_on, months), add_months(published, months)
    appeals = published + timedelta(int(rulebook["appeal_days"]) + int(rulebook["appeal_answer_days"]))
    at_once = add_workdays(published, int(rulebook["at_once_workdays"]), holidays)
    lock, vote = ("锁定名录", freeze), ("开始投票", opens)
    yield Overlap("公示名单", published, *lock, "请提前投票时间", prevents=True)
    yield Overlap(
        "暗访复查、销号", due["inspections"], *vote, "请缩短整改报告和报告后暗访复查的期限，或者提前投票时间", True
    )
    yield Overlap("整改报告", due["reports"], *lock, "锁定时整改情况尚未报齐，请缩短期限或者提前投票时间")
    yield Overlap("立行立改", at_once, *lock, "请缩短立行立改期限")
    yield Overlap("申诉答复", appeals, *vote, "请缩短申诉和答复的期限")
    frozen_until = add_months(published, int(rulebook["freeze_months"]))
    again = "再次上榜的，两轮的影响期部分重叠，请核对"
    yield Overlap("不得提拔重用的影响期", frozen_until, "公示名单", listed, again)
