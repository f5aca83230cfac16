"""Leads: rules."""

from django.db.models import TextChoices


class LeadState(TextChoices):
    """线索状态."""

    RECEIVED = "received", "待核查"
    VERIFIED = "verified", "查实"
    UNFOUNDED = "unfounded", "查无实据"
