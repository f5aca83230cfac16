"""Uploaded lists that wait for their confirmation."""

from django.conf import settings
from django.db import models


class ListUpload(models.Model):
    """待确认的上传文件: a list kept encrypted between preview and confirmation, then deleted."""

    kind = models.CharField("清单种类", max_length=40)
    subject = models.CharField("所属事项", max_length=80, blank=True)
    filename = models.CharField("文件名", max_length=200)
    content = models.BinaryField("内容（加密）")
    answers = models.JSONField("对预览中问题的回答", default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="上传人", related_name="+")
    at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = verbose_name_plural = "待确认的上传文件"
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "by"], name="one_upload_of_a_list_per_account")
        ]

    def __str__(self) -> str:
        return self.filename
