"""Dates of a round that are allowed but improbable: they are asked about before they are saved (rulebook R-K)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

# Days within which the dates of a round are usual; a district sets others with USUAL_DAYS.
USUAL = {"shortest_vote": 3, "longest_vote": 60, "latest_close": 120, "shortest_period": 80, "longest_period": 190}
MOST_DAYS = 1000


@dataclass(frozen=True)
class RoundDates:
    """The period that is rated and the days of the vote."""

    period_start: date
    period_end: date
    opens_on: date
    closes_on: date

    @property
    def are_in_order(self) -> bool:
        """True if neither the period nor the vote ends before it starts, which is an error and no question."""
        return self.period_start <= self.period_end and self.opens_on <= self.closes_on


def usual_errors(days: Mapping[str, int]) -> list[str]:
    """Return in Chinese what is wrong with the days of the setting."""
    unknown = sorted(days.keys() - USUAL.keys())
    errors = [f"“{name}”不是可以设置的天数，可用：{'、'.join(USUAL)}。" for name in unknown]
    wrong = [name for name, value in days.items() if name in USUAL and not 0 <= value <= MOST_DAYS]
    return errors + [f"“{name}”应为0到{MOST_DAYS}之间的整数。" for name in wrong]


def unusual_dates(dates: RoundDates, days: Mapping[str, int]) -> list[str]:
    """Return in Chinese what is improbable about the dates, whenever one looks; empty if nothing is."""
    return [*_against_the_period(dates, {**USUAL, **days}), *_lengths(dates, {**USUAL, **days})]


def too_soon(dates: RoundDates, today: date, lead: int) -> list[str]:
    """Return in Chinese why there is too little time before the vote; `lead` = days that the calendar asks for."""
    left = (dates.opens_on - today).days
    if left < 0:
        return [f"投票开始时间（{_day(dates.opens_on)}）已经过去。"]
    if left < lead:
        return [f"距投票开始只有{left}天，按轮次日历应在开始投票前{lead}天锁定名录，来不及抽取和寄发。"]
    return []


def _against_the_period(dates: RoundDates, days: Mapping[str, int]) -> Iterator[str]:
    ends = f"评议期到{_day(dates.period_end)}才结束"
    if dates.closes_on <= dates.period_end:
        yield f"投票在评议期结束之前截止：{ends}，投票{_day(dates.closes_on)}截止，此后办的事不能评议。"
    elif dates.opens_on <= dates.period_end:
        yield f"投票在评议期结束之前开始：{ends}，投票{_day(dates.opens_on)}开始。"
    late = (dates.closes_on - dates.period_end).days
    if late > days["latest_close"]:
        yield f"投票在评议期结束{late}天之后才截止（一般不超过{days['latest_close']}天），请核对年份和月份。"


def _lengths(dates: RoundDates, days: Mapping[str, int]) -> Iterator[str]:
    vote = (dates.closes_on - dates.opens_on).days
    if vote < days["shortest_vote"]:
        yield f"投票时间只有{vote}天（一般不少于{days['shortest_vote']}天）。"
    if vote > days["longest_vote"]:
        yield f"投票时间长达{vote}天（一般不超过{days['longest_vote']}天）。"
    period = (dates.period_end - dates.period_start).days + 1
    if not days["shortest_period"] <= period <= days["longest_period"]:
        yield f"评议期为{period}天，一般为半年或者季度。"


def _day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
