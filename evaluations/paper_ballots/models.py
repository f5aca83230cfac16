"""Paper ballots (纸质票): sheets keyed by two people, and the count of a batch.

A returned envelope holds the slip with the code and the sheet without it. They are separated unopened and mixed, as in
a postal vote, so no row here refers to a code. A sheet's content is encrypted while it waits for comparison,
and erased here once it is in the spool; the encrypted receipt then leads from the box to the sheet, for the audit.
"""

from django.conf import settings
from django.db import models

from evaluations.codes.models import CodeBatch
from evaluations.paper_ballots.rules.ballot_account import SheetKind
from nanchuan_eval.encryption.fields import EncryptedField


class PaperSheet(models.Model):
    """正票: one sheet, numbered when the box was opened, with both keyings until it is settled."""

    batch = models.ForeignKey(CodeBatch, models.PROTECT, verbose_name="批次", related_name="sheets")
    number = models.PositiveIntegerField("票面编号")
    first = EncryptedField("第一次录入", blank=True)
    second = EncryptedField("第二次录入", blank=True)
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    second_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    kind = models.CharField("认定", max_length=10, choices=SheetKind, blank=True, help_text="为空的，表示尚未比对一致")
    reason = models.CharField("理由", max_length=100, blank=True)
    # Leads from the ballot in the box to the sheet on paper, for the sample audit; never to a slip or a person.
    receipt = EncryptedField("回执号", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "纸质票"
        ordering = ["batch", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "number"],
                name="a_sheet_number_stands_once_in_a_batch",
                violation_error_message="这个票面编号已经录入。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch}第{self.number}号票"


class PaperCount(models.Model):
    """清点: hand-counted figures of a batch after the vote, and why a difference was accepted."""

    batch = models.OneToOneField(CodeBatch, models.PROTECT, verbose_name="批次", related_name="paper_count")
    returned = models.PositiveIntegerField("纸质收回")
    spoiled = models.PositiveIntegerField("作废、退回")
    missing = models.PositiveIntegerField("未收回")
    counted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="清点人", related_name="+")
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    cleared_because = models.CharField("差异处理说明", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "纸质票清点"

    def __str__(self) -> str:
        return f"{self.batch}的清点"
