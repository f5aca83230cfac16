"""公示: what was published, version by version."""

from django.conf import settings
from django.db import models

from evaluations.models.round import Round


class Publication(models.Model):
    """公示: one published version of the list; the content never changes afterwards."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="publications")
    version = models.PositiveSmallIntegerField("版次", default=1)
    published_at = models.DateTimeField("公示时间")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="批准人", related_name="+")
    content = models.TextField("公示内容（原文）")
    content_sha256 = models.CharField("公示指纹", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "公示"
        ordering = ["round", "version"]
        constraints = [models.UniqueConstraint(fields=["round", "version"], name="a_version_is_published_once")]
