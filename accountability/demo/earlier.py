"""A round of an earlier half-year: its votes are sealed by the voting service, without pages; it is archived."""

from collections.abc import Iterator
from dataclasses import dataclass

from accountability.case_lifecycle.approvals import CORRECT
from accountability.demo.archive import Archive
from accountability.demo.booth import cast
from accountability.demo.by_two import by_two
from accountability.demo.counting import Counting
from accountability.demo.opinions import Opinion, Rated, opinions
from accountability.demo.story import Story
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.codes.services.open_channel import issue_open_code
from evaluations.rounds.rules.rulebook import with_value
from evaluations.scoring.method import Channel

# Few people, who know many sections: every section gets enough answers all the same.
POOL_PART, EVALUATORS = 10, 150
RATED: Rated = {Channel.TARGETED: (45, 65), Channel.SAMPLED: (6, 10), Channel.OTHER: (6, 10)}
COUNTS = {Channel.TARGETED: 110, Channel.SAMPLED: 120, Channel.OTHER: 70}
BALLOTS = sum(COUNTS.values())


@dataclass
class EarlierStory(Story):
    """A round that ended long ago: published, perhaps corrected, all its cases closed, archived."""

    is_corrected: bool = False
    pool_part: int = POOL_PART

    def _rulebook(self) -> dict[str, object]:
        return with_value(super()._rulebook(), "evaluators", EVALUATORS)

    def _channels(self) -> list[Channel]:
        return [channel for channel, count in COUNTS.items() for _ in range(count)]

    def _opinions(self, channels: list[Channel]) -> Iterator[Opinion]:
        form = ballot_form_by_digest(self.round.ballot_form_sha256)
        return opinions(form, channels, self.seed, half_year=self.round.key, rated=RATED)

    def _cast(self, channels: list[Channel], given: Iterator[Opinion]) -> None:
        """Seal every vote with the service behind the page."""
        form = ballot_form_by_digest(self.round.ballot_form_sha256)
        for opinion in given:
            cast(form, self._claimed(opinion.channel), opinion, at=self._day(30))

    def _claimed(self, channel: Channel) -> str:
        if channel == Channel.TARGETED:
            return self.envelopes.pop()
        return self._printed(channel) or issue_open_code(batch_id=self.counters[channel].pk, at=self._day(30))

    def _write_problems(self, counting: Counting) -> None:
        """Leave the main problems as the ticks give them."""

    def _follow_up(self) -> None:
        if self.is_corrected:
            self._correct()
        self._tell(Archive(self.round, self.office, self.calendar).run())

    def _correct(self) -> None:
        """Publish a second version: the last section is withdrawn, the words about the first are corrected."""
        listed = [result.section.code for result in self.round.results.filter(is_listed=True).order_by("rank")]
        by_two(
            CORRECT,
            self.round,
            self.office.above,
            at=self._day(11),
            reason="演示：公示后核查，最后一个科室的职责在评议期内已转由其他科室承担，予以撤下；首位科室的表述予以更正",
            withdrawn=listed[-1:],
            problems=dict.fromkeys(listed[:1], "窗口等候时间长，一次性告知不全（更正后的表述，演示）"),
        )
        self._tell("更正：撤下1个科室，更正1处表述，原版保留")
