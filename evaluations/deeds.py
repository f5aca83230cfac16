"""What takes two persons in a round (需两人办理的事项)."""

from evaluations.code_deeds import CODE_DEEDS
from evaluations.draw_deeds import DRAW_DEEDS
from evaluations.models import Errand, Manifestation
from evaluations.pool_deeds import POOL_DEEDS
from evaluations.round_deeds import ROUND_DEEDS
from evaluations.services.anomaly import DECIDE_FLAG
from evaluations.services.data_request import REQUEST_DEEDS
from evaluations.services.handing_out import HANDING_OUT
from evaluations.services.privacy import ERASE_PERSON, PURGE_DEED
from evaluations.services.redaction import REDACT_DEED
from evaluations.services.tally import RECORD_VETO
from nanchuan_eval import approvals
from nanchuan_eval.edits import edit_deeds


def register() -> None:
    """Make the deeds known; from then on nobody does them alone."""
    approvals.register(DECIDE_FLAG, RECORD_VETO, ERASE_PERSON, *ROUND_DEEDS, *DRAW_DEEDS, *CODE_DEEDS, *POOL_DEEDS)
    approvals.register(PURGE_DEED, REDACT_DEED, *HANDING_OUT, *REQUEST_DEEDS)
    approvals.register(*edit_deeds(Manifestation, "round.edit"), *edit_deeds(Errand, "round.edit"))
