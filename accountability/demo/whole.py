"""The whole demonstration: earlier half-years, the main one, the next in preparation."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from accountability.demo.calendar import APART
from accountability.demo.earlier import EarlierStory
from accountability.demo.story import Story
from accountability.demo.waiting import Waiting
from evaluations.rounds.models import Round

EARLIER = 3


@dataclass
class Whole:
    """All half-years that one demonstration shows; a database that has rounds already gets no earlier ones."""

    story: Story
    earlier: int = EARLIER

    def tell_earlier(self) -> None:
        """Run the earlier half-years, each to its archive; the middle one was corrected after its publication."""
        if Round.objects.exists():
            return
        for before in range(self.earlier, 0, -1):
            with transaction.atomic():  # one commit for all of it
                self._earlier_story(before).run()

    def _earlier_story(self, before: int) -> EarlierStory:
        return EarlierStory(
            ballots=0,
            seed=self.story.seed,
            today=self.story.today - timedelta(days=before * APART),
            tell=self.story.tell,
            earlier=before,
            roster=self.story.roster,
            is_corrected=before == (self.earlier + 1) // 2,
        )

    def run(self) -> Round:
        """Run all of it and return the main round."""
        self.tell_earlier()
        round_ = self.story.run()
        self._leave(round_)
        return round_

    def _leave(self, round_: Round) -> None:
        story = self.story
        today = story.today + timedelta(days=APART)
        next_ = Story(ballots=0, seed=story.seed, today=today, roster=story.roster).draft(at=_morning(story.today))
        story.tell(Waiting(round_, next_, story.office, story.calendar).run())


def _morning(on: date) -> datetime:
    return min(timezone.make_aware(datetime.combine(on, time(8))), timezone.now())
