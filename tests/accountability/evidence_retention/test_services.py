"""Evidence is destroyed a year after every matter of its section has ended."""

from datetime import timedelta

import pytest

from accountability.evidence import storage
from accountability.evidence.models import Evidence
from accountability.evidence_retention.services import destroy_inspections, expired
from accountability.inspections.rules import InspectionState
from accountability.objections.models import Objection
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RectificationState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR, Role
from nanchuan_eval.retention import services as retention
from tests.accountability.factories import LATER, make_account, make_evidence, make_inspection_evidence, stored_files

pytestmark = pytest.mark.django_db
YEAR_LATER = LATER + timedelta(days=370)


@pytest.mark.django_db(transaction=True)
def test_a_units_evidence_is_destroyed_automatically_after_a_year(evidence_root):
    row = make_evidence()
    rectification = row.progress.item.rectification
    assert retention.purge(by=OPERATOR, at=YEAR_LATER) == {}
    Rectification.objects.filter(pk=rectification.pk).update(state=RectificationState.CLOSED, closed_on=LATER.date())
    assert retention.purge(by=OPERATOR, at=LATER + timedelta(days=364)) == {}

    assert retention.purge(by=OPERATOR, at=YEAR_LATER) == {"佐证材料原件": 1}

    row.refresh_from_db()
    assert (stored_files(evidence_root), row.file_key, row.name) == ([], "", "（已销毁）")
    assert AuditEntry.objects.get(detail__has_key="file").detail["file"] == row.sha256
    assert verify_chain() == []


def test_evidence_is_kept_while_an_appeal_is_open():
    row = make_evidence()
    item = row.progress.item
    Rectification.objects.update(state=RectificationState.CLOSED, closed_on=LATER.date())
    section = item.rectification.case.result.section
    Objection.objects.create(
        round=section.round,
        section=section,
        stage="appeal",
        ground="counting",
        facts="x",
        filed_by=row.uploaded_by,
        filed_at=LATER,
        due_on=LATER.date(),
    )
    assert not expired(YEAR_LATER).exists()
    Objection.objects.update(state="decided", outcome="rejected", answer="x", decided_at=LATER)
    assert expired(YEAR_LATER).get() == row


def test_destroying_inspection_evidence_needs_approval(settings, time_machine, django_capture_on_commit_callbacks):
    settings.TWO_PERSON_RULE = True
    time_machine.move_to(YEAR_LATER)
    row = make_inspection_evidence()
    Evidence.objects.update(uploaded_at=LATER)
    row.inspection.state, row.inspection.approved_at = InspectionState.APPROVED, LATER
    row.inspection.save()
    round_ = row.inspection.plan.round
    assert "佐证材料原件" not in retention.purge(by=OPERATOR, at=YEAR_LATER)
    with pytest.raises(policy.NeedsApproval):
        destroy_inspections(round_id=round_.pk, reason="期满", by=make_account(), at=YEAR_LATER)

    chief = make_account(Role.CHIEF, name="甲")
    approval = approvals.propose("insp.delete", round_, by=chief, at=YEAR_LATER, reason="期满")
    with django_capture_on_commit_callbacks(execute=True):
        approvals.approve(approval_id=approval.pk, by=make_account(name="乙"), at=YEAR_LATER)

    assert AuditEntry.objects.get(detail__destroyed=row.sha256).reason == "期满"
    assert not storage.original_path(row.pk, row.suffix).exists()
    assert not Evidence.objects.held().exists()


def test_inspection_evidence_is_not_destroyed_before_its_visit_is_approved():
    row = make_inspection_evidence()
    with pytest.raises(RuleViolation, match="没有保存期满"):
        destroy_inspections(round_id=row.inspection.plan.round_id, reason="x", by=make_account(), at=YEAR_LATER)
