"""What takes two persons in a round (需两人办理的事项)."""

from evaluations.ballot_form.models import Errand, Manifestation
from evaluations.ballots.services import REDACT_DEED
from evaluations.codes.approvals import CODE_DEEDS
from evaluations.draws.approvals.removals import DRAW_DEEDS
from evaluations.draws.services.exports import HANDING_OUT
from evaluations.lifecycle.approvals import ROUND_DEEDS
from evaluations.personal_data.services.people import ERASE_PERSON, PURGE_DEED
from evaluations.personal_data.services.requests import REQUEST_DEEDS
from evaluations.pools.approvals import POOL_DEEDS
from evaluations.tally.services.anomalies import DECIDE_FLAG
from evaluations.tally.services.tally import RECORD_VETO
from nanchuan_eval.admin_site.record_changes import edit_deeds
from nanchuan_eval.approvals import services as approvals


def register() -> None:
    """Make the deeds known; from then on nobody does them alone."""
    approvals.register(DECIDE_FLAG, RECORD_VETO, ERASE_PERSON, *ROUND_DEEDS, *DRAW_DEEDS, *CODE_DEEDS, *POOL_DEEDS)
    approvals.register(PURGE_DEED, REDACT_DEED, *HANDING_OUT, *REQUEST_DEEDS)
    approvals.register(*edit_deeds(Manifestation, "round.edit"), *edit_deeds(Errand, "round.edit"))
