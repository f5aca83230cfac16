"""History of sections over earlier rounds, through reforms (沿革) and imported lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accountability.history.models import EarlierListing
from accountability.history.rules.earlier_lists import period_end
from accountability.history.rules.history import Appearance, Held, History, hardness, history
from departments.models import SectionChange
from departments.reforms.rules.lineage import earlier_sections
from evaluations.publication.models import Publication, PublicationDecision
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import PUBLISHED
from evaluations.tally.models import SectionResult


@dataclass(frozen=True)
class Placement:
    """Placement of a section or its predecessor in one round; rank is None if unknown or unranked.

    `is_by_decision` = too few sections were ranked, the list was published by decision all the same. An imported
    listing whose section is not known has no code.
    """

    name: str
    held: Held
    code: str | None
    rank: int | None
    is_listed: bool
    label: str = ""
    key: str = ""
    is_by_decision: bool = False
    head: str = ""
    is_imported: bool = False

    @property
    def starts_on(self) -> date:
        """The first day of the round's period."""
        return self.held.starts_on

    def appearance(self, order: int) -> Appearance:
        """Return the placement in the round of that number."""
        return Appearance(order, self.rank, self.is_listed, self.label, self.is_by_decision, self.head)


@dataclass(frozen=True)
class RoundHistory:
    """Placements of all sections up to and including one round, and the reforms in between."""

    round_: Round
    placements: Sequence[Placement]
    changes: Sequence[tuple[str, str]]

    def histories(self) -> dict[str, History]:
        """Return the history of every section that takes part in the round."""
        orders, held = _orders(self.placements, self.round_)
        by_code: dict[str | None, list[Placement]] = {}
        for placement in self.placements:
            by_code.setdefault(placement.code, []).append(placement)
        top = int(self.round_.rulebook["repeat_top"])
        now = orders[self.round_.period_start, self.round_.key]
        return {
            code: history(
                [
                    placement.appearance(orders[placement.starts_on, placement.key])
                    for known in self._known_as(code)
                    for placement in by_code.get(known, [])
                    if self._is_its_own(placement, code)
                ],
                held=held,
                now=now,
                top=top,
            )
            for code in {p.code for p in self.placements if p.key == self.round_.key and p.code}
        }

    def trend(self, code: str) -> list[Placement]:
        """Return one placement per round, oldest first; of merged predecessors, the one rated hardest."""
        known = self._known_as(code)
        placements = [
            placement for placement in self.placements if placement.code in known and self._is_its_own(placement, code)
        ]
        hardest: dict[str, Placement] = {}
        for placement in sorted(placements, key=lambda placement: hardness(placement.appearance(0))):
            hardest.setdefault(placement.key, placement)
        return sorted(hardest.values(), key=lambda placement: (placement.starts_on, placement.key))

    def _known_as(self, code: str) -> set[str]:
        return {code, *earlier_sections(code, self.changes)}

    def _is_its_own(self, placement: Placement, code: str) -> bool:
        return placement.code == code or placement.key != self.round_.key


def read_history(round_: Round, on: date | None = None) -> RoundHistory:
    """Return the history up to and including a counted round (3 queries).

    `on` = the day of its publication if it is not published yet, by default today.
    """
    placements = [*_counted_placements(round_, on or timezone.localdate()), *_imported_placements(round_)]
    return RoundHistory(round_, placements, list(SectionChange.objects.values_list("earlier__code", "later__code")))


def histories(round_: Round, on: date | None = None) -> dict[str, History]:
    """Return the history of every section of a counted round, up to and including it (3 queries)."""
    return read_history(round_, on).histories()


def earlier_rounds(round_: Round) -> QuerySet[Round]:
    """Return the published rounds before this one, oldest first; demo rounds count for demo rounds only."""
    before = Q(period_start__lt=round_.period_start) | Q(period_start=round_.period_start, pk__lt=round_.pk)
    return Round.objects.filter(before, state__in=PUBLISHED, is_demo=round_.is_demo).order_by("period_start", "pk")


def _orders(placements: Sequence[Placement], round_: Round) -> tuple[dict[tuple[date, str], int], list[Held]]:
    """Return the number of every round, and the rounds in that order."""
    rounds = {(round_.period_start, round_.key): Held(round_.period_start, round_.period_end)}
    rounds |= {(placement.starts_on, placement.key): placement.held for placement in placements}
    # This round comes last among those that start on the same day.
    ordered = sorted(rounds, key=lambda each: (each[0], each[1] == round_.key, each[1]))
    return {each: order for order, each in enumerate(ordered)}, [rounds[each] for each in ordered]


def _counted_placements(round_: Round, today: date) -> Iterator[Placement]:
    rounds = Q(round=round_) | Q(round__in=earlier_rounds(round_).order_by().values("pk"))
    decisions = PublicationDecision.objects.filter(tally__round=OuterRef("round"))
    first = Publication.objects.filter(round=OuterRef("round"), version=1).values("published_at")
    rows = SectionResult.objects.filter(rounds).annotate(
        is_by_decision=Exists(decisions),
        published_at=Subquery(first),
        # Whom the commission has named in the case answers, or else the head of the frozen roster.
        head=Coalesce("case__head_name", "section__head_name"),
    )
    of_round = ("round__period_start", "round__period_end", "published_at", "round__name")
    fields = ("section__code", "rank", "is_listed", "label", "round__key", "is_by_decision", "head")
    for starts_on, ends_on, at, name, *placed in rows.order_by().values_list(*of_round, *fields):
        published_on = timezone.localdate(at) if at else today if placed[4] == round_.key else None
        yield Placement(name, Held(starts_on, ends_on, published_on), *placed)


def _imported_placements(round_: Round) -> list[Placement]:
    """Return placements from imported lists; a demo round has none."""
    if round_.is_demo:
        return []
    rows = EarlierListing.objects.filter(round__period_start__lt=round_.period_start)
    fields = ("round__name", "round__period_start", "section__code", "rank", "round__key")
    return [
        Placement(
            name,
            Held(starts_on, period_end(name, key, starts_on)),
            code,
            rank,
            is_listed=True,
            key=key,
            is_imported=True,
        )
        for name, starts_on, code, rank, key in rows.order_by().values_list(*fields)
    ]
