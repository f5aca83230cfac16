"""Pools (名单库) of people who may be drawn, their public notices, and objections."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluations.pools.rules.kinds import ExclusionReason, PoolKind
from evaluations.rounds.models import Round
from nanchuan_eval.encryption.fields import EncryptedField, mask_phone
from nanchuan_eval.workdays.rules import Term


class PoolEntry(models.Model):
    """名单库人员: one person in a pool, in one stratum (身份类别); never public."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="pool")
    kind = models.CharField("名单库", max_length=12, choices=PoolKind)
    stratum = models.CharField("身份类别", max_length=40)
    name = models.CharField("姓名", max_length=40)
    unit = models.CharField("单位", max_length=80, blank=True)
    phone = EncryptedField("手机号", blank=True, looked_up_by="phone_hash")
    phone_hash = models.CharField("手机号摘要", max_length=64)
    # The phone since a correction; the committed token is computed from the one above.
    contact = EncryptedField("更正后的手机号", blank=True, looked_up_by="contact_hash")
    contact_hash = models.CharField("更正后的手机号摘要", max_length=64, blank=True)
    dealt_with = models.CharField("办过事的科室", max_length=300, blank=True, help_text="科室代码，用空格分开")
    exclusion = models.CharField("不参加抽取的原因", max_length=20, blank=True, choices=ExclusionReason)
    exclusion_note = models.CharField("回避说明", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "名单库"
        ordering = ["kind", "stratum", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "kind", "phone_hash"], name="a_phone_stands_once_in_a_pool")
        ]

    def __str__(self) -> str:
        return f"{self.name[:1]}**"

    @property
    def masked_phone(self) -> str:
        """The phone as staff see it: 138****0001."""
        return mask_phone(self.contact or self.phone)


class PoolNotice(models.Model):
    """名单公告: publishes the size of a pool and opens an objection period."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="pool_notices")
    kind = models.CharField("名单库", max_length=12, choices=PoolKind)
    strata = models.JSONField("各类别人数", default=dict)
    announced_at = models.DateTimeField("公告时间")
    objections_until = models.DateField("异议截止")
    withdrawn_at = models.DateTimeField("撤回时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "名单公告"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "kind"],
                condition=Q(withdrawn_at__isnull=True),
                name="a_pool_has_one_notice",
                violation_error_message="这个名单库已经公告。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.round.name}{self.get_kind_display()}公告"

    @property
    def people(self) -> int:
        """Size of the pool when the notice was published."""
        return sum(self.strata.values())

    @property
    def term(self) -> Term | None:
        """The objection period in working days, unless the notice was withdrawn."""
        return None if self.withdrawn_at else Term(timezone.localdate(self.announced_at), self.objections_until)


class PoolObjection(models.Model):
    """名单异议: an objection to a pool and the office's answer; neither is public."""

    notice = models.ForeignKey(PoolNotice, models.CASCADE, verbose_name="名单公告", related_name="objections")
    content = models.CharField("异议内容", max_length=500)
    received_at = models.DateTimeField("收到时间")
    answer = models.CharField("办理结果", max_length=500, blank=True)
    answered_at = models.DateTimeField("处理时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "名单异议"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.notice}的异议（第{self.pk}号）"
