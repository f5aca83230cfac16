"""State machines as data."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from django.db.models import TextChoices

from nanchuan_eval.core.errors import RuleViolation

State = TypeVar("State", bound=TextChoices)


class Flow(Generic[State]):
    """A one-way workflow (流程): the states that may follow each state."""

    def __init__(self, moves: Mapping[State, frozenset[State]]) -> None:
        self._moves = moves

    def allows(self, now: State, then: State) -> bool:
        """True if `then` may follow `now`."""
        return then in self._moves.get(now, frozenset())

    def move(self, now: State, then: State) -> State:
        """Return `then`, or raise `RuleViolation`."""
        if not self.allows(now, then):
            raise RuleViolation(f"当前状态为“{now.label}”，不能转为“{then.label}”。")
        return then
