"""抽取: a draw with its exact committed bytes and its tickets."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from evaluations.models.pool import PoolEntry
from evaluations.models.round import Round
from evaluations.rules.rounds import DrawPurpose, DrawStatus


class Draw(models.Model):
    """抽取: committed, then given its randomness, then drawn; one way, never deleted (protocol 3.x)."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="draws")
    purpose = models.CharField("抽取内容", max_length=12, choices=DrawPurpose)
    status = models.CharField("状态", max_length=10, choices=DrawStatus, default=DrawStatus.COMMITTED)
    draw_id = models.CharField("抽取编号", max_length=60, unique=True)
    params = models.TextField("参数（原文）")
    commit = models.CharField("承诺指纹", max_length=64)
    committed_at = models.DateTimeField("承诺时间")
    randomness = models.JSONField("随机数", default=list)
    seeded_at = models.DateTimeField("随机数录入时间", null=True)
    seed = models.CharField("种子", max_length=64, blank=True)
    proof = models.TextField("证明（原文）", blank=True)
    drawn_at = models.DateTimeField("抽取时间", null=True)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="抽取经办人", null=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "抽取"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "purpose"],
                condition=~Q(status=DrawStatus.ABANDONED) & ~Q(purpose=DrawPurpose.INSPECTED),
                name="a_round_draws_once_for_each_purpose",
                violation_error_message="本轮已有这项抽取，不能重复。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.round.name} {self.get_purpose_display()}"


class DrawEntry(models.Model):
    """抽取对象: the anonymous token of one person, section or returned ballot in one draw."""

    draw = models.ForeignKey(Draw, models.CASCADE, verbose_name="抽取", related_name="entries")
    stratum = models.CharField("类别", max_length=40)
    token = models.CharField("匿名编号", max_length=64)
    person = models.ForeignKey(PoolEntry, models.PROTECT, verbose_name="人员", null=True, related_name="+")
    ref = models.CharField("内部编号", max_length=60, blank=True, help_text="抽取科室时为科室代码，不公开")
    salt = models.CharField("盐", max_length=64, blank=True)
    exclusion = models.CharField("不参加抽取的原因", max_length=20, blank=True)
    is_selected = models.BooleanField("抽中", default=False)
    place = models.PositiveIntegerField("抽取次序", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "抽取对象"
        ordering = ["stratum", "place"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "stratum", "token"], name="a_token_stands_once_in_a_stratum")
        ]
