"""What the commission's and the liaison's pages and the workbook show, read in a constant number of queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import MeasureKind
from accountability.history.queries import RoundHistory, read_history
from accountability.history.rules.history import History
from accountability.inspections.rules import InspectionState
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import Rectification
from evaluations.publication.models import Publication
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import PUBLISHED, RoundState, Step, next_step
from evaluations.scoring.method import Channel, Indicator
from evaluations.scoring.wording import SMALLEST_SHOWN, chance, explain, shown, shown_label
from evaluations.tally.models import SectionResult, Tally, Veto
from evaluations.tally.queries.figures import Figures, read_figures

WORDS = ("没有", "轻微", "较重", "严重")
WORST = 100


@dataclass(frozen=True)
class IndicatorScore:
    """One of the five scores (0-100) with the answer it comes nearest to."""

    label: str
    value: Decimal | None
    step: int
    word: str


@dataclass(frozen=True)
class ChannelFigure:
    """What one channel says: valid lines, its score and whether the cap held it back."""

    label: str
    lines: int
    score: Decimal | None
    is_capped: bool
    # False where the score would tell another channel's hidden one: together they make the index.
    is_told: bool = True

    @property
    def shown_lines(self) -> int | str:
        """Valid lines as they may be shown: one to four are not told."""
        return shown(self.lines)

    @property
    def shown_score(self) -> Decimal | None:
        """The channel's score unless it rests on one to four ballots, or gives such a one away."""
        return None if self.is_hidden or not self.is_told else self.score

    @property
    def is_hidden(self) -> bool:
        """Whether one to four ballots speak here."""
        return 0 < self.lines < SMALLEST_SHOWN


@dataclass(frozen=True)
class Line:
    """One section of a counted round as the commission sees it."""

    result: SectionResult
    section: RoundSection
    indicators: tuple[IndicatorScore, ...]
    channels: tuple[ChannelFigure, ...]
    history: History
    veto: str
    case: Case | None
    measures: Mapping[str, Measure]
    freeze: PromotionFreeze | None
    sentence: str = ""
    without_flags: int | None = None
    recommended: int | None = None
    in_class: int | None = None

    @property
    def label(self) -> str:
        """How sure the place is, 临界 included (office and commission only)."""
        return shown_label(self.result.data)

    @property
    def chance(self) -> str:
        """The probability of belonging to the list, in tenths (office and commission only)."""
        return chance(self.result.data)

    @property
    def rectification(self) -> Rectification | None:
        """The rectification that goes with the case."""
        return getattr(self.case, "rectification", None)

    @property
    def inspections(self) -> int:
        """How many visits were approved (暗访次数)."""
        return int(getattr(self.result, "visits", 0))

    @property
    def problems(self) -> list[str]:
        """The main problems, one by one."""
        return [text.strip() for text in self.result.main_problems.replace("；", ";").split(";") if text.strip()]

    @property
    def interval(self) -> str:
        """The rank interval (位次区间)."""
        low, high = self.result.data.get("rank_low"), self.result.data.get("rank_high")
        return f"{low}—{high}" if low is not None else ""

    @property
    def unit_measures(self) -> list[Measure]:
        """The measures a unit is told of; a prompt for removal is the commission's own note."""
        return [m for m in self.measures.values() if m.kind != MeasureKind.REMOVAL_PROMPT]

    @property
    def has_hidden(self) -> bool:
        """Whether any channel's figures may not be told: then none of the arithmetic may."""
        return any(channel.is_hidden for channel in self.channels)

    @property
    def votes(self) -> int | str:
        """The vote count (得票数) as it may be shown."""
        return shown(self.result.vote_count)

    @property
    def ballots(self) -> int:
        """Valid lines over the channels that may be told: a total that holds a hidden figure would tell it."""
        return sum(channel.lines for channel in self.channels if channel.lines >= SMALLEST_SHOWN)


@dataclass(frozen=True)
class Result:
    """A counted round: the listed sections, all ranked ones and those with too few ballots (样本不足)."""

    round_: Round
    tally: Tally
    figures: Figures
    past: RoundHistory
    publication: Publication | None
    listed: list[Line]
    ranked: list[Line]
    unranked: list[Line]

    @property
    def is_published(self) -> bool:
        """Whether the list is out; before that nothing of it leaves the office and the commission."""
        return self.publication is not None

    @property
    def has_certain_places(self) -> bool:
        """Whether at least one listed place is beyond sampling error."""
        return any(line.result.label in {"明确", "一票否决"} for line in self.listed)


@dataclass(frozen=True)
class NextAct:
    """What the commission decides next about a round, and what is still missing for it."""

    name: str
    label: str
    missing: list[str]


def next_act(round_: Round, *, at: datetime) -> NextAct | None:
    """Return the publication or the archiving when it is the round's next step."""
    step = next_step(RoundState(round_.state))
    if step not in {Step.PUBLISH, Step.ARCHIVE}:
        return None
    open_cases = Case.objects.of_round(round_.pk).open().count() if step == Step.ARCHIVE else 0
    return NextAct(step.value, step.label, missing_for(round_, step, at, open_cases=open_cases))


