"""轮次: the round, its frozen sections and the dates of its steps."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from departments.models import DepartmentKind, Section, ServiceKind
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.rules.rulebook import default_rulebook

if TYPE_CHECKING:
    from evaluations.tally.models import Tally


class RulebookField(models.JSONField[Any, Any]):
    """The rulebook of a round; a new round starts with the default rules."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": default_rulebook, **kwargs})

    def deconstruct(self) -> Any:
        """Describe the column to migrations as plain JSON, so that no migration imports the default rules."""
        name, _, args, kwargs = super().deconstruct()
        del kwargs["default"]
        return name, "django.db.models.JSONField", args, kwargs


class RoundQuerySet(models.QuerySet["Round"]):
    """Named filters of rounds."""

    def accepting(self, at: datetime) -> Self:
        """Rounds whose ballots are accepted at that moment (评议中)."""
        return self.filter(state=RoundState.OPEN, opens_at__lte=at, closes_at__gt=at)

    def overdue_for_sealing(self, at: datetime) -> Self:
        """Open rounds whose closing time has come."""
        return self.filter(state=RoundState.OPEN, closes_at__lte=at)


class Round(models.Model):
    """评议轮次: one half-year's (or quarter's) evaluation with its own rulebook and roster."""

    key = models.CharField(
        "轮次代码",
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[0-9A-Za-z-]+\Z", "轮次代码只能用字母、数字和短横线，如 2020H1。")],
        help_text="用于网址和票号计算，如 2020H1，建立后不再修改",
    )
    name = models.CharField("名称", max_length=40, help_text="如 2020年上半年")
    period_start = models.DateField("评议期起始日期")
    period_end = models.DateField("评议期截止日期")
    opens_at = models.DateTimeField("投票开始时间")
    closes_at = models.DateTimeField("投票截止时间")
    state = models.CharField("状态", max_length=10, choices=RoundState, default=RoundState.DRAFT, editable=False)
    rulebook = RulebookField("评议规则", editable=False)
    is_demo = models.BooleanField("演示数据", default=False, editable=False)
    ballot_form = models.TextField("评议表（锁定）", blank=True, editable=False)
    ballot_form_sha256 = models.CharField("评议表校验值", max_length=64, blank=True, editable=False, db_index=True)
    privacy_notice = models.JSONField("个人信息说明（锁定）", default=dict, blank=True, editable=False)
    profile = models.JSONField("机构信息（锁定）", default=dict, blank=True, editable=False)
    box_key = models.CharField("票箱公钥校验值", max_length=64, blank=True, editable=False)
    closing_root = models.CharField("封箱总校验值", max_length=64, blank=True, editable=False)
    closing = models.TextField("封箱记录（原文）", blank=True, editable=False)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评议轮次"
        ordering = ["-period_start", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at__lt=F("closes_at")),
                name="round_opens_before_it_closes",
                violation_error_message="开始投票的时间必须早于截止投票的时间。",
            ),
            models.CheckConstraint(
                condition=Q(period_start__lt=F("period_end")),
                name="round_period_has_length",
                violation_error_message="评议期起始日必须早于截止日。",
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state=RoundState.OPEN),
                name="one_open_round_at_a_time",
                violation_error_message="同一时间只能有一个轮次在投票。",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tally(self) -> "Tally":
        """The count in force: the newest version (one query)."""
        return self.tallies.latest("version")

    def accepts(self, at: datetime) -> bool:
        """True if ballots are accepted at that moment (评议中), as `accepting` has it."""
        return self.state == RoundState.OPEN and self.opens_at <= at < self.closes_at


class RoundStep(models.Model):
    """轮次进程: when the round reached a state, and by whom; each state once."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="steps")
    state = models.CharField("状态", max_length=10, choices=RoundState)
    at = models.DateTimeField("时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "轮次进程"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["round", "state"], name="a_round_reaches_a_state_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class Unfreezing(models.Model):
    """解除锁定: that a frozen round became a draft again, why, and what was frozen until then."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="unfreezings")
    frozen_at = models.DateTimeField("锁定时间")
    at = models.DateTimeField("解除时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="审批人", related_name="+")
    reason = models.CharField("理由", max_length=300)
    sections = models.PositiveIntegerField("参评科室数")
    ballot_form_sha256 = models.CharField("当时的评议表校验值", max_length=64)
    roster_sha256 = models.CharField("当时的名录校验值", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "解除锁定"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class RoundSection(models.Model):
    """参评科室: a section as it was when the roster was frozen (名录锁定), with the people then responsible."""

    round = models.ForeignKey(Round, models.CASCADE, verbose_name="轮次", related_name="sections")
    section = models.ForeignKey(Section, models.PROTECT, verbose_name="科室", related_name="rounds")
    code = models.CharField("科室代码", max_length=20)
    name = models.CharField("科室", max_length=60)
    service_kind = models.CharField("服务类型", max_length=20, choices=ServiceKind)
    department_code = models.CharField("单位代码", max_length=20)
    department_name = models.CharField("单位", max_length=60)
    department_kind = models.CharField("单位性质", max_length=20, choices=DepartmentKind)
    is_vertical = models.BooleanField("垂直管理")
    superior = models.CharField("上级主管单位", max_length=60, blank=True)
    chief_leader = models.CharField("主要领导", max_length=40, blank=True)
    leader_in_charge = models.CharField("分管领导", max_length=40, blank=True)
    head_name = models.CharField("科室负责人", max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "参评科室"
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["round", "code"], name="a_section_takes_part_once")]

    def __str__(self) -> str:
        return f"{self.department_name}{self.name}"

    @property
    def reports_to_superior(self) -> bool:
        """True if the unit is not the district's to promote or assess: its superior unit is told instead."""
        return self.is_vertical or self.department_kind == DepartmentKind.UTILITY

    @property
    def superior_name(self) -> str:
        """The superior unit (上级主管单位), by its name or by whose it is."""
        return self.superior or f"{self.department_name}的上级主管单位"
