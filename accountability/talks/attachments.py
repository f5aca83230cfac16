"""Files that belong to a talk's record."""

from django.urls import reverse

from accountability.cases.permissions import measures_for
from accountability.cases.rules.measures import TalkState, record_action
from accountability.evidence.services.evidence import AttachmentRule
from accountability.talks.models import Talk

ATTACHMENTS = {
    Talk: AttachmentRule(
        "talk",
        lambda talk: record_action(talk.measure.kind),
        "acc.view",
        lambda talk: talk.state in {TalkState.DRAFT, TalkState.RETURNED},
        lambda talk: talk.measure.case.result.section,
        visible=lambda by: Talk.objects.filter(measure__in=measures_for(by)),
        page=lambda talk: reverse("accountability:talk", args=[talk.measure_id]),
    )
}
