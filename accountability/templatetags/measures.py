"""How a measure stands, in the same words on every page that shows it."""

from collections.abc import Mapping

from django import template
from django.utils import timezone

from accountability.cases.models import Measure
from accountability.cases.rules.deadlines import Urgency
from accountability.cases.rules.standing import Standing
from accountability.cases.rules.standing import standing as standing_on
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.talks.queries import standing_of

register = template.Library()
# Said of a talk besides how far it has come.
NEAR = frozenset({Standing.SOON, Standing.TODAY, Standing.OVERDUE})


@register.inclusion_tag("accountability/cases/_standing.html")
def standing(measure: Measure, waivers: Mapping[int, str] | None = None) -> dict[str, object]:
    """Render how a measure read `with_talks` stands today, its day and, where the page may say it, who waived it."""
    now = standing_on(measure, timezone.localdate())
    return {
        "standing": now,
        "talk": standing_of(measure),
        "near": Urgency(now.value).label if now in NEAR else "",
        "measure": measure,
        "waiver": (waivers or {}).get(measure.pk, ""),
    }


@register.filter
def stands_today(freeze: PromotionFreeze, why: bool = False) -> str:
    """Return how a freeze stands today, with the reason of its lifting if asked for."""
    return freeze.standing(timezone.localdate(), why=why)
