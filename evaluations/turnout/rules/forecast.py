"""How many ballots of drawn clients will be back when the vote ends, and what a further committed round would add.

Only codes are counted, never what a ballot says. The estimate is returned ÷ the share that is usually back by now: the
share of a straight line between the points of `USUAL_CURVE`. People drawn by a top-up began later, so each group has
its own time; a section's share is the mean over its people. Whole numbers and fractions only: anybody can repeat it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

# Percent of the time that has passed -> percent of all ballots that are usually back. An assumption: most people vote
# soon after the letter or message has come. Before the first point nothing is foretold. Others: RETURN_CURVE.
USUAL_CURVE: Mapping[int, int] = {25: 40, 50: 70, 75: 90}
WHOLE = 100


def curve_errors(curve: Mapping[int, int]) -> list[str]:
    """Return in Chinese what is wrong with a curve: both percentages rise and stay within 1 and 99."""
    points = sorted(curve.items())
    numbers = [number for point in points for number in point]
    if not points or not all(0 < number < WHOLE for number in numbers):
        return ["至少写一对1至99的整数，前一个是已过时间的百分比，后一个是通常已收回的百分比"]
    if any(later[1] <= earlier[1] for earlier, later in pairwise(points)):
        return ["通常已收回的百分比应当随时间增加"]
    return []


@dataclass(frozen=True)
class Group:
    """People to whom ballots were delivered at the same time, and what part of their time to vote has passed."""

    people: int
    passed: Fraction


@dataclass(frozen=True)
class SectionReturns:
    """The drawn clients of one section: its seats, codes, those delivered to, ballots returned, needed.

    `empty` = seats of people removed that nobody could take; `unsent` = codes in letters and messages that have not
    gone out yet; `foretold` is None while nothing can be told: it is too early, or too few have been sent theirs.
    """

    code: str
    eligible: int
    drawn: int
    codes: int
    delivered: int
    returned: int
    needed: int
    foretold: int | None = None
    unsent: int = 0
    empty: int = 0
    is_thin: bool = False  # too few for bound codes: nobody waits for one

    @property
    def lacking(self) -> int:
        """How many ballots will probably be missing; 0 while that is unknown, or where nobody gets a code."""
        return 0 if self.foretold is None or self.is_thin else max(0, self.needed - self.foretold)

    @property
    def people(self) -> int:
        """How many people are drawn now."""
        return self.drawn - self.empty

    @property
    def without_code(self) -> int:
        """How many drawn people have no code yet."""
        return 0 if self.is_thin else max(0, self.people - self.codes)

    @property
    def waiting(self) -> int:
        """How many drawn people could not vote so far, since their code was not made or has not gone out."""
        return self.without_code + self.unsent

    def with_seats(self, seats: int) -> int:
        """Return the ballots to expect with so many people drawn: those drawn more return as many as the first."""
        known = self.foretold or 0
        more = max(0, min(seats, self.eligible) - self.drawn)
        return known + (known * more // self.delivered if self.delivered else 0)


@dataclass(frozen=True)
class TopUp:
    """One further committed round: how many people it draws more, and the sections that still stay short.

    `exhausted` are those of them whose clients are then all drawn.
    """

    number: int
    more: int
    short: tuple[str, ...]
    exhausted: tuple[str, ...]


def part_passed(start: datetime, end: datetime, at: datetime) -> Fraction:
    """Return what part of the time from start to end has passed, from 0 to 1."""
    whole, over = (int((moment - start).total_seconds()) for moment in (end, at))
    return Fraction(min(max(over, 0), whole), whole) if whole > 0 else Fraction(1)


def usual_share(passed: Fraction, curve: Mapping[int, int] = USUAL_CURVE) -> Fraction:
    """Return the share of all ballots that is usually back when this part of the time has passed."""
    points = [(0, 0), *sorted(curve.items()), (WHOLE, WHOLE)]
    percent = passed * WHOLE
    for (left, low), (right, high) in pairwise(points):
        if percent <= right:
            return (low + (percent - left) * (high - low) / (right - left)) / WHOLE
    return Fraction(1)


def is_too_early(passed: Fraction, curve: Mapping[int, int] = USUAL_CURVE) -> bool:
    """True before the curve's first point: a few early ballots foretell nothing."""
    return passed * WHOLE < min(curve)


