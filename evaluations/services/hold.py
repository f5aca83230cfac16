"""What stops a publication until it is decided (公示前待决事项): the hook for objections."""

from datetime import datetime

from evaluations.models import PublicationHold, Round
from evaluations.rules.rounds import RoundState
from nanchuan_eval.errors import RuleViolation

BEFORE_PUBLICATION = frozenset({RoundState.COUNTED, RoundState.REVIEW})


def place_hold(round_: Round, subject: str, *, at: datetime) -> PublicationHold:
    """Stop publication and recount; `subject` says in Chinese what is open. For the caller's locked round."""
    if RoundState(round_.state) not in BEFORE_PUBLICATION:
        raise RuleViolation("只有计票之后、公示之前才能提出待决事项。")
    return PublicationHold.objects.create(round=round_, subject=subject, placed_at=at)


def release_hold(hold: PublicationHold, *, at: datetime) -> PublicationHold:
    """Let the round go on: the matter is decided; for the caller's transaction and audit row."""
    if hold.released_at:
        raise RuleViolation(f"“{hold.subject}”已经办结。")
    hold.released_at = at
    hold.save(update_fields=["released_at"])
    return hold
