"""Round actions that need approval (需两人办理的事项)."""

from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballots.services import REDACT_COMMENT
from evaluations.codes.approvals import CODE_ACTIONS
from evaluations.draws.approvals.removals import DRAW_ACTIONS
from evaluations.draws.services.exports import EXPORT_ACTIONS
from evaluations.lifecycle.approvals import ROUND_ACTIONS
from evaluations.personal_data.services.people import ERASE_PERSON, PURGE_ROUND
from evaluations.personal_data.services.requests import REQUEST_ACTIONS
from evaluations.pools.approvals import POOL_ACTIONS
from evaluations.tally.services.anomalies import DECIDE_FLAG
from evaluations.tally.services.tally import RECORD_VETO
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals


def register() -> None:
    """Register the features' handlers."""
    approvals.register(
        DECIDE_FLAG, RECORD_VETO, ERASE_PERSON, *ROUND_ACTIONS, *DRAW_ACTIONS, *CODE_ACTIONS, *POOL_ACTIONS
    )
    approvals.register(PURGE_ROUND, REDACT_COMMENT, *EXPORT_ACTIONS, *REQUEST_ACTIONS)
    approvals.register(*approvable_edits(Manifestation, "round.edit"), *approvable_edits(ServiceTopic, "round.edit"))
