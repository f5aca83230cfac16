"""History of sections over earlier rounds, through reforms (沿革) and imported lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from accountability.history.models import EarlierListing
from accountability.history.rules.history import Appearance, History, history
from departments.models import SectionChange
from departments.reforms.rules.lineage import earlier_sections
from evaluations.publication.models import PublicationDecision
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.tally.models import SectionResult


@dataclass(frozen=True)
class Placement:
    """Placement of a section or its predecessor in one round; rank is None if unknown or unranked.

    `is_by_decision` = too few sections were ranked, the list was published by decision all the same.
    """

    name: str
    starts_on: date
    code: str
    rank: int | None
    is_listed: bool
    label: str = ""
    key: str = ""
    is_by_decision: bool = False
    is_imported: bool = False


@dataclass(frozen=True)
class RoundHistory:
    """Placements of all sections up to and including one round, and the reforms in between."""

    round_: Round
    placements: Sequence[Placement]
    changes: Sequence[tuple[str, str]]

    def histories(self) -> dict[str, History]:
        """Return the history of every section that takes part in the round."""
        orders = _orders(self.placements, self.round_)
        by_code: dict[str, list[Placement]] = {}
        for placement in self.placements:
            by_code.setdefault(placement.code, []).append(placement)
        top = int(self.round_.rulebook["repeat_top"])
        now = orders[self.round_.period_start, self.round_.key]
        return {
            code: history(
                [
                    Appearance(
                        order=orders[placement.starts_on, placement.key],
                        rank=placement.rank,
                        is_listed=placement.is_listed,
                        label=placement.label,
                        is_by_decision=placement.is_by_decision,
                    )
                    for known in self._known_as(code)
                    for placement in by_code.get(known, [])
                    if self._is_its_own(placement, code)
                ],
                now=now,
                top=top,
            )
            for code in {placement.code for placement in self.placements if placement.key == self.round_.key}
        }

    def trend(self, code: str) -> list[Placement]:
        """Return one placement per round, oldest first; of merged predecessors, the one rated hardest."""
        known = self._known_as(code)
        placements = [
            placement for placement in self.placements if placement.code in known and self._is_its_own(placement, code)
        ]
        hardest: dict[str, Placement] = {}
        for placement in sorted(placements, key=lambda placement: (placement.rank is None, placement.rank or 0)):
            hardest.setdefault(placement.key, placement)
        return sorted(hardest.values(), key=lambda placement: (placement.starts_on, placement.key))

    def _known_as(self, code: str) -> set[str]:
        return {code, *earlier_sections(code, self.changes)}

    def _is_its_own(self, placement: Placement, code: str) -> bool:
        return placement.code == code or placement.key != self.round_.key


def read_history(round_: Round) -> RoundHistory:
    """Return the history up to and including a counted round (3 queries)."""
    placements = [*_counted_placements(round_), *_imported_placements(round_)]
    return RoundHistory(round_, placements, list(SectionChange.objects.values_list("earlier__code", "later__code")))


def histories(round_: Round) -> dict[str, History]:
    """Return the history of every section of a counted round, up to and including it (3 queries)."""
    return read_history(round_).histories()


def earlier_rounds(round_: Round) -> QuerySet[Round]:
    """Return the published rounds before this one, oldest first; demo rounds count for demo rounds only."""
    before = Q(period_start__lt=round_.period_start) | Q(period_start=round_.period_start, pk__lt=round_.pk)
    return Round.objects.filter(before, state__in=PUBLISHED, is_demo=round_.is_demo).order_by("period_start", "pk")


def _orders(placements: Sequence[Placement], round_: Round) -> dict[tuple[date, str], int]:
    rounds = {(placement.starts_on, placement.key) for placement in placements} | {(round_.period_start, round_.key)}
    # This round comes last among those that start on the same day.
    ordered = sorted(rounds, key=lambda each: (each[0], each[1] == round_.key, each[1]))
    return {each: order for order, each in enumerate(ordered)}


def _counted_placements(round_: Round) -> list[Placement]:
    rounds = Q(round=round_) | Q(round__in=earlier_rounds(round_).order_by().values("pk"))
    decisions = PublicationDecision.objects.filter(tally__round=OuterRef("round"))
    rows = SectionResult.objects.filter(rounds).annotate(is_by_decision=Exists(decisions)).order_by()
    of_round = ("round__key", "is_by_decision")
    fields = ("round__name", "round__period_start", "section__code", "rank", "is_listed", "label", *of_round)
    return [Placement(*row) for row in rows.values_list(*fields)]


def _imported_placements(round_: Round) -> list[Placement]:
    """Return placements from imported lists; a demo round has none."""
    if round_.is_demo:
        return []
    rows = EarlierListing.objects.filter(round__period_start__lt=round_.period_start, section__isnull=False)
    fields = ("round__name", "round__period_start", "section__code", "rank", "round__key")
    return [
        Placement(name, starts_on, code, rank, is_listed=True, key=key, is_imported=True)
        for name, starts_on, code, rank, key in rows.order_by().values_list(*fields)
    ]
