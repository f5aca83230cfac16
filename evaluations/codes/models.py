"""Ballot codes (票号), stored only as hashes (protocol 6.2), their batches, and alerts about claims."""

from typing import Self

from django.conf import settings
from django.db import models

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.rules.open_channel import OpenAlert
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Channel


class CodeBatch(models.Model):
    """票号批次: codes issued together for one channel, origin and stratum."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="batches")
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    origin = models.CharField("来源", max_length=12, choices=Origin)
    label = models.CharField("批次名称", max_length=60)
    is_self_service = models.BooleanField("网上领票", default=False, help_text="群众在网页上自己领取，一次一个票号")
    is_open = models.BooleanField("有效", default=True, help_text="停用的批次不能再投票")
    stratum = models.CharField(
        "身份类别", max_length=130, blank=True, help_text="定向批次按身份类别分开生成，便于统计回收率"
    )
    section = models.ForeignKey(
        RoundSection,
        models.PROTECT,
        verbose_name="绑定科室",
        null=True,
        blank=True,
        related_name="+",
        help_text="办事群众的票只评抽中的科室，不能评其他科室",
    )
    is_halted = models.BooleanField("暂停收票", default=False, help_text="票数不符时暂停，查清后恢复")
    issued_sha256 = models.CharField("发放清单校验值", max_length=64, blank=True)
    replaces = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name="补发自",
        null=True,
        blank=True,
        related_name="replacements",
        help_text="补发的票号单独成批，单独公布发放清单；收回数和纸质票并入原批次",
    )

    class Meta:
        verbose_name = verbose_name_plural = "票号批次"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.label


class OpenClaimAlertQuerySet(models.QuerySet["OpenClaimAlert"]):
    """Filters by state of review."""

    def unreviewed(self) -> Self:
        """Alerts never reviewed, or with more occurrences since the review."""
        return self.filter(reviewed_times__lt=models.F("times"))


class OpenClaimAlert(models.Model):
    """领票异常: how often codes of a self-service batch were claimed in a suspicious way on one day."""

    batch = models.ForeignKey(CodeBatch, models.PROTECT, verbose_name="批次", related_name="alerts")
    kind = models.CharField("情形", max_length=10, choices=OpenAlert)
    on = models.DateField("日期")
    times = models.PositiveIntegerField("次数", default=0)
    reviewed_times = models.PositiveIntegerField("已核查次数", default=0)
    review = models.CharField("核查情况", max_length=300, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="核查人", null=True, related_name="+"
    )
    reviewed_at = models.DateTimeField("核查时间", null=True)

    objects = OpenClaimAlertQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "领票异常"
        ordering = ["on", "kind"]
        constraints = [models.UniqueConstraint(fields=["batch", "kind", "on"], name="one_alert_per_kind_and_day")]

    def __str__(self) -> str:
        return f"{self.on:%-m月%-d日}{self.batch}：{self.get_kind_display()}"

    @property
    def is_reviewed(self) -> bool:
        """True if all occurrences are reviewed."""
        return self.reviewed_times >= self.times


class Credential(models.Model):
    """票号: stores I = H(E) from issue on, E = H(code) once used; the code itself is stored nowhere."""

    issue = models.CharField("发放校验值 I", max_length=64, primary_key=True)
    spend = models.CharField("使用校验值 E", max_length=64, null=True, unique=True)
    batch = models.ForeignKey(CodeBatch, models.PROTECT, verbose_name="批次", related_name="credentials")
    is_void = models.BooleanField("作废", default=False)
    is_on_paper = models.BooleanField("纸质收回", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "票号"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
