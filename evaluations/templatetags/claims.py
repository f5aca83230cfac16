"""The button with which a visitor claims a code (领取评议票), for any page that knows the open round."""

from typing import NamedTuple

from django import template
from django.http import HttpRequest
from django.template.context import Context

from evaluations.codes.queries import takes_visitors
from evaluations.codes.services.visitors import taken_by
from evaluations.rounds.models import Round
from evaluations.rounds.sql import OpenRound

register = template.Library()


class Offer(NamedTuple):
    """How many codes a device may claim in the round, and how many it has."""

    limit: int
    taken: int


@register.simple_tag(takes_context=True)
def claim_offer(context: Context) -> Offer | None:
    """Return what the button says, or None while no code can be claimed on the web."""
    round_, request = context.get("round"), context.get("request")
    if isinstance(round_, OpenRound):
        # The page is rendered once for all devices with this count; the round comes without its rulebook.
        rulebook = Round.objects.values_list("rulebook", flat=True).get(key=round_.key)
        return Offer(rulebook["open_per_device"], int(context["taken"])) if round_.takes_visitors else None
    if round_ is None or not takes_visitors(round_):
        return None
    taken = taken_by(request, round_.key) if isinstance(request, HttpRequest) else 0
    return Offer(round_.rulebook["open_per_device"], taken)
