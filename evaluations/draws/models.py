"""Draws (抽取): planned, committed, seeded, drawn, signed, published; committed data is stored byte for byte."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawPurpose, DrawStatus
from evaluations.service_records.models import Client


class PlannedDraw(models.Model):
    """抽取登记: purpose, time, place and witnesses of a draw; a change adds a row and keeps the old one."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="planned_draws")
    purpose = models.CharField("抽取内容", max_length=12, choices=DrawPurpose)
    planned_at = models.DateTimeField("抽取时间", help_text="现场抽取的时间，例如：2020-07-10 09:00")
    place = models.CharField("抽取地点", max_length=80)
    witnesses = models.CharField(
        "见证人", max_length=200, help_text="四方见证人，用顿号分开，如：纪委监委、人大代表、市民代表、企业代表"
    )
    announced_at = models.DateTimeField("公告时间", editable=False)
    replaced_at = models.DateTimeField("更改时间", null=True, editable=False)
    replaced_reason = models.CharField("更改理由", max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "抽取登记"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "purpose"],
                condition=Q(replaced_at__isnull=True) & ~Q(purpose=DrawPurpose.INSPECTED),
                name="a_draw_is_planned_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.round.name} {self.get_purpose_display()}"

    @property
    def witness_names(self) -> list[str]:
        """The witnesses as a list."""
        return [name for name in self.witnesses.replace(",", "、").replace("，", "、").split("、") if name.strip()]


class DrawQuerySet(models.QuerySet["Draw"]):
    """Filters by status."""

    def standing(self) -> Self:
        """Draws not abandoned."""
        return self.exclude(status=DrawStatus.ABANDONED)


