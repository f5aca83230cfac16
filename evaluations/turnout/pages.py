"""Data of the monitoring page (回收监测): codes issued and used, never the content of ballots.

Sections likely to get too few lines are estimated from the sections that drawn evaluators have dealt with.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, OpenClaimAlert
from evaluations.codes.queries import BatchLine, batch_lines, counted_batches, return_rate
from evaluations.codes.rules.publishing import is_small
from evaluations.draws.models import Draw
from evaluations.draws.queries.committed_rounds import current_round
from evaluations.draws.services.removals import further_round_faults
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Channel
from evaluations.scoring.wording import SMALLEST_SHOWN, shown
from evaluations.turnout.models import TurnoutDay
from evaluations.turnout.queries import (
    client_draw,
    declared_sections,
    disclosed_turnout,
    drawn_evaluators,
    further_seats,
    section_returns,
)
from evaluations.turnout.rules.forecast import SectionReturns, late_warning, proposal, top_ups
from nanchuan_eval.tables.pages import Table
from nanchuan_eval.tables.rules import Column, Kind

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 44, 24
# States of a section's returns, the most urgent first.
URGENCY = SHORT, WAITING, EXHAUSTED, UNKNOWN, THIN, ENOUGH = (
    "预计收不满",
    "待发送，尚不能预计",
    "预计收不满，已全部抽取",
    "尚不能预计",
    "人数过少，不发绑定票号",
    "能收满",
)
# Once the vote is over nothing is foretold; what follows from a hidden figure is hidden with it.
MISSED, HIDDEN, REACHED = "未收满", "不单独公布", "已收满"
OUTCOMES = (MISSED, HIDDEN, THIN, REACHED)


@dataclass(frozen=True)
class Curve:
    """One origin's returns by day: points for the chart, figures for the table."""

    label: str
    points: str
    figures: list[tuple[date, int | str]]


@dataclass(frozen=True)
class ChartLine:
    """One channel: its figures, its target (0 = none), its line in the chart."""

    label: str
    returned: int | str
    issued: int | str
    target: int
    percent: int | None
    points: str


@dataclass(frozen=True)
class TurnoutChart:
    """回收进度: every channel against its target over the days of the vote; `now` = today's place."""

    lines: list[ChartLine]
    first: date
    last: date
    now: int
    level: int = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * 2 // 3


@dataclass(frozen=True)
class ThinSection:
    """A section likely to stay below the method's minimum."""

    section: RoundSection
    declared: int
    expected: int


@dataclass(frozen=True)
class ReturnsLine:
    """One section's drawn clients; `returned` is hidden like every small figure, and what follows from it with it."""

    section: str
    department: str
    of: SectionReturns
    returned: int | str
    is_over: bool = False

    @property
    def percent(self) -> int | None:
        """Returned ÷ delivered."""
        return (
            100 * self.returned // self.of.delivered if isinstance(self.returned, int) and self.of.delivered else None
        )

    @property
    def foretold(self) -> int | None:
        """The ballots foretold for the end."""
        return self.of.foretold if isinstance(self.returned, int) else None

    @property
    def state(self) -> str:
        """Whether the section will probably have enough, or has after the vote."""
        if self.of.is_thin:
            return THIN
        if self.is_over:
            is_told = isinstance(self.returned, int)
            return HIDDEN if not is_told else REACHED if self.of.returned >= self.of.needed else MISSED
        if self.of.foretold is None:
            return WAITING if self.of.waiting else UNKNOWN
        if self.foretold is None:
            return UNKNOWN
        if not self.of.lacking:
            return ENOUGH
        return EXHAUSTED if self.of.drawn >= self.of.eligible else SHORT


@dataclass(frozen=True)
class ClientReturns:
    """The returns of drawn clients by section, and what is proposed; `faults` = why no further round may be opened."""

    draw: Draw
    lines: list[ReturnsLine]
    is_open: bool
    is_over: bool
    proposal: list[str]
    warning: str
    faults: list[str]
    # Sections of the round that have no clients drawn, and people drawn for whom there is no code yet.
    left_out: list[str]
    without_code: int


@dataclass(frozen=True)
class MonitorPage:
    """Data of the monitoring page."""

    batches: list[BatchLine]
    curves: list[Curve]
    top: int
    thin: list[ThinSection] | None  # None: no declared sections, so no estimate
    needed: int
    # Other drawn channels, whose ballots count for the minimum too, of sections that nobody knows before the tally.
    besides: list[str]
    strata: list[str]
    alerts: list[OpenClaimAlert]

    @property
    def general(self) -> list[BatchLine]:
        """The batches that are bound to no section; the others stand together by section."""
        return [line for line in self.batches if not line.batch.section_id]


