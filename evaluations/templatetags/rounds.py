"""What the states of rounds are called, what a running vote will probably give, how few ballots are written."""

from django import template

from evaluations.planning.pages import GateWarning, gate_warning
from evaluations.rounds import queries
from evaluations.rounds.models import Round
from evaluations.sample_audit.queries.audits import audit_of
from evaluations.scoring.wording import FEW_NOTE
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.users.models import User

register = template.Library()


@register.inclusion_tag("evaluations/planning/_warning.html")
def gate_forecast(round_: Round, user: User) -> dict[str, GateWarning | None]:
    """Render the warning that too few sections will probably be ranked, with what this account can do about it."""
    return {"warning": gate_warning(round_, user, clock.now())}


@register.simple_tag
def few_note() -> str:
    """Return how figures of few ballots are written."""
    return FEW_NOTE


@register.filter
def is_sampled(round_: Round) -> bool:
    """True if ballots were compared before the units were told, which the public page of the audit tells."""
    return audit_of(round_) is not None


@register.filter
def state_now(round_: Round) -> str:
    """Return what the round's state is called now: 评议中 becomes 已截止，待开箱."""
    return queries.state_now(round_, clock.now())
