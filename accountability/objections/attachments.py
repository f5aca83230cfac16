"""Files that belong to an objection."""

from django.urls import reverse

from accountability.evidence.services.evidence import AttachmentRule
from accountability.objections.models import Objection
from accountability.objections.permissions import objections_for
from accountability.objections.rules import ObjectionState

ATTACHMENTS = {
    Objection: AttachmentRule(
        "objection",
        lambda _: "appeal.submit",
        "appeal.view",
        lambda objection: objection.state == ObjectionState.FILED,
        lambda objection: objection.section,
        visible=objections_for,
        page=lambda objection: reverse("accountability:objection", args=[objection.pk]),
    )
}
