"""问题线索: allegations of misconduct, visible to the commission only (rulebook 3)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evaluations.rounds.models import RoundSection


class LeadState(models.TextChoices):
    """States of a lead (问题线索)."""

    RECEIVED = "received", "待核查"
    VERIFIED = "verified", "查实"
    UNFOUNDED = "unfounded", "查无实据"


class Lead(models.Model):
    """问题线索: an allegation from an inspection or received by the commission; a verified one names the decision."""

    section = models.ForeignKey(RoundSection, models.PROTECT, verbose_name="科室", related_name="leads")
    inspection = models.ForeignKey(
        "accountability.Inspection", models.PROTECT, verbose_name="来源暗访", null=True, related_name="leads"
    )
    facts = models.TextField("线索内容", max_length=3000)
    received_at = models.DateTimeField("收到时间")
    state = models.CharField("状态", max_length=10, choices=LeadState, default=LeadState.RECEIVED)
    decision = models.CharField("决定文号", max_length=60, blank=True)
    conclusion = models.TextField("处置情况", max_length=2000, blank=True)
    concluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", null=True, related_name="+"
    )
    concluded_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "问题线索"
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=LeadState.RECEIVED, conclusion="", concluded_at__isnull=True)
                | ~Q(state=LeadState.RECEIVED) & Q(concluded_at__isnull=False) & ~Q(conclusion=""),
                name="a_concluded_lead_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(state=LeadState.VERIFIED) | ~Q(decision=""),
                name="a_verified_lead_has_its_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.section}问题线索"
