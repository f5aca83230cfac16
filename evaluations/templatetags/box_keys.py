"""What pages say of a round's box key."""

from django import template

from evaluations.box_key.queries import warning_of_key, warning_of_round
from evaluations.rounds.models import Round
from evaluations.rounds.rules.key_statement import key_statement
from evaluations.rounds.sql import OpenRound

register = template.Library()
AnyRound = Round | OpenRound | None


@register.inclusion_tag("evaluations/box_key/_marks.html")
def round_marks(round_: AnyRound) -> dict[str, object]:
    """Render the marks of a round's pages: demonstration data, key kept by the server or made online."""
    found = _whole(round_)
    return {"is_demo": found.is_demo, "text": warning_of_round(found)} if found else {}


@register.inclusion_tag("evaluations/box_key/_marks.html")
def key_marks(key_id: str) -> dict[str, object]:
    """Render the mark of a key, for pages that know no more of the round."""
    return {"text": warning_of_key(key_id) if key_id else ""}


@register.inclusion_tag("evaluations/box_key/_statement.html")
def box_statement(round_: AnyRound, *, below_marks: bool = False) -> dict[str, str]:
    """Render who can open the ballots of the round, with a link to its key; `round_marks` above may have said it."""
    found = _whole(round_)
    if found is None:
        return {}
    text = key_statement(found.rulebook)
    is_said = below_marks and text == warning_of_round(found)
    return {"text": "" if is_said else text, "key_id": found.box_key, "address": found.key}


def _whole(round_: AnyRound) -> Round | None:
    """Return the round with its rulebook, which the entrance reads only when it renders its page anew."""
    return Round.objects.filter(key=round_.key).first() if isinstance(round_, OpenRound) else round_