def read_result(round_: Round) -> Result:
    """Return everything about a counted round (10 queries, whatever the number of sections)."""
    past = read_history(round_)
    told = past.histories()
    tally = round_.tally
    figures = read_figures(round_, tally)
    results = list(_results(SectionResult.objects.filter(round=round_)))
    in_class = _places_in_class(results)
    lines = [
        replace(
            _line(result, told.get(result.section.code, History()), figures),
            sentence=explain(result.data, round_.rulebook),
            without_flags=tally.without_flags.get(result.section.code, [None])[0],
            recommended=figures.recommended.get(result.section.code),
            in_class=in_class.get(result.pk),
        )
        for result in results
    ]
    return Result(
        round_=round_,
        tally=tally,
        figures=figures,
        past=past,
        publication=round_.publications.select_related("approved_by").order_by("-version").first(),
        listed=[line for line in lines if line.result.is_listed],
        ranked=[line for line in lines if line.result.rank is not None],
        unranked=[line for line in lines if line.result.rank is None],
    )


def read_unit(unit_code: str) -> list[tuple[Round, list[Line]]]:
    """Return a unit's own sections, newest round first; other units' never (6 queries).

    Published rounds, and the preliminary result (初步结果) of a round whose objections may still be made.
    """
    told = (RoundState.REVIEW, *PUBLISHED)
    results = SectionResult.objects.filter(round__state__in=told, section__department_code=unit_code)
    by_round: dict[Round, list[Line]] = {}
    for result in _results(results.select_related("round").order_by("-round__period_start", "rank", "section__code")):
        sentence = explain(result.data, result.round.rulebook, inside=False)
        by_round.setdefault(result.round, []).append(replace(_line(result, History(), None), sentence=sentence))
    return list(by_round.items())


def _results(results: QuerySet[SectionResult]) -> QuerySet[SectionResult]:
    visits = Count("section__inspections", filter=Q(section__inspections__state=InspectionState.APPROVED))
    related = results.select_related("section__veto", "case__rectification")
    return related.prefetch_related("case__measures", "case__freezes").annotate(visits=visits)


def _places_in_class(results: Iterable[SectionResult]) -> dict[int, int]:
    """Return each ranked section's place among those of its kind of service (服务类型)."""
    kinds: dict[str, list[SectionResult]] = {}
    for result in results:
        if result.rank is not None:
            kinds.setdefault(result.section.service_kind, []).append(result)
    return {
        result.pk: 1 + sum((other.rank or 0) < (result.rank or 0) for other in group)
        for group in kinds.values()
        for result in group
    }


def _line(
    result: SectionResult,
    past: History,
    figures: Figures | None,
) -> Line:
    case: Case | None = getattr(result, "case", None)
    veto: Veto | None = getattr(result.section, "veto", None)
    return Line(
        result=result,
        section=result.section,
        indicators=tuple(_indicator(i, result.data["indicators"]) for i in Indicator),
        channels=_told([_channel(c, result, figures) for c in Channel]),
        history=past,
        veto=veto.decision if veto else "",
        case=case,
        measures={measure.kind: measure for measure in case.measures.all()} if case else {},
        freeze=_freeze(case),
    )


def _indicator(indicator: Indicator, scores: Mapping[str, Any]) -> IndicatorScore:
    text = scores.get(indicator.value)
    if text is None:
        return IndicatorScore(indicator.label, None, 0, "无作答")
    value = Decimal(text)
    step = min(3, int(value * 3 / WORST + Decimal("0.5")))
    return IndicatorScore(indicator.label, value, step, WORDS[step])


def _channel(channel: Channel, result: SectionResult, figures: Figures | None) -> ChannelFigure:
    return ChannelFigure(
        label=channel.label,
        lines=result.data["lines"].get(channel.value, 0),
        score=figures.channel_score(result.section.code, channel) if figures else None,
        is_capped=channel.value in result.data.get("capped", []),
    )


def _told(channels: list[ChannelFigure]) -> tuple[ChannelFigure, ...]:
    """Hide a second score beside a single hidden one: the index and the others would give it away."""
    shown_ones = [channel for channel in channels if channel.lines and not channel.is_hidden]
    if sum(channel.is_hidden for channel in channels) != 1 or not shown_ones:
        return tuple(channels)
    smallest = min(shown_ones, key=lambda channel: channel.lines)
    return tuple(replace(channel, is_told=channel is not smallest) for channel in channels)


def _freeze(case: Case | None) -> PromotionFreeze | None:
    """Return the freeze that stands, or else the last lifted one."""
    freezes = case.freezes.all() if case else []
    return min(freezes, key=lambda freeze: freeze.lifted_on is not None, default=None)
