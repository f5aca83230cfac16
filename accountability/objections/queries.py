"""Who and what an objection is about, and what archiving a round depends on."""

from typing import Any

from accountability.objections.models import Objection
from accountability.objections.rules import ObjectionState
from evaluations.publication.queries import appeals_until, version_that_listed
from evaluations.rounds.models import Round
from evaluations.tally.models import Veto, VetoQuerySet
from nanchuan_eval.users.models import User


def veto_of(objection: Objection) -> VetoQuerySet:
    """Return the section's veto, unless it has been annulled."""
    return Veto.objects.in_force().filter(section=objection.section_id)


def signer_of(objection: Objection) -> User | None:
    """Return who approved the list that first named the section: corrections about others are no judgement of it."""
    version = version_that_listed(objection.round, objection.section.code)
    return version.approved_by if version else None


def read_appeals(round_: Round) -> dict[str, Any]:
    """Return the unanswered appeals of a published round, and the last day on which one may be filed (2 queries)."""
    waiting = Objection.objects.filter(round=round_).exclude(state=ObjectionState.DECIDED).select_related("section")
    return {
        "undecided": tuple(str(objection) for objection in waiting.order_by("section", "pk")),
        "appeals_until": appeals_until(round_),
    }