def monitor_page(round_: Round) -> MonitorPage:
    """Read the data of the monitoring page in a fixed number of queries."""
    batches = counted_batches(round_)
    days = _disclosed_days(round_, batches)
    drawn = drawn_evaluators(round_)
    # A chart would show what the table hides: hidden figures lie at 0.
    top = max((row.used for row in days if shown(row.used) == row.used), default=0)
    return MonitorPage(
        batches=batch_lines(batches),
        curves=_curves(days, top),
        top=top,
        thin=_thin(round_, batches, declared_sections(drawn)),
        needed=round_.rulebook["min_drawn_lines"],
        besides=[c.label for c in Channel if c != Channel.TARGETED and _is_drawn(round_, c)],
        strata=sorted({stratum for stratum, _ in drawn}),
        alerts=list(OpenClaimAlert.objects.filter(batch__round=round_).select_related("batch", "reviewed_by")),
    )


def _is_drawn(round_: Round, channel: Channel) -> bool:
    return bool(round_.rulebook["channels"].get(channel, {}).get("drawn"))


def client_returns(round_: Round, batches: Sequence[BatchLine], at: datetime) -> ClientReturns | None:
    """Return the returns of drawn clients by section, in roster order; None in a round that draws none.

    `batches` = those of the page: a section's figure is the one told there, so that the two never differ.
    """
    draw = client_draw(round_)
    if draw is None:
        return None
    figures = {line.batch.section_id: line.returned for line in batches if line.is_counted_here}
    found = {each.code: each for each in section_returns(draw, at)}
    sections = list(round_.sections.order_by("code"))
    is_over = at >= round_.closes_at
    lines = [
        ReturnsLine(each.name, each.department_name, found[each.code], figures.get(each.pk, 0), is_over)
        for each in sections
        if each.code in found
    ]
    is_open = round_.accepts(at)
    ups = list(top_ups(list(found.values()), further_seats(draw), first=current_round(draw)))
    return ClientReturns(
        draw=draw,
        lines=lines,
        is_open=is_open,
        is_over=is_over,
        proposal=proposal(list(found.values()), ups) if is_open else [],
        warning=late_warning((round_.closes_at - at).days, settings.LETTER_DAYS) if is_open else "",
        faults=further_round_faults(draw, at) if is_open else [],
        left_out=[str(each) for each in sections if each.code not in found],
        without_code=sum(each.without_code for each in found.values()),
    )


def returns_table(lines: Sequence[ReturnsLine]) -> Table[ReturnsLine]:
    """Return the sections with their returns, the most urgent first; hidden figures sort as shown."""
    is_over = any(line.is_over for line in lines)
    columns: list[Column[ReturnsLine]] = [
        Column("section", "科室", lambda row: row.section, is_head=True, width=24),
        Column("unit", "单位", lambda row: row.department, is_choice=True, is_minor=True),
        Column("drawn", "抽中", lambda row: row.of.people, Kind.NUMBER),
        Column("delivered", "送达", lambda row: row.of.delivered, Kind.NUMBER),
        Column("returned", "收回", lambda row: row.returned, Kind.NUMBER),
        Column("percent", "回收率（%）", lambda row: row.percent, Kind.NUMBER, is_minor=True),
        Column("needed", "需要", lambda row: row.of.needed, Kind.NUMBER),
    ]
    foretelling: list[Column[ReturnsLine]] = [
        Column("foretold", "预计收回", lambda row: row.foretold, Kind.NUMBER),
        Column(
            "lacking",
            "预计还差",
            lambda row: None if row.foretold is None else row.of.lacking,
            Kind.NUMBER,
            is_minor=True,
        ),
    ]
    state = Column[ReturnsLine]("state", "结果" if is_over else "预计", lambda row: row.state, is_choice=True, width=20)
    order = OUTCOMES if is_over else URGENCY
    return Table(
        name="sections",
        title="办事群众票收回情况",
        columns=[*columns, *([] if is_over else foretelling), state],
        rows=sorted(lines, key=lambda row: order.index(row.state)),
        notes=[] if is_over else ["预计数按已收回的票号推算，是估计，不是结果。"],
    )


def _disclosed_days(round_: Round, batches: Sequence[CodeBatch]) -> list[TurnoutDay]:
    """Return the daily totals, without origins of so few codes that any figure tells who has voted."""
    able = Counter[str]()
    for batch in batches:
        able[batch.origin] += batch.codes - batch.void  # type: ignore[attr-defined]  # annotated
    days = TurnoutDay.objects.filter(round=round_)
    return [row for row in days if not is_small(able[row.origin], SMALLEST_SHOWN)]


