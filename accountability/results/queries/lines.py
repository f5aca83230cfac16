"""One section of a counted round as pages and workbook show it, small figures suppressed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from accountability.cases.models import Case, Measure
from accountability.cases.rules.measures import MeasureKind
from accountability.history.rules.history import History
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.rectifications.models import Rectification
from evaluations.rounds.models import RoundSection
from evaluations.scoring.method import Channel, Indicator
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import SMALLEST_SHOWN, chance, fewest_lines, shown, shown_label
from evaluations.tally.models import SectionResult, Veto
from evaluations.tally.queries.figures import Figures

WORST = 100


@dataclass(frozen=True)
class IndicatorScore:
    """One of the five scores (0-100) with the nearest answer."""

    label: str
    value: Decimal | None
    step: int
    word: str


@dataclass(frozen=True)
class ChannelFigure:
    """One channel's valid lines and score; `is_capped` if the cap limited its deviation, `is_counted` if they count."""

    label: str
    lines: int
    score: Decimal | None
    is_capped: bool
    is_counted: bool
    # True if the score, together with the index, would reveal another channel's hidden score.
    is_suppressed: bool = False

    @property
    def shown_lines(self) -> int | str:
        """Valid lines as shown; one to four are hidden."""
        return shown(self.lines)

    @property
    def shown_score(self) -> Decimal | None:
        """The channel's score; None if it rests on one to four ballots or would reveal such a score."""
        return None if self.is_hidden or self.is_suppressed else self.score

    @property
    def is_hidden(self) -> bool:
        """True if the score rests on one to four ballots."""
        return self.is_counted and self.lines < SMALLEST_SHOWN


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
    change: str = ""
    without_flags: int | None = None
    recommended: int | None = None
    in_class: int | None = None
    # For its unit, of a section not listed: the 表象 ticked often enough; None where they are not told.
    signs: tuple[str, ...] | None = None

    @property
    def has_scores(self) -> bool:
        """True if the section's scores may be shown."""
        return has_scores(self.result)

    @property
    def index(self) -> Decimal | None:
        """The index (难办指数) of a ranked section; None for any other, vetoed or not."""
        return self.result.difficulty if self.has_scores else None

    @property
    def label(self) -> str:
        """Certainty of the place, including 临界 (office and commission only)."""
        return shown_label(self.result.data)

    @property
    def chance(self) -> str:
        """The probability of belonging to the list, in tenths (office and commission only)."""
        return chance(self.result.data)

    @property
    def withdrawal(self) -> str:
        """When the section was taken off the list, if it was."""
        return withdrawal(self.result)

    @property
    def rectification(self) -> Rectification | None:
        """The rectification of the case, if any."""
        return getattr(self.case, "rectification", None)

    @property
    def inspections(self) -> int:
        """Number of approved visits (暗访次数)."""
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
        """The measures shown to the unit; a removal prompt is internal to the commission."""
        return [m for m in self.measures.values() if m.kind != MeasureKind.REMOVAL_PROMPT]

    @property
    def has_hidden(self) -> bool:
        """True if any channel's figures are hidden; the calculation is then hidden too."""
        return any(channel.is_hidden for channel in self.channels)

    @property
    def votes(self) -> int | str:
        """The vote count (得票数), hidden if small."""
        return shown(self.result.vote_count)

    @property
    def ballots(self) -> int:
        """Valid lines of the channels that count and are not hidden; a full total would reveal a hidden figure."""
        return sum(channel.lines for channel in self.channels if channel.is_counted and not channel.is_hidden)

    @property
    def shown_ballots(self) -> int | str:
        """The total as tables show it: none if every channel with ballots is left out, for 0 would be wrong."""
        return self.ballots or ("—" if any(channel.lines for channel in self.channels) else 0)


def withdrawal(result: SectionResult) -> str:
    """Return when a section was taken off the list; one without a case was never published."""
    if not result.is_withdrawn:
        return ""
    return "更正后撤下" if hasattr(result, "case") else "公示前撤下"


def has_scores(result: SectionResult) -> bool:
    """True if a section is ranked; of any other one, vetoed or not, nothing but counts is shown."""
    return result.rank is not None and result.difficulty is not None


def read_line(
    result: SectionResult,
    past: History,
    figures: Figures | None,
    rulebook: Mapping[str, Any],
) -> Line:
    case: Case | None = getattr(result, "case", None)
    veto: Veto | None = getattr(result.section, "veto", None)
    least, asked = fewest_lines(rulebook), questionnaire_of(rulebook)
    return Line(
        result=result,
        section=result.section,
        indicators=tuple(
            indicator_score(i, result.data["indicators"] if has_scores(result) else {}, asked, rulebook["levels"])
            for i in Indicator
        ),
        channels=_suppress([_channel(c, result, figures if has_scores(result) else None, least) for c in Channel]),
        history=past,
        veto=veto.decision if veto and veto.annulled_at is None else "",
        case=case,
        measures={measure.kind: measure for measure in case.measures.all()} if case else {},
        freeze=_freeze(case),
    )


def indicator_score(
    indicator: Indicator, scores: Mapping[str, Any], asked: Questionnaire, levels: int
) -> IndicatorScore:
    """Return a score with the nearest answer on the round's own scale of 0 to `levels`."""
    text = scores.get(indicator.value)
    if text is None:
        return IndicatorScore(asked.names[indicator], None, 0, "无得分" if indicator.value in scores else "")
    value = Decimal(text)
    step = min(levels, int(value * levels / WORST + Decimal("0.5")))
    return IndicatorScore(asked.names[indicator], value, step, asked.answers(levels)[str(step)])


def _channel(channel: Channel, result: SectionResult, figures: Figures | None, least: int) -> ChannelFigure:
    lines = result.data["lines"].get(channel.value, 0)
    return ChannelFigure(
        label=channel.label,
        lines=lines,
        score=figures.channel_score(result.section.code, channel) if figures else None,
        is_capped=channel.value in result.data.get("capped", []),
        is_counted=lines >= least,
    )


def _suppress(channels: list[ChannelFigure]) -> tuple[ChannelFigure, ...]:
    """Suppress a second score beside a single hidden one, which the index would otherwise reveal."""
    shown_ones = [channel for channel in channels if channel.lines and not channel.is_hidden]
    if sum(channel.is_hidden for channel in channels) != 1 or not shown_ones:
        return tuple(channels)
    smallest = min(shown_ones, key=lambda channel: channel.lines)
    return tuple(replace(channel, is_suppressed=channel is smallest) for channel in channels)


def _freeze(case: Case | None) -> PromotionFreeze | None:
    """Return the case's latest freeze: any before it was revoked."""
    freezes = case.freezes.all() if case else []
    return max(freezes, key=lambda freeze: freeze.pk, default=None)
