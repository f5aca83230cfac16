"""Counts over a section's earlier rounds (上期位次、上榜次数、连续上榜、连续前3; rulebook finding 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from evaluations.scoring.result import CERTAIN, VETOED

# The gravest consequence requires a place that is 明确 in a round that passed the publication gate, or a veto.
SURE_LABELS = frozenset({CERTAIN, VETOED})
TIMES_FOR_PROMPT = 2


@dataclass(frozen=True)
class Appearance:
    """One round in which a section or its predecessor took part; `order` numbers the published rounds."""

    order: int
    rank: int | None
    is_listed: bool
    label: str = ""
    is_by_decision: bool = False

    @property
    def is_sure(self) -> bool:
        """True for a veto, and for a 明确 place among enough ranked sections."""
        return self.label in SURE_LABELS and (self.label == VETOED or not self.is_by_decision)


@dataclass(frozen=True)
class History:
    """History shown beside a section's place; the counts include the current round."""

    previous_rank: int | None = None
    listings: int = 0
    listed_in_a_row: int = 0
    top_in_a_row: int = 0
    sure_top_in_a_row: int = 0

    @property
    def calls_for_removal_prompt(self) -> bool:
        """True after two certain top places in a row (连续两次前3 → 提示)."""
        return self.sure_top_in_a_row >= TIMES_FOR_PROMPT


def history(appearances: Iterable[Appearance], *, now: int, top: int) -> History:
    """Summarise the rounds up to and including `now`; a round without the section ends every run."""
    rounds = _hardest_per_round(a for a in appearances if a.order <= now)
    previous = rounds.get(now - 1)
    return History(
        previous_rank=previous.rank if previous else None,
        listings=sum(a.is_listed for a in rounds.values()),
        listed_in_a_row=_run(rounds, now, top=None, sure=False),
        top_in_a_row=_run(rounds, now, top=top, sure=False),
        sure_top_in_a_row=_run(rounds, now, top=top, sure=True),
    )


def _hardest_per_round(appearances: Iterable[Appearance]) -> dict[int, Appearance]:
    """Keep one appearance per round: of merged predecessors (合并), the one rated hardest."""
    rounds: dict[int, Appearance] = {}
    for appearance in sorted(appearances, key=_hardness, reverse=True):
        rounds[appearance.order] = appearance
    return rounds


def _hardness(appearance: Appearance) -> tuple[bool, int, bool]:
    return (not appearance.is_listed, appearance.rank or 10**6, not appearance.is_sure)


def _run(rounds: Mapping[int, Appearance], now: int, *, top: int | None, sure: bool) -> int:
    return sum(1 for _ in takewhile(lambda order: _counts(rounds.get(order), top, sure), range(now, -1, -1)))


def _counts(appearance: Appearance | None, top: int | None, sure: bool) -> bool:
    if appearance is None or not appearance.is_listed or appearance.rank is None:
        return False
    return (top is None or appearance.rank <= top) and (not sure or appearance.is_sure)