def _curves(days_: Sequence[TurnoutDay], top: int) -> list[Curve]:
    used = {(row.origin, row.day): shown(row.used) for row in days_}
    days = sorted({row.day for row in days_})
    return [
        Curve(
            label=origin.label,
            points=" ".join(_point(i, len(days), used.get((origin, day), 0), top) for i, day in enumerate(days)),
            figures=[(day, used.get((origin, day), 0)) for day in days],
        )
        for origin in Origin
        if any(row.origin == origin for row in days_)
    ]


def _point(index: int, days: int, count: int | str, top: int) -> str:
    x = LEFT + (WIDTH - LEFT - 10) * index // max(days - 1, 1)
    y = HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * (count if isinstance(count, int) else 0) // max(top, 1)
    return f"{x},{y}"


def _thin(round_: Round, batches: Sequence[CodeBatch], declared: Mapping[str, int]) -> list[ThinSection] | None:
    """Estimate lines per section: evaluators who dealt with it, and its drawn clients, each × their return rate.

    None where neither is known. A section whose clients' returns are shown is not estimated below them; a rate of its
    own would tell the returns that are hidden.
    """
    targeted = [batch for batch in batches if batch.channel == Channel.TARGETED]
    general, bound = ([each for each in targeted if bool(each.section_id) == is_bound] for is_bound in (False, True))
    if not declared and not bound:
        return None
    rate, clients_rate = return_rate(general) or 0, return_rate(bound) or 0
    clients, back = Counter[int](), Counter[int]()
    for batch in bound:
        clients[batch.section_id or 0] += batch.codes - batch.dead  # type: ignore[attr-defined]  # annotated
        back[batch.section_id or 0] += batch.used  # type: ignore[attr-defined]  # annotated
    known = {pk: used if used >= SMALLEST_SHOWN else 0 for pk, used in back.items()}
    lines = [
        ThinSection(
            s,
            declared[s.code],
            declared[s.code] * rate // 100 + max(known.get(s.pk, 0), clients[s.pk] * clients_rate // 100),
        )
        for s in round_.sections.all()
    ]
    return [line for line in lines if line.expected < round_.rulebook["min_drawn_lines"]]


def turnout_chart(round_: Round, today: date) -> TurnoutChart:
    """Return the returns of every channel against its target, day by day (4 queries).

    Figures are those of `disclosed_turnout`; a channel with a hidden figure or a hidden origin has no line.
    """
    batches = counted_batches(round_)
    origins = {(batch.origin, batch.channel) for batch in batches}
    days = _disclosed_days(round_, batches)
    drawn = {row.origin for row in days}
    first, last = (timezone.localdate(moment) for moment in (round_.opens_at, round_.closes_at))
    lines = []
    for row in disclosed_turnout(round_):
        mine = {origin for origin, channel in origins if channel == row["channel"]}
        used = _totals(days, mine) if isinstance(row["returned"], int) and mine <= drawn else {}
        target = _target(round_, str(row["channel"]), int(row["issued"]))
        lines.append(_chart_line(row, target, _points_of(used, target, first, last)))
    return TurnoutChart(lines, first, last, _across(min(max(today, first), last), first, last))


def _totals(days: Sequence[TurnoutDay], origins: Collection[str]) -> dict[date, int]:
    """Return the channel's returns by the end of each day; figures of one to four count as none."""
    totals = Counter[date]()
    for row in days:
        if row.origin in origins:
            known = shown(row.used)
            totals[row.day] += known if isinstance(known, int) else 0
    return dict(sorted(totals.items()))


def _target(round_: Round, channel: str, issued: int) -> int:
    """Return how many ballots the channel should bring; 0 where nobody has set that."""
    rules = round_.rulebook
    if channel == Channel.TARGETED:
        return issued * int(rules["extension_return_percent"]) // 100
    return int(rules["counted_sampled_ballots"]) if channel == Channel.SAMPLED else 0


def _chart_line(row: Mapping[str, int | str], target: int, points: str) -> ChartLine:
    returned = row["returned"]
    percent = 100 * returned // target if isinstance(returned, int) and target else None
    return ChartLine(str(row["label"]), returned, row["issued"], target, percent, points)


def _points_of(used: Mapping[date, int], target: int, first: date, last: date) -> str:
    if not target:
        return ""
    return " ".join(f"{_across(day, first, last)},{_up(count, target)}" for day, count in used.items())


def _across(day: date, first: date, last: date) -> int:
    return LEFT + (WIDTH - LEFT - 10) * (day - first).days // max((last - first).days, 1)


def _up(count: int, target: int) -> int:
    """Return the height of a count: the target lies at two thirds, twice the target is cut off at the top."""
    whole = HEIGHT - BOTTOM - 10
    return HEIGHT - BOTTOM - min(whole, whole * 2 * count // (3 * target))