def foretell(returned: int, delivered: int, groups: Sequence[Group], curve: Mapping[int, int] = USUAL_CURVE) -> int:
    """Return how many ballots will probably be back at the end: no fewer than now, no more than were delivered."""
    people = sum(group.people for group in groups)
    share = sum((group.people * usual_share(group.passed, curve) for group in groups), Fraction(0))
    return max(returned, min(delivered, int(returned * people / share))) if share else returned


def is_sent(people: int, waiting: int, percent: int) -> bool:
    """True if no more of these people wait for their code than can be left out of account."""
    return waiting * WHOLE <= people * (WHOLE - percent)


def needed_ballots(lines: int, valid_percent: int) -> int:
    """Return how many ballots must come back for so many valid lines, rounded up."""
    return -(-lines * WHOLE // valid_percent)


def short_of(sections: Sequence[SectionReturns]) -> list[SectionReturns]:
    """Return the sections that will probably not reach what they need."""
    return [section for section in sections if section.lacking]


def top_ups(
    sections: Sequence[SectionReturns], rounds: Sequence[Mapping[str, int]], *, first: int = 1
) -> Iterator[TopUp]:
    """Yield the further committed rounds in turn; `rounds` = seats by section in each, `first` = number of the next."""
    for number, seats in enumerate(rounds, start=first):
        after = {each.code: each.with_seats(seats[each.code]) for each in sections}
        short = [each for each in short_of(sections) if after[each.code] < each.needed]
        yield TopUp(
            number,
            sum(max(0, seats[each.code] - each.drawn) for each in sections),
            tuple(each.code for each in short),
            tuple(each.code for each in short if seats[each.code] >= each.eligible),
        )


def proposal(sections: Sequence[SectionReturns], ups: Sequence[TopUp]) -> list[str]:
    """Return the proposal in words; nothing if every section will probably have enough."""
    short = len(short_of(sections))
    if not short:
        return []
    said = [f"{short}个科室预计收不满。"]
    if not ups:
        return [*said, "预先承诺的追加抽取已全部启动，不能再追加；可以催评、延期。"]
    # The first round after which no section stays short that a later one could still help.
    enough = next((up for up in ups if len(up.short) == len(up.exhausted)), ups[-1])
    if not enough.more:
        return [*said, "这些科室的办事群众已全部抽取，追加抽取不能再增加；可以催评、延期。"]
    said.append(
        f"启动第{ups[0].number}次追加抽取，共多抽{ups[0].more}人，预计还有{len(ups[0].short)}个科室收不满。"
        if enough.number == ups[0].number or len(enough.short) == len(ups[0].short)
        else f"仅启动第{ups[0].number}次追加抽取（多抽{ups[0].more}人），预计还有{len(ups[0].short)}个科室收不满；"
        f"到第{enough.number}次追加抽取共多抽{enough.more}人，预计还有{len(enough.short)}个。各次依次启动，每次办理一回。"
    )
    if enough.exhausted:
        said.append(
            f"其中{len(enough.exhausted)}个科室的办事群众到第{enough.number}次追加抽取时已全部抽取，再追加也不会增加。"
        )
    return said


def late_warning(days_left: int, letter_days: int) -> str:
    """Return the warning that letters will hardly come back in time; nothing while there is time enough."""
    if days_left >= letter_days:
        return ""
    return (
        f"距投票截止不足{days_left + 1}天，少于信件送达和参加评议通常需要的{letter_days}天："
        "新抽中的人宜发短信，或者先办理延期。"
    )
