"""From the closed vote to the announced result: the box, the count and its signatures, the flags, the sample."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from accountability.case_lifecycle.approvals import ASSENT
from accountability.demo.by_two import approved, by_two
from accountability.demo.calendar import Calendar
from accountability.demo.ceremony import Ceremony
from accountability.demo.key_cards import KeyCards
from accountability.demo.people import Office
from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.services.open_channel import review_alert
from evaluations.lifecycle.approvals import start_step
from evaluations.publication.approvals import DECIDE
from evaluations.publication.services import edit_problems
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import Step
from evaluations.rounds.rules.rulebook import wants_sample_audit
from evaluations.sample_audit.rules.drawing import DICE
from evaluations.sample_audit.services.comparison import sign_audit
from evaluations.sample_audit.services.drawing import draw_ballots, plan_audit
from evaluations.sealing.services import opening as sealing
from evaluations.sealing.services.signatures import sign_opening
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import NAMES_BALLOTS, Verdict
from evaluations.tally.services.anomalies import DECIDE_FLAG, KEEP_FLAGS
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.permissions.policy import CLOCK

SCATTERED = "群众评价总体偏低，反映的问题比较分散（演示）"
GREEDY = "个别工作人员办事态度生硬，群众反映办件中有“吃拿卡要”苗头（演示）"


@dataclass
class Counting:
    """What happens to the votes of one round."""

    round: Round
    office: Office
    ceremony: Ceremony
    calendar: Calendar
    seed: int

    def seal(self) -> None:
        """Let the clock seal the box."""
        sealing.seal_round(round_id=self.round.pk, by=CLOCK, at=self.calendar.day(22, 18))
        self.round.refresh_from_db()

    def open_by_cards(self, cards: KeyCards, *, rows: int) -> None:
        """Let the supervisors open the box with their cards and sign the record."""
        at = self.calendar.day(22, 18)
        cards.open_box(rows=rows, at=at)
        for codes in self._present(self.round.rulebook["supervisors_present"]):
            sign_opening(round_id=self.round.pk, code=codes.pop(), at=at)
        self.round.refresh_from_db()

    def run(self) -> None:
        """Count, sign, decide the flags and compare the sample."""
        at = self.calendar.day(19)
        for alert in OpenClaimAlert.objects.unreviewed().filter(batch__round=self.round):
            review_alert(alert_id=alert.pk, seen=alert.times, review="演示：集中领票", by=self.office.clerk, at=at)
        proposed = start_step(step=Step.COUNT, round_id=self.round.pk, by=self.office.clerk, at=at)
        approved(proposed, by=self.office.chief, at=at)
        self.round.refresh_from_db()
        for codes in self._present(self.round.rulebook["count_witnesses"]):
            sign_count(round_id=self.round.pk, code=codes.pop(), at=self.calendar.day(19, 10))
        self._decide_flags()
        self._compare_sample()

    def announce(self) -> None:
        """Tell the units the preliminary result, with words for sections whose ballots name no problem often enough."""
        at = self.calendar.day(18)
        for result in self.round.results.filter(is_listed=True, main_problems=""):
            edit_problems(result_id=result.pk, text=SCATTERED, by=self.office.clerk, at=at)
        proposed = start_step(step=Step.ANNOUNCE, round_id=self.round.pk, by=self.office.clerk, at=at)
        approved(proposed, by=self.office.chief, at=at)
        self.round.refresh_from_db()

    def write_about_greed(self) -> None:
        """Let the commission agree to words that allege misconduct in the main problems of the first section."""
        first = self.round.results.filter(is_listed=True).order_by("rank").first()
        if first:
            text = f"{first.main_problems}；{GREEDY}" if first.main_problems else GREEDY
            self._by_commission(ASSENT, first, at=self.calendar.day(17), text=text)

    def decide_to_publish(self) -> None:
        """Let chief and commission publish a list although too few sections are ranked."""
        reason = "演示：评议票很少，为演示公示之后的办理过程，决定公示本轮名单"
        self._by_commission(DECIDE, self.round.tally, at=self.calendar.day(12, 8), reason=reason)

    def _by_commission(self, name: str, target: Any, *, at: datetime, **asked: Any) -> None:
        by_two(name, target, self.office.above, at=at, **asked)

    def _present(self, wanted: int) -> list[list[str]]:
        return self.ceremony.codes[:wanted]

    def _compare_sample(self) -> None:
        """Let the supervisors compare drawn ballots, all of which came online, and sign the record."""
        if not wants_sample_audit(self.round.rulebook):
            return
        clerk, day = self.office.clerk, self.calendar.day
        dice = Random(f"dice/{self.seed}")  # noqa: S311  in place of the supervisors' dice
        plan_audit(round_id=self.round.pk, by=clerk, at=day(19, 14))
        digits = "".join(str(dice.randrange(10)) for _ in range(DICE))
        draw_ballots(round_id=self.round.pk, dice=digits, by=clerk, at=day(19, 15))
        for codes in self._present(self.round.rulebook["count_witnesses"]):
            sign_audit(round_id=self.round.pk, code=codes.pop(), at=day(19, 16))

    def _decide_flags(self) -> None:
        reason = "演示：经核查未发现组织投票、替人填票，保留计票"
        for flag in self.round.flags.filter(kind__in=NAMES_BALLOTS):
            self._keep(DECIDE_FLAG.name, flag, verdict=Verdict.KEPT, reason=reason)
        if self.round.flags.naming_no_ballots().exists():
            self._keep(KEEP_FLAGS.name, self.round, reason=reason, own={})

    def _keep(self, action: str, target: AnomalyFlag | Round, **given: Any) -> None:
        by_two(action, target, (self.office.clerk, self.office.witness), at=self.calendar.day(19, 10), **given)
