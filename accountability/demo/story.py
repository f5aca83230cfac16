"""A demonstration round: every step by the accounts whose part it is, on a calendar that ends today.

Votes are cast at times in the past: the clock that views read is patched meanwhile.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

from django.utils import timezone
from tqdm import tqdm

import departments
from accountability.case_lifecycle.approvals import PUBLISH
from accountability.demo.aftermath import Aftermath
from accountability.demo.by_two import approved, by_two
from accountability.demo.calendar import Calendar, half_year, name_of
from accountability.demo.ceremony import Ceremony
from accountability.demo.citizens import Citizen
from accountability.demo.clients import TOP_UP_AFTER, Clients, client_rules
from accountability.demo.counting import Counting
from accountability.demo.key_cards import KeyCards
from accountability.demo.opinions import Opinion, opinions
from accountability.demo.people import Office, evaluators, supervisors
from departments.models import Section
from departments.roster.approvals import propose_import
from departments.roster.services import compare_roster
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.queries import Kind, drawn_by_kind
from evaluations.codes.services import issuing
from evaluations.codes.services.issuing import FormKind
from evaluations.codes.services.open_channel import issue_open_code
from evaluations.draws.models import Draw
from evaluations.lifecycle.approvals import start_step
from evaluations.pools.approvals import start_announcement
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services import lists
from evaluations.publication.queries import gate_faults
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, Step
from evaluations.rounds.rules.rulebook import SERVER, SUPERVISORS, default_rulebook
from evaluations.rounds.services import plan_round
from evaluations.scoring.method import Channel
from evaluations.turnout.services import record_turnout
from nanchuan_eval.profile.queries import current_profile
from nanchuan_eval.spreadsheets import read_rows
from nanchuan_eval.workdays.models import Holiday

ROSTER = Path(departments.__file__).parent / "data" / "roster.xlsx"
# With `today` this many days ahead, voting opened yesterday.
VOTE_OPENED = 34
# Days before today on which each draw is committed; the ceremony is on the next day.
DRAW_DAYS = {
    DrawPurpose.SUPERVISORS: 41,
    DrawPurpose.EVALUATORS: 39,
    DrawPurpose.CLIENTS: 39,
    DrawPurpose.COUNTED: 21,
}
# Objection terms in working days -> the days between which each has to fit.
TERMS = {"pool_objection_workdays": (45, 42), "objection_workdays": (18, 13)}
# Shares of the ballots by channel; what drawn evaluators do not return goes to the other two.
TARGETED_SHARE, SAMPLED_SHARE = 0.28, 0.42
NEVER_RETURNED = 0.08
# No telephone has this number: nobody is called because of a demonstration.
PHONE = "0000-00000000"
SELF_SERVICE = (
    FormKind(Channel.SAMPLED, Origin.WEBSITE, "抽样评议票（网站）"),
    FormKind(Channel.OTHER, Origin.OPEN, "其他评议（网上领票）"),
)
PRINTED_FORMS = (
    FormKind(Channel.SAMPLED, Origin.NEWSPAPER, "抽样评议票（报纸）"),
    FormKind(Channel.SAMPLED, Origin.HALL, "抽样评议票（服务大厅）"),
)
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tell nobody."""


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
    # Told one line when a step is done: what was made.
    tell: Tell = silent
    # A round of earlier half-years draws from a part of the pool.
    pool_part: int = 1
    # How many half-years before the main one the first round of a database is.
    earlier: int = 0
    # Service records; with none, nobody is drawn among clients.
    records: int = 0
    # The list of sections to rate.
    roster: Path = ROSTER
    clients: Clients | None = field(default=None, init=False)

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
        self.calendar = Calendar(self.today)
        self.office = Office.open()
        self.ceremony = Ceremony(self.office)
        if not Section.objects.exists():
            self._load_roster()
        self.round = self._plan_round()
        self._settle(self.round, at=self._day(48, 10))
        self._bring_records()
        self._draw_people()
        self._open()
        bound = self.clients.codes.values() if self.clients else ()
        return [*self.envelopes, *(code for codes in (*self.forms, *bound) for code in codes)]

    def _load_roster(self) -> None:
        rows, at = read_rows(self.roster.read_bytes(), self.roster.name), self._day(49)
        agreed = compare_roster(rows).fingerprint
        proposed = propose_import(
            file=self.roster.name, rows=rows, correct_heads=False, agreed=agreed, by=self.office.clerk, at=at
        )
        approved(proposed, by=self.office.chief, at=at)
        self.tell(f"评议对象：{Section.objects.count()}个科室")

    def _bring_records(self) -> None:
        self.clients = Clients(self.round, self.office, self.seed) if self.records else None
        if self.clients:
            known = evaluators(self.pool_part)
            self._tell(self.clients.bring(self.records, known=known, at=self._day(48, 11)))

    def _plan_round(self) -> Round:
        return plan_round(round_=self._new_round(), by=self.office.clerk, at=self._day(48))

    def draft(self, *, at: datetime) -> Round:
        """Plan the next round, whose story would end on `today`, and leave it in preparation."""
        self.calendar, self.office = Calendar(self.today), Office.open()
        return plan_round(round_=self._new_round(), by=self.office.clerk, at=at)

    def _new_round(self) -> Round:
        key = half_year(Round.objects.values_list("key", flat=True), earlier=self.earlier)
        starts, ends = key.period
        return Round(
            key=key.text,
            name=name_of(key.text),
            period_start=starts,
            period_end=ends,
            opens_at=self._day(35, 9),
            closes_at=self._day(22, 17),
            is_demo=True,
            rulebook=self._rulebook(),
        )

    def _rulebook(self) -> dict[str, object]:
        rules, holidays = default_rulebook(), Holiday.objects.calendar()
        terms = {
            name: self.calendar.workdays(first, last, rules[name], holidays) for name, (first, last) in TERMS.items()
        }
        key = SUPERVISORS if self.is_supervised else SERVER
        clients = client_rules(self.records) if self.records else {}
        return rules | terms | clients | {"box_key": key, "office_phone": current_profile().phone or PHONE}

    def _settle(self, round_: Round, *, at: datetime) -> None:
        by_two("round.edit", round_, self.office.desk, at=at)

    def _step(self, step: Step, *, at: datetime) -> None:
        proposed = start_step(step=step, round_id=self.round.pk, by=self.office.clerk, at=at)
        approved(proposed, by=self.office.chief, at=at)
        self.round.refresh_from_db()

    def _draw_people(self) -> None:
        self._step(Step.FREEZE, at=self._day(47))
        for purpose, day in DRAW_DAYS.items():
            if purpose == DrawPurpose.CLIENTS and not self.clients:
                continue
            self.ceremony.plan(self.round, purpose, held_at=self._day(day - 1, 10), at=self._day(46))
        for kind, rows in ((PoolKind.SUPERVISORS, supervisors()), (PoolKind.EVALUATORS, evaluators(self.pool_part))):
            pk, by, at = self.round.pk, self.office.clerk, self._day(45, 10)
            lists.import_pool(round_id=pk, kind=kind, rows=list(rows), by=by, at=self._day(45))
            approved(start_announcement(round_id=pk, kind=kind, by=by, at=at), by=self.office.chief, at=at)
        for purpose in (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS):
            self._draw(purpose)
        if self.clients:
            self._draw(DrawPurpose.CLIENTS)
        self._step(Step.CONFIRM_DRAWS, at=self._day(37))

    def _draw(self, purpose: DrawPurpose) -> Draw:
        day = DRAW_DAYS[purpose]
        draw = self.ceremony.hold(self.round, purpose, committed_at=self._day(day), held_at=self._day(day - 1, 10))
        drawn = draw.entries.filter(is_selected=True).count()
        self._tell(f"{purpose.label}：从{draw.entries.count()}个中抽出{drawn}个")
        return draw

    def _open(self) -> None:
        at = self._day(37)
        self.envelopes = [
            code
            for stratum, people in drawn_by_kind(self.round)[Kind(Channel.TARGETED)].items()
            for code in self._print_codes(
                FormKind(Channel.TARGETED, Origin.ISSUED, f"定向评议信封·{stratum}", stratum), people
            )
        ]
        Random(f"envelopes/{self.seed}").shuffle(self.envelopes)  # noqa: S311  a simulation, not a draw
        self.forms = [self._print_codes(form, max(1, self.ballots // 5)) for form in PRINTED_FORMS]
        self.counters = {
            form.channel: issuing.open_self_service(round_id=self.round.pk, form=form, by=self.office.clerk, at=at)
            for form in SELF_SERVICE
        }
        bound = self.clients.issue(at=at) if self.clients else 0
        self.cards = KeyCards(self.round, self.office)
        if self.is_supervised:
            self.round.refresh_from_db()
            self.cards.make(at=at)
        self._step(Step.OPEN, at=self._day(36))
        if self.clients:
            self.clients.send(at=self.round.opens_at)
        drawn = f"（另有办事群众{bound}个，每个只评一个科室）" if bound else ""
        self._tell(
            f"票号：定向{len(self.envelopes)}个{drawn}，报纸和服务大厅{sum(map(len, self.forms))}个，其他网上领取"
        )

    def _print_codes(self, form: FormKind, count: int) -> list[str]:
        at, by = self._day(37), self.office.clerk
        _, codes = issuing.issue_batch(round_id=self.round.pk, form=form, count=count, by=by, at=at)
        return codes

    def _vote(self) -> None:
        self.round.refresh_from_db()
        self.routes = Random(f"roads/{self.seed}")  # noqa: S311  which form a vote uses; a simulation, not a draw
        channels = self._channels()
        self._cast(channels, self._opinions(channels))
        counts = "，".join(f"{channel.label}{channels.count(channel)}张" for channel in Channel)
        self._tell(f"群众投票：{len(channels)}张（{counts}）")

    def _opinions(self, channels: list[Channel]) -> Iterator[Opinion]:
        form = ballot_form_by_digest(self.round.ballot_form_sha256)
        listed = self.clients.lists() if self.clients else ()
        return opinions(form, channels, self.seed, half_year=self.round.key, listed=listed)

    def _cast(self, channels: list[Channel], given: Iterator[Opinion]) -> None:
        """Cast the votes on the citizens' pages, and record the returns on every day as the clock does."""
        moments = self._moments(len(channels))
        with _clock(moments[0] if moments else self._day(30)):
            citizen = Citizen()
        seen = moments[0].date() if moments else None
        with tqdm(total=len(channels), desc="群众投票", unit="张", leave=False) as bar:
            for moment, opinion in zip(moments, given, strict=True):
                if moment.date() != seen:
                    seen = moment.date()
                    self._pass_day(moment)
                    record_turnout(at=moment)
                with _clock(moment):
                    citizen.vote(self._code_for(opinion.channel, moment), opinion)
                bar.update()
        self._end_vote()

    def _pass_day(self, at: datetime) -> None:
        """Let the drawn clients vote as far as the vote has come."""
        if self.clients:
            with _clock(at):
                started = self.clients.pass_day(at)
            if started:
                self._tell(started)

    def _end_vote(self) -> None:
        """Let the drawn clients vote to the end, on the days that had no other votes too."""
        if not self.clients:
            return
        for hours in (TOP_UP_AFTER, self.round.closes_at - self.round.opens_at - timedelta(minutes=1)):
            self._pass_day(self.round.opens_at + hours)
        record_turnout(at=self.round.closes_at - timedelta(minutes=1))
        self._tell(self.clients.told())

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

    def _code_for(self, channel: Channel, at: datetime) -> str:
        if channel == Channel.TARGETED:
            return self.envelopes.pop()
        return self._printed(channel) or issue_open_code(batch_id=self.counters[channel].pk, at=at)

    def _printed(self, channel: Channel) -> str:
        """Return the code of a printed form, or nothing: then the citizen claims one on the web."""
        printed = [codes for codes in self.forms if codes] if channel == Channel.SAMPLED else []
        return self.routes.choice(printed).pop() if printed and self.routes.randrange(3) else ""

    def _count(self) -> None:
        counting = Counting(self.round, self.office, self.ceremony, self.calendar, seed=self.seed)
        if self.is_supervised:
            with _clock(self._day(22, 18)):
                counting.open_by_cards(self.cards, rows=self.ballots)
        else:
            counting.seal()
        if self.round.ballots.filter(channel=Channel.SAMPLED).count() > self.round.rulebook["counted_sampled_ballots"]:
            self._draw(DrawPurpose.COUNTED)
        counting.run()
        ranked = self.round.results.filter(rank__isnull=False).count()
        self._tell(f"计票：封箱{self.round.ballots.count()}张，{ranked}个科室参加排名")

    def _publish(self) -> None:
        counting = Counting(self.round, self.office, self.ceremony, self.calendar, seed=self.seed)
        counting.announce()
        self._write_problems(counting)
        if self.decides and gate_faults(self.round):
            counting.decide_to_publish()
        self.refused = gate_faults(self.round)
        if self.refused:
            return
        by_two(PUBLISH, self.round, self.office.above, at=self._day(12))
        self.round.refresh_from_db()
        self._tell(f"公示：{self.round.results.filter(is_listed=True).count()}个科室上榜")

    def _write_problems(self, counting: Counting) -> None:
        counting.write_about_greed()

    def _follow_up(self) -> None:
        self._tell(Aftermath(self.round, self.office, self.ceremony, self.calendar).run())

    def _tell(self, line: str) -> None:
        self.tell(f"{self.round.name}　{line}")

    def _day(self, before: int, hour: int = 9) -> datetime:
        return self.calendar.day(before, hour)


@contextmanager
def _clock(moment: datetime) -> Iterator[None]:
    """Set the clock to `moment` for the code inside."""
    with (
        patch("django.utils.timezone.now", return_value=moment),
        patch("nanchuan_eval.clock.queries.now", return_value=moment),
    ):
        yield
