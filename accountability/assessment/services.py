"""Assessment: services."""

from datetime import datetime

from django.db import transaction

from accountability.assessment.queries import assessment_workbook, read_assessment
from nanchuan_eval.audit import services as audit
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User


@transaction.atomic
def export_assessment(*, year: int, by: User, at: datetime) -> bytes:
    """Return the year's workbook; its digest in the trail says what was handed over."""
    policy.check_sees(by, "acc.assess")
    assessment = read_assessment(year)
    entry = audit.record("acc.assess", None, by=by, at=at, detail={"year": year, "digest": assessment.digest})
    with audit.marked(entry):
        return assessment_workbook(assessment)
