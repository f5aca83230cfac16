"""名单库: who may be drawn."""

from django.db import models

from evaluations.models.round import Round
from evaluations.rules.pools import PoolKind


class PoolEntry(models.Model):
    """名单库人员: one person of a pool, in one stratum (身份类别); never shown in public."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="pool")
    kind = models.CharField("名单库", max_length=12, choices=PoolKind)
    stratum = models.CharField("身份类别", max_length=40)
    name = models.CharField("姓名", max_length=40)
    unit = models.CharField("单位", max_length=80, blank=True)
    phone = models.CharField("手机号", max_length=20)
    dealt_with = models.CharField("办过事的科室", max_length=300, blank=True, help_text="科室代码，用空格分开")
    exclusion = models.CharField("不参加抽取的原因", max_length=20, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "名单库"
        ordering = ["kind", "stratum", "pk"]
        constraints = [models.UniqueConstraint(fields=["round", "kind", "phone"], name="a_phone_stands_once_in_a_pool")]

    def __str__(self) -> str:
        return f"{self.name[:1]}**"

    @property
    def masked_phone(self) -> str:
        """The phone as shown at the desk: 138****0001."""
        return f"{self.phone[:3]}****{self.phone[-4:]}"
