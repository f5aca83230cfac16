"""Opening the sealed ballots (开封文件) before drawn supervisors, to recheck closing list and count (protocol 6.6).

A commitment can only be opened with the whole vote: this is the one file in which a ballot's lines stay together. No
role of the table may have it (ballot.raw); only the operator makes it, at the server, with the supervisors present.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction

from evaluations.ballots.queries import sealed_votes
from evaluations.draws.services.signing import spend_signing_code
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

# As for the recount of an objection (rulebook R-G).
LEAST_WITNESSES = 2


@transaction.atomic
def open_ballots(*, round_id: int, codes: Sequence[str], by: policy.Actor, at: datetime) -> Iterator[str]:
    """Return the openings; the supervisors present type a signing code each, and the export is recorded."""
    policy.check(by, "ballot.raw")
    round_ = lock_round(round_id)
    if round_.state not in SEALED:
        raise RuleViolation("封箱之后才有开封文件。")
    spent = [spend_signing_code(round_, code, at=at) for code in codes]
    present = {code.entry_id for code in spent}
    if len(present) < LEAST_WITNESSES:
        raise RuleViolation(f"开封须有至少{LEAST_WITNESSES}名抽取产生的监督员在场，分别输入本人的签名码。")
    detail = {"step_label": "开封：导出开封文件", "entries": sorted(present), "ballots": round_.ballots.count()}
    audit.record("ballot.raw", round_, by=by, at=at, detail=detail, wrote=spent)
    return _opening_lines(round_)


def _opening_lines(round_: Round) -> Iterator[str]:
    """Yield one opening a line, in the order of the random ballot ids, which stay inside."""
    for ballot, vote in sealed_votes(round_):
        facts = {
            "channel": ballot.channel,
            "counted": ballot.is_counted,
            "nonce": ballot.nonce,
            "receipt": ballot.receipt,
            "vote": vote,
        }
        yield canonical_json(facts).decode() + "\n"
