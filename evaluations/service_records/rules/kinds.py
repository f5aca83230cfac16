"""Kinds of people in service records (办事人类别)."""

from django.db.models import TextChoices


class ClientKind(TextChoices):
    """办事人类别; for a firm its agent stands in the record."""

    PERSON = "person", "个人"
    FIRM = "firm", "企业"
