"""Reading the earlier rounds: each section's history, followed through reforms (沿革)."""

from django.db.models import Q, QuerySet

from accountability.rules.history import Appearance, History, history
from departments.models import SectionChange
from departments.rules.lineage import earlier_sections
from evaluations.models import Round, SectionResult
from evaluations.rules.rounds import RoundState

# A list nobody has seen has no consequences: only published rounds are history.
PUBLISHED = (RoundState.PUBLISHED, RoundState.CLOSED)
Seen = dict[str, list[Appearance]]


def histories(round_: Round) -> dict[str, History]:
    """Return the history of every section of a counted round, up to and including it (3 queries)."""
    earlier = list(earlier_rounds(round_).values_list("pk", flat=True))
    past, present = _appearances(earlier, round_)
    changes = list(SectionChange.objects.values_list("earlier__code", "later__code"))
    return {
        code: history(
            own + [a for known in {code, *earlier_sections(code, changes)} for a in past.get(known, [])],
            now=len(earlier),
            top=int(round_.rulebook["repeat_top"]),
        )
        for code, own in present.items()
    }


def earlier_rounds(round_: Round) -> QuerySet[Round]:
    """Return the published rounds before this one, oldest first; demo rounds count for demo rounds only."""
    before = Q(period_start__lt=round_.period_start) | Q(period_start=round_.period_start, pk__lt=round_.pk)
    return Round.objects.filter(before, state__in=PUBLISHED, is_demo=round_.is_demo).order_by("period_start", "pk")


def _appearances(earlier: list[int], round_: Round) -> tuple[Seen, Seen]:
    orders = {pk: order for order, pk in enumerate([*earlier, round_.pk])}
    past: Seen = {}
    present: Seen = {}
    rows = SectionResult.objects.filter(round__in=orders).order_by()
    for pk, code, rank, is_listed, label in rows.values_list("round", "section__code", "rank", "is_listed", "label"):
        seen = present if pk == round_.pk else past
        seen.setdefault(code, []).append(Appearance(orders[pk], rank, is_listed, label))
    return past, present
