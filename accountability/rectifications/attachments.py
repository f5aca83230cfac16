"""Files that belong to a report of progress."""

from django.urls import reverse

from accountability.evidence.services.evidence import AttachmentRule
from accountability.rectifications.models import Progress
from accountability.rectifications.permissions import rectifications_for
from accountability.rectifications.rules import ItemState

ATTACHMENTS = {
    Progress: AttachmentRule(
        "progress",
        lambda _: "rect.report",
        "rect.view",
        lambda progress: progress.item.state != ItemState.CLOSED,
        lambda progress: progress.item.rectification.case.result.section,
        visible=lambda by: Progress.objects.filter(item__rectification__in=rectifications_for(by)),
        page=lambda progress: reverse("accountability:rectification", args=[progress.item.rectification_id]),
        title=lambda progress: str(progress.item),
    )
}
