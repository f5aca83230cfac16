"""Evidence (佐证材料): uploaded files, identified by the hash of the original (security.md 4).

Destroying a file keeps its row and hash and deletes its key, so that no remaining copy can be decrypted.
"""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from accountability.evidence.rules import FileKind, ScanState
from nanchuan_eval.encryption.fields import EncryptedField

SUBJECTS = ("talk", "objection", "progress", "inspection")


def _has_one_subject() -> Q:
    """Condition that exactly one of the subjects is set."""
    return Q(
        *(Q(**{f"{one}__isnull": one != subject for one in SUBJECTS}) for subject in SUBJECTS),
        _connector=Q.OR,
    )


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    """Evidence by availability."""

    def servable(self) -> Self:
        """Files that still exist and have an acceptable scan result."""
        return self.held().filter(scan__in=[ScanState.CLEAN, ScanState.UNSCANNED])

    def held(self) -> Self:
        """Files not yet destroyed."""
        return self.filter(destroyed_at=None)


class Evidence(models.Model):
    """佐证材料: an original as uploaded, its hash and, for pictures, a viewing copy without metadata."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    talk = models.ForeignKey("accountability.Talk", models.PROTECT, null=True, related_name="evidence")
    objection = models.ForeignKey("accountability.Objection", models.PROTECT, null=True, related_name="evidence")
    progress = models.ForeignKey("accountability.Progress", models.PROTECT, null=True, related_name="evidence")
    inspection = models.ForeignKey("accountability.Inspection", models.PROTECT, null=True, related_name="evidence")
    name = models.CharField("文件名", max_length=120)
    kind = models.CharField("种类", max_length=10, choices=FileKind)
    suffix = models.CharField("格式", max_length=5)
    size = models.PositiveBigIntegerField("字节数")
    sha256 = models.CharField("原件校验值", max_length=64)
    file_key = EncryptedField("文件密钥", blank=True)
    has_copy = models.BooleanField("已生成查看件", default=False)
    scan = models.CharField("病毒查杀", max_length=10, choices=ScanState)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="上传人", related_name="+")
    uploaded_at = models.DateTimeField("上传时间")
    destroyed_at = models.DateTimeField("销毁时间", null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "佐证材料"
        ordering = ["uploaded_at", "pk"]
        constraints = [models.CheckConstraint(condition=_has_one_subject(), name="evidence_proves_one_thing")]

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> models.Model:
        """The record to which the file belongs."""
        found: models.Model = next(getattr(self, name) for name in SUBJECTS if getattr(self, f"{name}_id"))
        return found
