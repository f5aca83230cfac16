"""Counts over a section's earlier rounds (上期位次、上榜次数、连续上榜、连续前3; rulebook finding 5).

Rounds are in a row (连续) if their periods meet: no whole quarter lies between them for which no list is known.
Whether such a quarter was left out, declared void or is just not imported is not asked: the gap ends the run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from evaluations.rounds.rules.repeat_steps import RepeatStep, Repetition
from evaluations.scoring.result import CERTAIN, TOO_FEW, VETOED
from nanchuan_eval.names.rules.keys import is_same_name
from nanchuan_eval.workdays.rules import add_months

# The gravest consequence requires a place that is 明确 in a round that passed the publication gate, or a veto.
SURE_LABELS = frozenset({CERTAIN, VETOED})
TIMES_FOR_PROMPT = 2
# Rounds in a row with too few ballots after which the commission is told.
TIMES_TOO_FEW = 2
MONTHS_A_YEAR, MONTHS_A_QUARTER = 12, 3
# What the counts mean, for the pages and the workbook that show them.
COUNTS_EXPLAINED = (
    "上榜次数含本轮，撤下的不计，导入的往期上榜名单计入。“连续”指各轮评议期首尾相接：其间有整个季度没有名单的"
    "（未举行、作废或未导入），不算连续。“一年内”按公示日期计算；往期上榜名单没有公示日期的，按评议期起始日期相隔不满一年计算。"
)


@dataclass(frozen=True)
class Held:
    """A round that was held: its period and, where it is known, the day of its publication."""

    starts_on: date
    ends_on: date
    published_on: date | None = None

    @property
    def quarters(self) -> tuple[int, int]:
        """The first and the last quarter that the period touches."""
        return _quarter(self.starts_on), _quarter(self.ends_on)


@dataclass(frozen=True)
class Appearance:
    """One round in which a section or its predecessor took part; `order` numbers the rounds that were held.

    `head` = who answers for it, "" if not known.
    """

    order: int
    rank: int | None
    is_listed: bool
    label: str = ""
    is_by_decision: bool = False
    head: str = ""

    @property
    def has_too_few(self) -> bool:
        """True if the ballots were too few for a place (样本不足) and nothing else listed the section."""
        return self.label == TOO_FEW and not self.is_listed

    @property
    def is_sure(self) -> bool:
        """True for a veto, and for a 明确 place among enough ranked sections."""
        return self.label in SURE_LABELS and (self.label == VETOED or not self.is_by_decision)


@dataclass(frozen=True)
class History:
    """History shown beside a section's place; the counts include the current round."""

    explained: ClassVar[str] = COUNTS_EXPLAINED
    previous_rank: int | None = None
    listings: int = 0
    listed_in_a_row: int = 0
    top_in_a_row: int = 0
    sure_top_in_a_row: int = 0
    listings_in_year: int = 0
    too_few_in_a_row: int = 0

    @property
    def stays_too_few(self) -> bool:
        """True if the ballots were too few in two rounds in a row, this one included (连续样本不足)."""
        return self.too_few_in_a_row >= TIMES_TOO_FEW

    @property
    def calls_for_removal_prompt(self) -> bool:
        """True after two certain top places in a row under the present head (连续两次前3 → 提示)."""
        return self.sure_top_in_a_row >= TIMES_FOR_PROMPT

    def times(self, repetition: Repetition) -> int:
        """Return how often the section was listed in this sense, the current round included."""
        counts = {
            Repetition.WITHIN_YEAR: self.listings_in_year,
            Repetition.IN_A_ROW: self.listed_in_a_row,
            Repetition.TOP_IN_A_ROW: self.top_in_a_row,
        }
        return counts[repetition]

    def reached(self, steps: Iterable[RepeatStep]) -> list[RepeatStep]:
        """Return the steps whose number of repetitions is reached or exceeded."""
        return [step for step in steps if self.times(step.repetition) >= step.times]


def history(appearances: Iterable[Appearance], *, held: Sequence[Held], now: int, top: int) -> History:
    """Summarise the rounds up to and including `now`; a round without the section, or a gap, ends every run.

    `held` are the rounds in time's order, by the numbers of the appearances.
    """
    rounds = _hardest_per_round(a for a in appearances if a.order <= now)
    previous = rounds.get(now - 1)
    joined = _joined(held, now)
    listed = [order for order, appearance in rounds.items() if appearance.is_listed]
    return History(
        previous_rank=previous.rank if previous else None,
        listings=len(listed),
        listed_in_a_row=_run(rounds, joined, _is_top),
        top_in_a_row=_run(rounds, joined, lambda each: _is_top(each, top)),
        sure_top_in_a_row=_run(
            rounds,
            joined,
            lambda each: each.is_sure and _is_top(each, top) and _is_of_one_head(each, rounds[now]),
        ),
        too_few_in_a_row=_run(rounds, joined, lambda each: each.has_too_few),
        listings_in_year=sum(is_within_year(held[order], held[now]) for order in listed),
    )


def meet(earlier: Held, later: Held) -> bool:
    """True if no whole quarter lies between the two periods."""
    return later.quarters[0] - earlier.quarters[1] <= 1


def is_within_year(earlier: Held, later: Held) -> bool:
    """True if the later list came at most a year after the earlier one.

    By the days of publication; where one is not known, the periods have to begin less than a year apart.
    """
    if earlier.published_on and later.published_on:
        return later.published_on <= add_months(earlier.published_on, MONTHS_A_YEAR)
    return later.starts_on < add_months(earlier.starts_on, MONTHS_A_YEAR)


def _quarter(day: date) -> int:
    return day.year * MONTHS_A_YEAR // MONTHS_A_QUARTER + (day.month - 1) // MONTHS_A_QUARTER


def _joined(held: Sequence[Held], now: int) -> list[int]:
    """Return `now` and the rounds before it, the latest first, up to the first gap."""
    found = [now]
    for order in range(now - 1, -1, -1):
        if not meet(held[order], held[order + 1]):
            break
        found.append(order)
    return found


def _hardest_per_round(appearances: Iterable[Appearance]) -> dict[int, Appearance]:
    """Keep one appearance per round: of merged predecessors (合并), the one rated hardest."""
    rounds: dict[int, Appearance] = {}
    for appearance in sorted(appearances, key=hardness, reverse=True):
        rounds[appearance.order] = appearance
    return rounds


def hardness(appearance: Appearance) -> tuple[bool, int, bool]:
    """Return the key that sorts the appearances in one round, the hardest first; any on the list comes before."""
    return (not appearance.is_listed, appearance.rank or 10**6, not appearance.is_sure)


def _run(rounds: Mapping[int, Appearance], joined: Sequence[int], counts: Callable[[Appearance], bool]) -> int:
    """Return how many of the joined rounds, from the latest back, count without a break."""
    run = 0
    for order in joined:
        appearance = rounds.get(order)
        if appearance is None or not counts(appearance):
            break
        run += 1
    return run


def _is_of_one_head(one: Appearance, other: Appearance) -> bool:
    return one.head == other.head or is_same_name(one.head, other.head)


def _is_top(appearance: Appearance, top: int | None = None) -> bool:
    """True if the section was listed with a place, by default any."""
    if not appearance.is_listed or appearance.rank is None:
        return False
    return top is None or appearance.rank <= top
