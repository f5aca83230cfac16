"""Change of the sections between consecutive rounds (method-2.md 5), from the published figures of both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.utils import timezone

from accountability.history.queries import earlier_rounds
from departments.models import ChangeKind
from departments.reforms.queries import reform_steps
from departments.reforms.rules.lineage import Roster, Step, reshaped_sections
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.rounds.rules.settings import SETTINGS
from evaluations.scoring.nc2.cells_file import parse_cells
from evaluations.scoring.nc2.change import (
    FEWEST_PAIRS,
    FEWEST_SECTIONS,
    GROUP,
    Counted,
    SectionChange,
    around_cut,
    compare,
    different_settings,
    gap_at_cut,
    two_decimals,
)
from evaluations.scoring.nc2.method import parse_method_two
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.tally.models import Tally

LABELS = {setting.path: setting.label for setting in SETTINGS} | {
    "levels": "评价等级",
    "indicator_weights": "指标权重",
    "channels": "渠道权重",
}
NO_ROUND_BEFORE = "本轮之前没有已公示的轮次，不作比较。"


@dataclass(frozen=True)
class RoundChange:
    """A round beside the published one before it; `left_out` = why a section is not compared.

    Without `sections`, `reason` says why the rounds cannot be compared at all.
    """

    before: Round | None
    reason: str = ""
    sections: Mapping[str, SectionChange] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    gap: tuple[Fraction, Fraction] | None = None

    def of(self, code: str) -> str:
        """Return what is said of a section: its change, or why there is none to be told."""
        row = self.sections.get(code)
        return sentence(row) if row else self.reason or self.left_out[code]


def sentence(row: SectionChange) -> str:
    """Return a section's change in words."""
    return (
        f"若没有变化，按上期结果推算本期约为{two_places(row.expected)}，实际为{two_places(row.actual)}，"
        f"{row.label}（误差±{two_decimals(row.width)}，只计抽样误差；与全体科室中位数相比）。"
    )


def two_places(value: Fraction) -> Decimal:
    """Return a figure as it is shown."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def read_changes(round_: Round) -> list[RoundChange]:
    """Compare every round up to a counted one with the published one before it, oldest first (3 queries)."""
    rounds = [*earlier_rounds(round_), round_]
    return _read([*zip([None, *rounds], rounds, strict=False)])


def read_published_changes(rounds: Iterable[Round]) -> dict[Round, RoundChange]:
    """Compare those of the rounds that are published with the published ones before them (3 queries)."""
    wanted = set(rounds)
    before: dict[bool, Round] = {}
    pairs = []
    for round_ in Round.objects.filter(state__in=PUBLISHED).order_by("period_start", "pk"):
        if round_ in wanted:
            pairs.append((before.get(round_.is_demo), round_))
        before[round_.is_demo] = round_
    return {now: change for (_, now), change in zip(pairs, _read(pairs), strict=True)}


def cut_in_words(changes: Iterable[RoundChange], round_: Round) -> str:
    """Return whether sections just above the cut improved more than those just below, over all pairs of rounds."""
    around = around_cut([change.gap for change in changes if change.gap], Fraction(str(round_.rulebook["z"])))
    if around.effect is None or around.width is None:
        return f"{around.label}：目前有{around.pairs}对前后两轮可以比较，满{FEWEST_PAIRS}对后才作判断。"
    more = "多" if around.effect >= 0 else "少"
    return (
        f"{around.label}：{around.pairs}对前后两轮中，榜上最后{GROUP}位比榜外最前{GROUP}位平均{more}改进"
        f"{two_places(abs(around.effect))}分（误差±{two_decimals(around.width)}）。只说明位次在公布名额附近的科室。"
    )


def _read(pairs: Sequence[tuple[Round | None, Round]]) -> list[RoundChange]:
    """Compare rounds by their newest counts (2 queries)."""
    rounds = {round_ for pair in pairs for round_ in pair if round_}
    tallies = Tally.objects.filter(round__in=rounds).order_by("version").defer("result", "without_flags")
    newest = {tally.round_id: tally for tally in tallies}
    counted = {number: _counted(tally) for number, tally in newest.items() if tally.cells}
    steps = reform_steps()
    return [_compare(before, now, counted, steps) for before, now in pairs]


def _counted(tally: Tally) -> Counted:
    method, digest = parse_method_two(json.loads(tally.rulebook)), tally.rulebook_sha256
    return Counted(method, parse_cells(json.loads(tally.cells), method, digest), digest)


def _compare(before: Round | None, now: Round, counted: Mapping[int, Counted], steps: Sequence[Step]) -> RoundChange:
    if before is None:
        return RoundChange(None, NO_ROUND_BEFORE)
    old, new = counted.get(before.pk), counted.get(now.pk)
    if old is None or new is None:
        of_one = now if new is None else before
        return RoundChange(before, f"{of_one.name}按计分方法NC-1计票，两轮的难办指数不能比较。")
    if different := different_settings(old, new):
        names = "、".join(LABELS[key] for key in different)
        return RoundChange(before, f"本轮与{before.name}的计分规则不同（{names}），两轮的难办指数不能比较。")
    if questionnaire_of(before.rulebook) != questionnaire_of(now.rulebook):
        return RoundChange(before, f"本轮与{before.name}的指标或者程度用语不同，两轮的难办指数不能比较。")
    reshaped = reshaped_sections(_roster(before, old), _roster(now, new), steps)
    change = compare(old, new, reshaped)
    if change.medians is None:
        few = f"本轮与{before.name}都参加排名的科室只有{change.compared}个，不足{FEWEST_SECTIONS}个，不作比较。"
        return RoundChange(before, few)
    rest = [code for code in new.method.sections if code not in change.sections]
    return RoundChange(
        before,
        sections=change.sections,
        left_out={code: _why_left_out(code, old, new, reshaped) for code in rest},
        gap=gap_at_cut(old.method, old.standings, change),
    )


def _roster(round_: Round, counted: Counted) -> Roster:
    return Roster(frozenset(counted.method.sections), timezone.localtime(round_.opens_at).date())


def _why_left_out(code: str, old: Counted, new: Counted, reshaped: Mapping[str, str]) -> str:
    if code in reshaped:
        return f"上一轮以来科室有{ChangeKind(reshaped[code]).label}，不是原来的评议对象，不作比较。"
    if code not in old.standings:
        return "上一轮没有参评，不作比较。"
    which = "本轮" if not new.standings[code].score.has_enough else "上一轮"
    return f"{which}样本不足，不作比较。"
