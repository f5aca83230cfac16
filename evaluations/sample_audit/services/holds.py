"""What every act of a sample audit writes: its audit row, and a hold for each difference."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models

from evaluations.publication.models import PublicationHold
from evaluations.publication.services import place_hold
from evaluations.rounds.models import Round
from evaluations.sample_audit.models import SampleAudit, SampleBallot
from nanchuan_eval.audit import services as audit_log
from nanchuan_eval.audit.queries import fixed_digests
from nanchuan_eval.users.models import User

COMPARE, EXPLAIN = "audit.sample", "audit.explain"


def hold_for(round_: Round, row: SampleBallot, *, at: datetime) -> PublicationHold:
    """Stop publication until the difference is explained."""
    return place_hold(round_, f"抽样核对序号{row.number}：{row.get_outcome_display()}", at=at)


def record(
    audit: SampleAudit,
    label: str,
    detail: Mapping[str, object],
    *,
    by: User,
    at: datetime,
    wrote: Iterable[models.Model] = (),
) -> None:
    """Log an act of the comparison with the digest of the whole audit as it leaves it."""
    fixed = fixed_digests(("sample", audit.pk))
    audit_log.record(COMPARE, audit, by=by, at=at, detail={"step_label": label, **detail, "fixed": fixed}, wrote=wrote)