class Draw(models.Model):
    """抽取: its status only moves forward, it is never deleted; committed data is stored verbatim (protocol 3)."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="draws")
    planned = models.ForeignKey(PlannedDraw, models.PROTECT, verbose_name="登记", null=True, related_name="draws")
    purpose = models.CharField("抽取内容", max_length=12, choices=DrawPurpose)
    status = models.CharField("状态", max_length=10, choices=DrawStatus, default=DrawStatus.COMMITTED)
    draw_id = models.CharField("抽取编号", max_length=60, unique=True)
    params = models.TextField("参数（原文）")
    commit = models.CharField("承诺校验值", max_length=64)
    committed_at = models.DateTimeField("承诺时间")
    randomness = models.JSONField("随机数", default=list)
    issues = models.JSONField("彩票期号", default=list)
    lead_waived = models.BooleanField("不执行最短间隔（演示）", default=False)
    seeded_at = models.DateTimeField("随机数录入时间", null=True)
    seed = models.CharField("抽取种子", max_length=64, blank=True)
    result = models.TextField("结果（原文）", blank=True)
    drawn_at = models.DateTimeField("抽取时间", null=True)
    drawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="抽取经办人", null=True, related_name="+"
    )
    published_at = models.DateTimeField("公开时间", null=True)
    abandoned_at = models.DateTimeField("作废时间", null=True)
    abandon_reason = models.CharField("作废理由", max_length=200, blank=True)

    objects = DrawQuerySet.as_manager()

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
    stratum = models.CharField("类别", max_length=130)
    token = models.CharField("匿名编号", max_length=64)
    person = models.ForeignKey(PoolEntry, models.PROTECT, verbose_name="人员", null=True, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, verbose_name="办事人", null=True, related_name="+")
    ref = models.CharField("内部编号", max_length=60, blank=True, help_text="抽取科室时为科室代码，不公开")
    salt = models.CharField("查询码", max_length=64, blank=True)
    exclusion = models.CharField("不参加抽取的原因", max_length=20, blank=True)
    is_selected = models.BooleanField("抽中", default=False)
    place = models.PositiveIntegerField("抽取次序", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "抽取对象"
        ordering = ["stratum", "place"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "stratum", "token"], name="a_token_stands_once_in_a_stratum")
        ]

    def __str__(self) -> str:
        return f"{self.stratum} {self.token[:8]}"

    @property
    def drawn(self) -> PoolEntry | Client | None:
        """The person behind the token: of a pool, or a client; None for a section, a ballot, or once erased."""
        return self.person or self.client


class RandomnessEntry(models.Model):
    """随机数录入: one user's reading of one source; it counts once two users agree."""

    draw = models.ForeignKey(Draw, models.PROTECT, verbose_name="抽取", related_name="readings")
    source = models.PositiveSmallIntegerField("随机数组号")
    numbers = models.JSONField("数字")
    issue = models.CharField("彩票期号", max_length=20, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="录入人", related_name="+")
    at = models.DateTimeField("录入时间")

    class Meta:
        verbose_name = verbose_name_plural = "随机数录入"
        ordering = ["source", "pk"]
        constraints = [models.UniqueConstraint(fields=["draw", "source", "by"], name="one_reading_a_source_and_person")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class DrawEvent(models.Model):
    """抽取事件: a removal or a further committed round, in the hash chain of its draw (protocol 3.11)."""

    draw = models.ForeignKey(Draw, models.PROTECT, verbose_name="抽取", related_name="events")
    seq = models.PositiveIntegerField("序号")
    body = models.TextField("事件（原文）")
    head = models.CharField("抽取记录校验值", max_length=64)
    entry = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="移除的对象", null=True, related_name="+")
    explanation = models.CharField("说明（不公开）", max_length=300, blank=True)
    calls = models.JSONField("拨打日期", default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", related_name="+")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "抽取事件"
        ordering = ["draw", "seq"]
        constraints = [models.UniqueConstraint(fields=["draw", "seq"], name="a_draw_counts_its_events")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class SigningSheet(models.Model):
    """签名码密封件: the sheet of one supervisor; taken out once, used once another person has confirmed its handing."""

    entry = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="signing_sheets")
    number = models.PositiveSmallIntegerField("第几份")
    issued_at = models.DateTimeField("批准时间")
    sealed_at = models.DateTimeField("取出时间", null=True)
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="取出人", null=True, related_name="+"
    )
    handed_at = models.DateTimeField("交付时间", null=True)
    handed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="确认交付的人", null=True, related_name="+"
    )
    revoked_at = models.DateTimeField("作废时间", null=True)
    revoked_reason = models.CharField("作废理由", max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "签名码密封件"
        ordering = ["entry", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(revoked_at__isnull=True), name="a_supervisor_has_one_sheet"
            ),
            models.CheckConstraint(
                condition=Q(sealed_at__isnull=True, sealed_by__isnull=True, handed_at__isnull=True)
                | Q(sealed_at__isnull=False, sealed_by__isnull=False),
                name="a_sheet_is_taken_out_before_it_is_handed_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry.stratum}第{self.entry.place}位，第{self.number}份"


class SigningCode(models.Model):
    """签名码: a drawn supervisor's one-time code, stored only as a hash."""

    entry = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="signing_codes")
    code_sha256 = models.CharField("签名码校验值", max_length=64, unique=True)
    used_at = models.DateTimeField("使用时间", null=True)
    # None: issued before there were sheets.
    sheet = models.ForeignKey(SigningSheet, models.PROTECT, verbose_name="密封件", null=True, related_name="codes")

    class Meta:
        verbose_name = verbose_name_plural = "签名码"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class DrawSignature(models.Model):
    """监督员签名: confirmation of a draw by a drawn supervisor present, with a one-time code."""

    draw = models.ForeignKey(Draw, models.PROTECT, verbose_name="抽取", related_name="signatures")
    supervisor = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="+")
    at = models.DateTimeField("签名时间")

    class Meta:
        verbose_name = verbose_name_plural = "监督员签名"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["draw", "supervisor"], name="a_supervisor_signs_a_draw_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
