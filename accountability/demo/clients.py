"""The draw among clients (抽取办事群众) in a round's story: records, codes bound to a section, votes, one top-up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from random import Random
from typing import Any

from django.test.utils import override_settings

from accountability.demo.booth import cast
from accountability.demo.by_two import by_two
from accountability.demo.calendar import HalfYear
from accountability.demo.messages import send_messages
from accountability.demo.opinions import Opinion, characters, opinions_of_clients
from accountability.demo.people import Office
from accountability.demo.records import HEADER, Rated, Record, Records
from departments.models import Department, Section
from evaluations.ballot_form.queries import ballot_form_by_digest
from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.rules import Delivery
from evaluations.draws.services.removals import further_round_faults
from evaluations.messages.rules.gateway import FILE
from evaluations.messages.services.making import deliver_new
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose
from evaluations.service_records.models import RecordBatch
from evaluations.service_records.queries.frame import eligible_people
from evaluations.service_records.queries.prelist import prelists
from evaluations.service_records.services.importing import import_records
from evaluations.service_records.services.stated import state_count
from evaluations.turnout.queries import section_returns
from nanchuan_eval.spreadsheets import Row

SHEET = "办件清单"
SITE = "http://127.0.0.1:8000"
# With so many records a section there are the letters of the rulebook; with fewer, everything is smaller.
FULL, LETTERS, LEAST, BATCH_MIN, SMALLEST = 571, 110, 40, 20, 5
# Shares of the drawn who answer; a few sections' clients answer so rarely that a top-up is needed.
ANSWERING, USUAL, RARE = 0.4, (0.43, 0.50), (0.31, 0.35)
EVERY = 6
# The top-up is decided so many days after the vote has opened.
TOP_UP_AFTER, LAST_HOUR = timedelta(days=7), timedelta(hours=1)
# Units state their own counts of so many days; one of them states some records that were not delivered.
STATED_DAYS, WITHHELD = 3, 3


def client_rules(records: int) -> dict[str, object]:
    """Return the rules of a round with a draw among clients, in proportion to its records a section."""
    each = records / Section.objects.active().count()

    def part(full: int, least: int) -> int:
        return max(least, min(full, ceil(full * each / FULL)))

    return {
        "client_draw": True,
        "client_letters": part(LETTERS, SMALLEST),
        "client_least": part(LEAST, 2),
        "client_batch_min": part(BATCH_MIN, SMALLEST),
    }


@dataclass
class Clients:
    """The clients of one round and what becomes of the codes they were sent."""

    round: Round
    office: Office
    seed: int
    codes: dict[str, list[str]] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)
    _voted: dict[str, int] = field(default_factory=dict)
    _opinions: dict[str, Iterator[Opinion]] = field(default_factory=dict)
    _rates: dict[str, float] = field(default_factory=dict)
    _is_topped_up: bool = False

    def bring(self, count: int, *, known: Iterator[Row], at: datetime) -> str:
        """Import the records of the half-year and of the one before it; units state some days' counts."""
        sections = [Rated(*row) for row in self._rated()]
        people = [(cells[1], cells[3]) for row in known if (cells := row.cells)[1] != "姓名"]
        year, half = self.round.key.split("H")
        before = HalfYear(int(year), int(half)).later(-1).period
        period = (self.round.period_start, self.round.period_end)
        records = Records(sections, period, before, self.seed, people).rows(count)
        import_records(rows=_rows(records), by=self.office.clerk, at=at, period=(before[0], period[1]))
        self._state_counts(at=at)
        eligible = eligible_people(self.round)
        few = sum(people < self.round.rulebook["client_batch_min"] for people in eligible.values())
        drawn = f"，{few}个科室办事群众太少，不抽" if few else ""
        return f"办件：导入{count}件，本期可抽{sum(eligible.values())}人次{drawn}"

    def issue(self, *, at: datetime) -> int:
        """Make the codes of drawn clients, each bound to its section, and their messages; return how many codes."""
        with override_settings(MESSAGE_GATEWAY=FILE):
            made = deliver_new(
                round_id=self.round.pk, site=SITE, by=self.office.clerk, at=at, purposes=[DrawPurpose.CLIENTS]
            )
        return made.codes

    def send(self, *, at: datetime) -> int:
        """Send the messages that wait, during the vote; the codes in them are those that clients vote with."""
        arrived = send_messages(self.round, by=self.office.clerk, at=at)
        for code, codes in arrived.items():
            self.codes.setdefault(code, []).extend(codes)
            self._sent[code] = self._sent.get(code, 0) + len(codes)
        return sum(map(len, arrived.values()))

    def lists(self) -> list[list[str]]:
        """Return the sections listed first for each general evaluator, who are in an order of the story's own."""
        drawn = DrawEntry.objects.filter(draw__round=self.round, draw__purpose=DrawPurpose.EVALUATORS, is_selected=True)
        people = [entry.person for entry in drawn.select_related("person").order_by("stratum", "place") if entry.person]
        Random(f"lists/{self.seed}").shuffle(people)  # noqa: S311  a simulation, not a draw
        found = prelists(self.round, people)
        return [found.get(person.pk, []) for person in people]

    def pass_day(self, at: datetime) -> str:
        """Let clients vote up to a moment of the vote; when the top-up is due, start it. Return what was started."""
        started = ""
        opens, closes = self.round.opens_at, self.round.closes_at
        if not self._is_topped_up and at >= opens + TOP_UP_AFTER:
            self._is_topped_up = True
            self._vote(TOP_UP_AFTER / (closes - opens), at=at)
            started = self._top_up(at=at)
        self._vote(1 if closes - at < LAST_HOUR else (at - opens) / (closes - opens), at=at)
        return started

    def voted(self, code: str) -> int:
        """Return how many of a section's drawn clients have voted."""
        return self._voted.get(code, 0)

    def told(self) -> str:
        """Return how many answered, and whether that is enough where there are people enough."""
        sent, voted = sum(self._sent.values()), sum(self._voted.values())
        enough = ceil(self.round.rulebook["client_least"] / ANSWERING)
        sections = section_returns(self._draw(), self.round.closes_at)
        many = [each for each in sections if each.eligible >= enough]
        reached = sum(each.returned >= each.needed for each in many)
        needed = max((each.needed for each in many), default=0)
        return (
            f"办事群众：发出{sent}张，收回{voted}张（{100 * voted // max(1, sent)}%）；"
            f"可抽{enough}人以上的{len(many)}个科室中，{reached}个收满{needed}张"
        )

    def _draw(self) -> Draw:
        return Draw.objects.standing().get(round=self.round, purpose=DrawPurpose.CLIENTS)

    def _rated(self) -> Iterator[tuple[str, str, str]]:
        rows = Section.objects.active().select_related("department").order_by("code")
        yield from rows.values_list("code", "name", "department__name")

    def _state_counts(self, *, at: datetime) -> None:
        """State what was delivered of the last days; the first unit states a few more on one of them."""
        last = sorted(set(RecordBatch.objects.values_list("day", flat=True)))[-STATED_DAYS:]
        delivered: dict[tuple[int, date], int] = {}
        batches = RecordBatch.objects.filter(day__in=last).values_list("unit_id", "day", "records")
        for unit_id, day, records in batches:
            delivered[unit_id, day] = delivered.get((unit_id, day), 0) + records
        units = Department.objects.in_bulk({unit_id for unit_id, _ in delivered})
        first = min(delivered)
        # The demonstration's half-year is long over; an office states counts of the last years only.
        with override_settings(RECORD_DAYS_BACK=(at.date() - self.round.period_start).days):
            for (unit_id, day), records in sorted(delivered.items()):
                stated = records + WITHHELD * ((unit_id, day) == first)
                state_count(unit=units[unit_id], day=day, records=stated, by=self.office.clerk, at=at)

    def _vote(self, part: float, *, at: datetime) -> None:
        """Bring each section's returns to this part of what it will have at the end."""
        form = ballot_form_by_digest(self.round.ballot_form_sha256)
        if not self._opinions:
            self._meet(form)
        for code, sent in self._sent.items():
            wanted = ceil(self._rates[code] * sent) if part == 1 else int(self._rates[code] * sent * part)
            for _ in range(wanted - self.voted(code)):
                cast(form, self.codes[code].pop(), next(self._opinions[code]), at=at)
                self._voted[code] = self.voted(code) + 1

    def _meet(self, form: Any) -> None:
        """Decide how the clients of each section answer: rarely only where there are more of them to be drawn."""
        rng = Random(f"returns/{self.seed}")  # noqa: S311  a simulation, not a draw
        world = characters(form, self.seed, self.round.key)
        people = eligible_people(self.round)
        for number, code in enumerate(sorted(self._sent)):
            has_more = people[code] >= 2 * self._sent[code]
            self._rates[code] = rng.uniform(*(RARE if has_more and number % EVERY == 0 else USUAL))
            half_year = self.round.key
            self._opinions[code] = opinions_of_clients(form, world, code, self.seed, half_year=half_year)
            rng.shuffle(self.codes[code])

    def _top_up(self, *, at: datetime) -> str:
        if further_round_faults(self._draw(), at):
            return ""  # every section will have enough
        with override_settings(MESSAGE_GATEWAY=FILE):
            by_two("draw.next_round", self._draw(), self.office.desk, at=at, way=Delivery.SMS.value, site=SITE)
        more = self.send(at=at + timedelta(hours=1))
        return f"追加抽取办事群众：多抽{more}人，短信随即发出"


def _rows(records: Iterator[Record]) -> Iterator[Row]:
    yield Row(SHEET, 1, HEADER)
    for number, record in enumerate(records, start=2):
        yield Row(SHEET, number, tuple(record.values()))
