"""Signatures on the record of an opening (开箱记录)."""

from django.db import models

from evaluations.draws.models import DrawEntry
from evaluations.rounds.models import Round


class OpeningSignature(models.Model):
    """监督员开箱签名: a supervisor present confirms the record of the opening with a one-time code."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="opening_signatures")
    supervisor = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="+")
    at = models.DateTimeField("签名时间")

    class Meta:
        verbose_name = verbose_name_plural = "监督员开箱签名"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["round", "supervisor"], name="a_supervisor_signs_a_box_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
