"""公示: published versions of the list, holds that stop publication, decisions to publish in spite of the gate."""

from django.conf import settings
from django.db import models

from evaluations.rounds.models import Round
from evaluations.tally.models import Tally


class Publication(models.Model):
    """公示: one published version of the list; the content never changes afterwards.

    A correction (更正) is a further version; the earlier ones stay public, marked as superseded.
    """

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="publications")
    version = models.PositiveSmallIntegerField("版次", default=1)
    published_at = models.DateTimeField("公示时间")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="批准人", related_name="+")
    content = models.TextField("公示内容（原文）")
    content_sha256 = models.CharField("公示校验值", max_length=64)
    reason = models.CharField("更正说明", max_length=300, blank=True)
    # The audit log's anchor at publication, printed on the notice; older notices have none.
    anchor_seq = models.PositiveBigIntegerField("日志锚点编号", null=True)
    anchor_hash = models.CharField("日志锚点校验值", max_length=64, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering = ["round", "version"]
        constraints = [
            models.UniqueConstraint(fields=["round", "version"], name="a_version_is_published_once"),
            models.CheckConstraint(
                condition=models.Q(version=1, reason="") | models.Q(version__gt=1) & ~models.Q(reason=""),
                name="a_correction_has_its_reason",
                violation_error_message="更正公示必须填写更正说明。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round.name} 第{self.version}版"


class PublicationHold(models.Model):
    """公示前待决事项: an open objection (or the like) that stops publication and recount until it is decided."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="holds")
    subject = models.CharField("事项", max_length=200)
    placed_at = models.DateTimeField("提出时间")
    released_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "公示前待决事项"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.subject


class PublicationDecision(models.Model):
    """公示决定: the commission publishes a count although too few sections are ranked; it is never taken back."""

    tally = models.OneToOneField(Tally, models.PROTECT, verbose_name="计票结果", related_name="publication_decision")
    reason = models.CharField("公示理由", max_length=300)
    decided_at = models.DateTimeField("决定时间")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="批准人", related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "公示决定"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.tally.round.name} 公示决定"
