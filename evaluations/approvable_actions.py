"""Approvable actions of a round, declared by its features."""

from evaluations.ballot_form.approvals import IMPORT_TOPICS
from evaluations.ballot_form.models import Manifestation, ServiceTopic
from evaluations.ballots import services as ballots
from evaluations.box_key import approvals as box_key
from evaluations.codes import approvals as codes
from evaluations.draws import approvals as draws
from evaluations.draws.services import exports
from evaluations.lifecycle import approvals as lifecycle
from evaluations.personal_data.services import clients, people, requests
from evaluations.personal_data.services.record_corrections import CORRECT_RECORD
from evaluations.pools import approvals as pools
from evaluations.publication import approvals as publication
from evaluations.sample_audit.services.comparison import EXPLAIN_DIFFERENCE
from evaluations.sealing import approvals as sealing
from evaluations.tally.services.anomalies import DECIDE_FLAG, KEEP_FLAGS
from evaluations.tally.services.tally import RECORD_VETO
from nanchuan_eval.admin_site.record_changes import approvable_edits
from nanchuan_eval.approvals import services as approvals


def register() -> None:
    """Register the handlers of all features."""
    approvals.register(
        *lifecycle.ACTIONS,
        *pools.ACTIONS,
        *draws.ACTIONS,
        *exports.ACTIONS,
        *box_key.ACTIONS,
        *codes.ACTIONS,
        *ballots.ACTIONS,
        *sealing.ACTIONS,
        *publication.ACTIONS,
        *people.ACTIONS,
        *clients.ACTIONS,
        *requests.ACTIONS,
        *approvable_edits(Manifestation, "round.edit"),
        *approvable_edits(ServiceTopic, "round.edit"),
        CORRECT_RECORD,
        IMPORT_TOPICS,
        DECIDE_FLAG,
        EXPLAIN_DIFFERENCE,
        KEEP_FLAGS,
        RECORD_VETO,
    )
