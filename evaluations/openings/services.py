"""Opening the sealed ballots (开封文件) for whoever rechecks the closing list and the count (protocol 6.6)."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from evaluations.ballots.models import Ballot, Rating, vote_line
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import SEALED
from nanchuan_eval.audit import services as audit
from nanchuan_eval.core.canonical import canonical_json
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy

CHUNK = 1000


@transaction.atomic
def open_ballots(*, round_id: int, by: policy.Actor, at: datetime) -> Iterator[str]:
    """Return the openings, in the order of the random ballot ids; records the export."""
    policy.check(by, "tally.verify")
    round_ = Round.objects.get(pk=round_id)
    if round_.state not in SEALED:
        raise RuleViolation("封箱之后才有开封文件。")
    audit.record("tally.verify", round_, by=by, at=at, detail={"step_label": "导出开封文件"})
    return _opening_lines(round_)


def _opening_lines(round_: Round) -> Iterator[str]:
    for ballot in Ballot.objects.filter(round=round_).order_by("pk").iterator(chunk_size=CHUNK):
        ratings = Rating.objects.filter(ballot=ballot).select_related("section").order_by("section__code")
        vote = {"lines": [vote_line(rating) for rating in ratings]}
        facts = {"ballot": str(ballot.pk), "receipt": ballot.receipt, "nonce": ballot.nonce, "vote": vote}
        yield canonical_json(facts).decode() + "\n"
