"""What a stored database holds: a small round up to its consequences, and the next one in preparation.

The rounds are the demonstration's, with three departments and few people. No ballot waits in the spool: nobody
upgrades during a vote.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from unittest.mock import patch

from django.core.management import call_command
from django.test.utils import override_settings
from django.utils import timezone

from accountability.demo import people, rectifying, story
from accountability.demo.calendar import Calendar
from evaluations.rounds.models import Round
from evaluations.rounds.rules import rulebook
from nanchuan_eval.spreadsheets import read_rows
from tests.accountability.factories import pdf

BALLOTS, SEED = 24, 7
UNITS = ("单位代码", "D01", "D05", "D33")
SMALL = {
    "evaluators": 20,
    "alternates_percent": 20,
    "min_lines": 1,
    "min_drawn_lines": 1,
    "mean_min_lines": 1,
    "list_length": 4,
    "signing_codes": 4,
    "counted_sampled_ballots": 5,
}


@dataclass
class SmallStory(story.Story):
    """A demonstration of a few sections and people."""

    is_told_up_to_the_draws: bool = False
    # So few ballots may rank too few sections.
    decides: bool = True

    def _open(self) -> None:
        if self.is_told_up_to_the_draws:
            self.envelopes, self.forms = [], []
        else:
            super()._open()

    def settle_draft(self) -> None:
        """Plan the round after the next; two persons approve its plan."""
        self._settle(self._plan_round(), at=self._day(37))

    def go_on(self, round_: Round) -> None:
        """Open a drawn round, vote, and let the clock seal it."""
        self.calendar, self.office = Calendar(self.today), people.Office.open()
        self.round, self.is_told_up_to_the_draws = round_, False
        self._open()
        self._vote()
        with story._clock(self.round.closes_at + timedelta(minutes=5)):
            call_command("advance_rounds")


def make_rounds() -> None:
    """Fill an empty database: a round published twelve days ago, one that is drawn and opens tomorrow, a draft."""
    with small():
        SmallStory(BALLOTS, SEED, today=timezone.localdate()).run()
        told = SmallStory(BALLOTS, SEED, today=_story_day(timezone.localdate()), is_told_up_to_the_draws=True)
        told.begin()
        told.settle_draft()


def go_on_with(round_: Round) -> None:
    """Hold the vote of a round that another version has drawn, on its own days."""
    with small():
        SmallStory(BALLOTS, SEED, today=_story_day(timezone.localdate(round_.opens_at) - timedelta(days=1))).go_on(
            round_
        )


def _story_day(drawn_on: date) -> date:
    """The day on which a story ends whose people are drawn on this day and whose vote opens on the next."""
    return drawn_on + timedelta(days=story.VOTE_OPENED + 2)


@contextmanager
def small() -> Iterator[None]:
    """Let the demonstration have few sections and people."""
    groups = {group: count // 50 for group, count in people.EVALUATOR_GROUPS.items()}
    with ExitStack() as stack:
        stack.enter_context(patch.dict(people.EVALUATOR_GROUPS, groups))
        stack.enter_context(patch.dict(rulebook.DEFAULTS, SMALL))
        stack.enter_context(patch.object(story, "read_rows", _few_rows))
        stack.enter_context(patch.object(rectifying, "talk_record", lambda talk: pdf()))
        stack.enter_context(override_settings(TWO_PERSON_RULE=True))
        yield


def _few_rows(content: bytes, name: str) -> list[object]:
    return [row for row in read_rows(content, name) if row.number == 1 or row.cells[0] in UNITS]
