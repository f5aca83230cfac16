"""What inspectors bring in from a visit."""

from django.urls import reverse

from accountability.evidence.services.evidence import AttachmentRule
from accountability.inspections.models import Inspection
from accountability.inspections.permissions import inspections_for, is_assigned
from accountability.inspections.rules import InspectionState

ATTACHMENTS = {
    Inspection: AttachmentRule(
        "inspection",
        lambda _: "insp.upload",
        "insp.evidence",
        lambda inspection: inspection.state == InspectionState.ASSIGNED,
        lambda inspection: inspection.section,
        visible=inspections_for,
        page=lambda inspection: reverse("accountability:inspection", args=[inspection.pk]),
        is_own=is_assigned,
    )
}
