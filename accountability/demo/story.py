"""A demonstration round: every step by an account that may perform it, on a calendar that ends today.

Votes are cast at times in the past: the clock that views read is patched meanwhile.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

from django.utils import timezone
from tqdm import tqdm

import departments
from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.demo.aftermath import Aftermath
from accountability.demo.ceremony import Ceremony
from accountability.demo.citizens import Citizen
from accountability.demo.key_cards import KeyCards
from accountability.demo.opinions import opinions
from accountability.demo.people import ACCOUNTS, account, evaluators, liaison_of, supervisors
from departments.roster.services import import_roster
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.queries import drawn_people
from evaluations.codes.services import issuing
from evaluations.codes.services.issuing import FormKind
from evaluations.codes.services.open_channel import review_alert
from evaluations.draws.models import Draw
from evaluations.lifecycle import services as lifecycle
from evaluations.pools.rules import PoolKind
from evaluations.pools.services import lists
from evaluations.pools.services.notices import announce_pool
from evaluations.publication.approvals import DECIDE
from evaluations.publication.queries import gate_faults
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.rounds.rules.rulebook import SERVER, SUPERVISORS, default_rulebook, wants_sample_audit, with_value
from evaluations.rounds.services import plan_round
from evaluations.sample_audit.rules.drawing import DICE
from evaluations.sample_audit.services.comparison import sign_audit
from evaluations.sample_audit.services.drawing import draw_ballots, plan_audit
from evaluations.scoring.method import Channel
from evaluations.sealing.services import opening as sealing
from evaluations.sealing.services.signatures import sign_opening
from evaluations.tally.models import AnomalyFlag
from evaluations.tally.rules.anomalies import NAMES_BALLOTS, Verdict
from evaluations.tally.services import tally
from evaluations.tally.services.anomalies import DECIDE_FLAG, KEEP_FLAGS
from evaluations.tally.services.signatures import sign_count
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR
from nanchuan_eval.spreadsheets import read_rows

ROSTER = Path(departments.__file__).parent / "data" / "roster.xlsx"
# With `today` this many days ahead, voting opened yesterday.
VOTE_OPENED = 34
# Days before today on which each draw is committed; the ceremony is on the next day.
DRAW_DAYS = {DrawPurpose.SUPERVISORS: 41, DrawPurpose.EVALUATORS: 39, DrawPurpose.COUNTED: 21}
# Shares of the ballots by channel; what drawn evaluators do not return goes to the other two.
TARGETED_SHARE, SAMPLED_SHARE = 0.28, 0.42
NEVER_RETURNED = 0.08
SELF_SERVICE = (
    FormKind(Channel.SAMPLED, Origin.WEBSITE, "抽样评议票（网站）"),
    FormKind(Channel.OTHER, Origin.OPEN, "其他评议（网上领票）"),
)
PRINTED_FORMS = (
    FormKind(Channel.SAMPLED, Origin.NEWSPAPER, "抽样评议票（报纸）"),
    FormKind(Channel.SAMPLED, Origin.HALL, "抽样评议票（服务大厅）"),
)
Item = TypeVar("Item")


@dataclass
class Story:
    """One demonstration round with `ballots` votes; the seed determines the opinions."""

    ballots: int
    seed: int
    # Whether supervisors open the box with key cards, which nobody is asked to type: the demonstration holds them.
    is_supervised: bool = False
    # Whether chief and commission decide to publish a list that the gate refuses.
    decides: bool = False
    today: date = field(default_factory=timezone.localdate)

    def run(self) -> Round:
        """Run the whole round and return it: published, or refused for the reasons in `refused`."""
        self.begin()
        self._vote()
        self._count()
        self._publish()
        if not self.refused:
            self._follow_up()
        self.round.refresh_from_db()
        return self.round

    def begin(self) -> list[str]:
        """Run until voting is open; return the unused codes of the printed ballots."""
        accounts = {facts[0]: account(*facts) for facts in ACCOUNTS}
        self.clerk, self.second_clerk, self.chief = (accounts[name] for name in ("clerk", "clerk2", "chief"))
        self.commission, self.witness = accounts["jiwei"], accounts["witness"]
        self.inspectors = accounts["inspector"], accounts["inspector2"]
        self._load_roster()
        self.round = self._plan_round()
        self._draw_people()
        self._open()
        return [*self.envelopes, *(code for form in self.forms for code in form)]

    def _load_roster(self) -> None:
        import_roster(rows=read_rows(ROSTER.read_bytes(), ROSTER.name), by=OPERATOR, at=self._day(48))

    def _plan_round(self) -> Round:
        year, half = 2020, 1
        for _ in range(Round.objects.count()):
            year, half = (year, 2) if half == 1 else (year + 1, 1)
        planned = Round(
            key=f"{year}H{half}",
            name=f"{year}年{'上' if half == 1 else '下'}半年",
            period_start=date(year, 1, 1) if half == 1 else date(year, 7, 1),
            period_end=date(year, 6, 30) if half == 1 else date(year, 12, 31),
            opens_at=self._day(35, 9),
            closes_at=self._day(22, 17),
            is_demo=True,
            rulebook=with_value(default_rulebook(), "box_key", SUPERVISORS if self.is_supervised else SERVER),
        )
        return plan_round(round_=planned, by=self.chief, at=self._day(48))

    def _draw_people(self) -> None:
        lifecycle.freeze_round(round_id=self.round.pk, by=self.chief, at=self._day(47))
        self.ceremony = Ceremony((self.clerk, self.second_clerk), self.chief)
        for purpose, day in DRAW_DAYS.items():
            self.ceremony.plan(self.round, purpose, held_at=self._day(day - 1, 10), at=self._day(46))
        pools = ((PoolKind.SUPERVISORS, supervisors()), (PoolKind.EVALUATORS, evaluators()))
        for kind, rows in _progress(pools, "导入名单库"):
            lists.import_pool(round_id=self.round.pk, kind=kind, rows=list(rows), by=self.clerk, at=self._day(45))
            announce_pool(round_id=self.round.pk, kind=kind, by=self.clerk, at=self._day(45, 10))
        for purpose in _progress((DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS), "抽取人员"):
            self._draw(purpose)
        lifecycle.confirm_draws(round_id=self.round.pk, by=self.chief, at=self._day(37))

    def _draw(self, purpose: DrawPurpose) -> Draw:
        day = DRAW_DAYS[purpose]
        return self.ceremony.hold(self.round, purpose, committed_at=self._day(day), held_at=self._day(day - 1, 10))

    def _open(self) -> None:
        at = self._day(37)
        self.envelopes = [
            code
            for stratum, people in drawn_people(self.round)[Channel.TARGETED].items()
            for code in self._print_codes(
                FormKind(Channel.TARGETED, Origin.ISSUED, f"定向评议信封·{stratum}", stratum), people
            )
        ]
        Random(f"envelopes/{self.seed}").shuffle(self.envelopes)  # noqa: S311  a simulation, not a draw
        self.forms = [self._print_codes(form, max(1, self.ballots // 5)) for form in PRINTED_FORMS]
        self.counters = {
            form.channel: issuing.open_self_service(round_id=self.round.pk, form=form, by=self.clerk, at=at)
            for form in SELF_SERVICE
        }
        self.cards = KeyCards(self.round, self.clerk, self.chief)
        if self.is_supervised:
            self.round.refresh_from_db()
            self.cards.make(at=at)
        lifecycle.open_round(round_id=self.round.pk, by=self.chief, at=self._day(36))

    def _print_codes(self, form: FormKind, count: int) -> list[str]:
        _, codes = issuing.issue_batch(round_id=self.round.pk, form=form, count=count, by=self.clerk, at=self._day(37))
        return codes

    def _vote(self) -> None:
        self.round.refresh_from_db()
        self.routes = Random(f"roads/{self.seed}")  # noqa: S311  which form a vote uses; a simulation, not a draw
        channels = self._channels()
        form = ballot_form_by_digest(self.round.ballot_form_sha256)
        moments = self._moments(len(channels))
        with _clock(moments[0] if moments else self._day(30)):
            citizen = Citizen()
        voters = zip(moments, opinions(form, channels, self.seed), strict=True)
        for moment, opinion in _progress(voters, "群众投票", total=len(channels)):
            with _clock(moment):
                citizen.vote(self._code_for(citizen, opinion.channel), opinion)

    def _channels(self) -> list[Channel]:
        """Return the channel of each vote, shuffled by the seed."""
        reached = int(len(self.envelopes) * (1 - NEVER_RETURNED))
        targeted = min(round(self.ballots * TARGETED_SHARE), reached)
        sampled = min(round(self.ballots * SAMPLED_SHARE), self.ballots - targeted)
        other = self.ballots - targeted - sampled
        channels = [Channel.TARGETED] * targeted + [Channel.SAMPLED] * sampled + [Channel.OTHER] * other
        Random(f"arrival/{self.seed}").shuffle(channels)  # noqa: S311  a simulation, not a draw
        return channels

    def _moments(self, count: int) -> list[datetime]:
        span = (self.round.closes_at - self.round.opens_at).total_seconds()
        rng = secrets.SystemRandom()
        return sorted(self.round.opens_at + timedelta(seconds=rng.uniform(1, span - 1)) for _ in range(count))

    def _code_for(self, citizen: Citizen, channel: Channel) -> str:
        if channel == Channel.TARGETED:
            return self.envelopes.pop()
        printed = [codes for codes in self.forms if codes] if channel == Channel.SAMPLED else []
        if printed and self.routes.randrange(3):
            return self.routes.choice(printed).pop()
        return citizen.claim(self.counters[channel].pk)

    def _seal(self) -> None:
        at = self._day(22, 18)
        if self.is_supervised:
            with _clock(at):
                self.cards.open_box(rows=self.ballots, at=at)
            for codes in self.ceremony.codes[: self.round.rulebook["supervisors_present"]]:
                sign_opening(round_id=self.round.pk, code=codes.pop(), at=at)
            return
        with tqdm(total=self.ballots, desc="打乱并封存", unit="票") as bar:
            sealing.seal_round(round_id=self.round.pk, by=CLOCK, at=at, progress=bar.update)

    def _count(self) -> None:
        self._seal()
        if self.round.ballots.filter(channel=Channel.SAMPLED).exists():
            self._draw(DrawPurpose.COUNTED)
        for alert in OpenClaimAlert.objects.unreviewed().filter(batch__round=self.round):
            review_alert(alert_id=alert.pk, seen=alert.times, review="演示：集中领票", by=self.clerk, at=self._day(19))
        tally.tally_round(round_id=self.round.pk, by=self.chief, at=self._day(19))
        for codes in self.ceremony.codes[: self.round.rulebook["count_witnesses"]]:
            sign_count(round_id=self.round.pk, code=codes.pop(), at=self._day(19, 10))
        self._decide_flags()
        self._compare_sample()

    def _compare_sample(self) -> None:
        """Let the supervisors compare drawn ballots, all of which came online, and sign the record."""
        if not wants_sample_audit(self.round.rulebook):
            return
        dice = Random(f"dice/{self.seed}")  # noqa: S311  in place of the supervisors' dice
        plan_audit(round_id=self.round.pk, by=self.clerk, at=self._day(19, 14))
        digits = "".join(str(dice.randrange(10)) for _ in range(DICE))
        draw_ballots(round_id=self.round.pk, dice=digits, by=self.clerk, at=self._day(19, 15))
        for codes in self.ceremony.codes[: self.round.rulebook["count_witnesses"]]:
            sign_audit(round_id=self.round.pk, code=codes.pop(), at=self._day(19, 16))

    def _decide_flags(self) -> None:
        reason = "演示：经核查未发现组织投票、替人填票，保留计票"
        for flag in self.round.flags.filter(kind__in=NAMES_BALLOTS):
            self._keep(DECIDE_FLAG.name, flag, verdict=Verdict.KEPT, reason=reason)
        if self.round.flags.naming_no_ballots().exists():
            self._keep(KEEP_FLAGS.name, self.round, reason=reason, own={})

    def _keep(self, action: str, target: AnomalyFlag | Round, **given: Any) -> None:
        approval = approvals.propose(action, target, by=self.clerk, at=self._day(19, 10), **given)
        approvals.approve(approval_id=approval.pk, by=self.witness, at=self._day(19, 11))

    def _publish(self) -> None:
        lifecycle.announce_result(round_id=self.round.pk, by=self.clerk, at=self._day(18))
        if self.decides and gate_faults(self.round):
            self._decide()
        self.refused = gate_faults(self.round)
        if self.refused:
            return
        publish_and_start(round_id=self.round.pk, by=self.commission, at=self._day(12))
        self.round.refresh_from_db()

    def _decide(self) -> None:
        at, reason = self._day(12, 8), "演示：评议票很少，为演示公示之后的办理过程，决定公示本轮名单"
        approval = approvals.propose(DECIDE, self.round.tally, by=self.chief, at=at, reason=reason)
        approvals.approve(approval_id=approval.pk, by=self.commission, at=at)

    def _follow_up(self) -> None:
        Aftermath(
            round_=self.round,
            clerk=self.clerk,
            chief=self.chief,
            commission=self.commission,
            inspectors=self.inspectors,
            ceremony=self.ceremony,
            day=self._day,
            liaison=liaison_of,
        ).run()

    def _day(self, before: int, hour: int = 9) -> datetime:
        return timezone.make_aware(datetime.combine(self.today - timedelta(days=before), time(hour)))


@contextmanager
def _clock(moment: datetime) -> Iterator[None]:
    """Set the clock to `moment` for the code inside."""
    with (
        patch("django.utils.timezone.now", return_value=moment),
        patch("nanchuan_eval.clock.queries.now", return_value=moment),
    ):
        yield


def _progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterable[Item]:
    total = total if total is not None else len(items) if isinstance(items, Sequence) else None
    return tqdm(items, desc=what, total=total, unit="项")
