"""Versions of the profile (机构信息) that two persons have approved, and the pictures they name."""

from django.conf import settings
from django.db import models


class ProfileVersion(models.Model):
    """机构信息版本: one approved profile; the newest is in force, none is ever changed."""

    content = models.JSONField("内容")
    reason = models.CharField("理由", max_length=300)
    # Empty for the one that came with the installation (setup --profile).
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="审批人", null=True, related_name="+"
    )
    approved_at = models.DateTimeField("审批时间")

    class Meta:
        verbose_name = verbose_name_plural = "机构信息"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}版）"


class Logo(models.Model):
    """徽标: a picture drawn anew from an upload, named by its SHA-256."""

    sha256 = models.CharField("校验值", max_length=64, unique=True)
    png = models.BinaryField("图片")
    uploaded_at = models.DateTimeField("上传时间")

    class Meta:
        verbose_name = verbose_name_plural = "徽标"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（{self.sha256[:8]}）"
