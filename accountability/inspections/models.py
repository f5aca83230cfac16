"""暗访督查: secret plans, visits, findings and orders to rectify (rulebook R-I)."""

import uuid
from datetime import date, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accountability.inspections.rules import (
    UNMADE,
    Conclusion,
    InspectionState,
    Method,
    OrderState,
    PlanState,
    Severity,
    Target,
    is_missed,
    recheck_until,
)
from accountability.rectifications.models import Rectification, RectificationItem
from evaluations.draws.models import Draw
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import Term, in_chinese


class InspectionPlan(models.Model):
    """暗访计划: the period for visiting all listed and some drawn sections; secret from the units."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="inspection_plans")
    name = models.CharField("名称", max_length=60)
    starts_on = models.DateField("开始日期")
    ends_on = models.DateField("结束日期")
    drawn_sections = models.PositiveSmallIntegerField("随机抽查科室数")
    state = models.CharField("状态", max_length=10, choices=PlanState, default=PlanState.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="拟订人", related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="批准人", null=True, related_name="+"
    )
    draw = models.OneToOneField(Draw, models.PROTECT, verbose_name="抽取", null=True, related_name="inspection_plan")
    seed = models.CharField("排期种子", max_length=64, blank=True)
    finished_at = models.DateTimeField("结束时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "暗访计划"
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")),
                name="an_inspection_plan_ends_after_it_starts",
                violation_error_message="结束日期不能早于开始日期。",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="a_plan_is_approved_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def term(self) -> Term | None:
        """The period whose working days the visits are spread over, its first day included; None once it is over."""
        if self.state == PlanState.DONE:
            return None
        return Term(self.starts_on - timedelta(days=1), self.ends_on, is_stored=False)


class InspectionQuerySet(models.QuerySet["Inspection"]):
    """Visits by inspector, viewer and state."""

    def assigned_to(self, inspector: User) -> Self:
        """Visits of one inspector."""
        return self.filter(inspectors=inspector)

    def visible_to(self, account: User) -> Self:
        """Visits the account may view: all of them, or an inspector's own."""
        rows = self.select_related("section__result", "plan__round", "rectification")
        if policy.may_see(account, "insp.plan.view"):
            return rows
        return rows.assigned_to(account) if policy.may_see(account, "insp.plan.view", own=True) else rows.none()

    def not_cancelled(self) -> Self:
        """Visits that were made or are to be made."""
        return self.exclude(state=InspectionState.CANCELLED)

    def unsubmitted(self) -> Self:
        """Visits whose record is not yet submitted."""
        return self.filter(state=InspectionState.ASSIGNED)


class Inspection(models.Model):
    """暗访: one unannounced visit to a section; submitting the record locks it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    plan = models.ForeignKey(InspectionPlan, models.PROTECT, verbose_name="暗访计划", related_name="inspections")
    section = models.ForeignKey(RoundSection, models.PROTECT, verbose_name="科室", related_name="inspections")
    target = models.CharField("对象来源", max_length=10, choices=Target)
    rectification = models.ForeignKey(
        Rectification, models.PROTECT, verbose_name="整改", null=True, related_name="inspections"
    )
    returns_to = models.ForeignKey(
        "self", models.PROTECT, verbose_name="所回访的暗访", null=True, related_name="return_visits"
    )
    visit_on = models.DateField("暗访日期")
    inspectors = models.ManyToManyField(settings.AUTH_USER_MODEL, verbose_name="督查员", related_name="inspections")
    state = models.CharField("状态", max_length=10, choices=InspectionState, default=InspectionState.PLANNED)
    method = models.CharField("方式", max_length=10, choices=Method, blank=True)
    arrived_at = models.DateTimeField("到达时间", null=True)
    left_at = models.DateTimeField("离开时间", null=True)
    place = models.CharField("地点、窗口", max_length=100, blank=True)
    errand = models.CharField("模拟事项", max_length=200, blank=True)
    call = models.CharField("拨打情况", max_length=200, blank=True)
    interviewed = models.PositiveSmallIntegerField("访谈人数", null=True)
    checks = models.JSONField("检查项", default=dict)
    situation = models.TextField("现场情况", max_length=3000, blank=True)
    conclusion = models.CharField("结论", max_length=10, choices=Conclusion, blank=True)
    submitted_at = models.DateTimeField("提交时间", null=True)
    record_sha256 = models.CharField("记录校验值", max_length=64, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="审定人", null=True, related_name="+"
    )
    approved_at = models.DateTimeField("审定时间", null=True)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "暗访"
        ordering = ["visit_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("arrived_at")),
                name="an_inspector_leaves_after_arriving",
                violation_error_message="离开时间不能早于到达时间。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.section}暗访"

    @property
    def source(self) -> str:
        """Why the section is visited; one that a correction has taken off the list is listed no longer."""
        result = getattr(self.section, "result", None)
        if self.target == Target.LISTED and result is not None and not result.is_listed:
            return "原上榜科室，更正后已撤下" if result.is_withdrawn else "原上榜科室，重新计票后不再上榜"
        return self.get_target_display()

    @property
    def is_unmade(self) -> bool:
        """True while the visit can still be staffed, moved or cancelled."""
        return self.state in UNMADE

    @property
    def is_missed(self) -> bool:
        """True if its day has passed without a submitted record (已过期)."""
        return is_missed(self.state, self.visit_on, timezone.localdate())

    def is_checked_by(self, account: User) -> bool:
        """True if the account is sent on a return visit, which checks what this visit found."""
        sent = self.return_visits.not_cancelled().filter(inspectors=account)
        return account.role == Role.INSPECTOR and sent.exists()

    def is_assigned_to(self, account: User) -> bool:
        """True if the account is one of the inspectors sent."""
        return account.role == Role.INSPECTOR and self.inspectors.filter(pk=account.pk).exists()


class VisitChange(models.Model):
    """暗访改期或取消: the day before, the new day (none if cancelled) and the reason; never changed afterwards."""

    inspection = models.ForeignKey(Inspection, models.PROTECT, verbose_name="暗访", related_name="changes")
    from_on = models.DateField("原定日期")
    to_on = models.DateField("改至日期", null=True)
    reason = models.CharField("理由", max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="办理人", related_name="+")
    at = models.DateTimeField("办理时间")

    class Meta:
        verbose_name = verbose_name_plural = "暗访改期和取消"
        ordering = ["inspection", "at", "pk"]

    def __str__(self) -> str:
        if self.to_on is None:
            return f"原定{in_chinese(self.from_on)}，已取消：{self.reason}"
        return f"由{in_chinese(self.from_on)}改至{in_chinese(self.to_on)}：{self.reason}"


class ItemCheckQuerySet(models.QuerySet["ItemCheck"]):
    """Item checks by result."""

    def approved(self) -> Self:
        """Checks from approved visits."""
        return self.filter(inspection__state=InspectionState.APPROVED)

    def passing(self) -> Self:
        """Passed checks from approved visits."""
        return self.approved().filter(is_passed=True)


class ItemCheck(models.Model):
    """整改复查: the inspectors' check of one item of a rectification plan."""

    inspection = models.ForeignKey(Inspection, models.CASCADE, verbose_name="暗访", related_name="item_checks")
    item = models.ForeignKey(RectificationItem, models.PROTECT, verbose_name="整改事项", related_name="checks")
    is_passed = models.BooleanField("是否整改到位")
    note = models.CharField("说明", max_length=300, blank=True)

    objects = ItemCheckQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "整改复查"
        ordering = ["inspection", "item"]
        constraints = [models.UniqueConstraint(fields=["inspection", "item"], name="an_item_is_checked_once_a_visit")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class Finding(models.Model):
    """发现: one 表象 that the inspectors observed."""

    inspection = models.ForeignKey(Inspection, models.CASCADE, verbose_name="暗访", related_name="findings")
    indicator = models.CharField("指标", max_length=20, choices=Indicator)
    text = models.CharField("表象", max_length=200)
    severity = models.CharField("严重程度", max_length=1, choices=Severity)

    class Meta:
        verbose_name = verbose_name_plural = "暗访发现"
        ordering = ["inspection", "-severity", "pk"]
        constraints = [models.UniqueConstraint(fields=["inspection", "text"], name="a_sign_is_found_once_a_visit")]

    def __str__(self) -> str:
        return self.text

    @property
    def indicator_name(self) -> str:
        """What the round calls the indicator."""
        return questionnaire_of(self.inspection.plan.round.rulebook).names[self.indicator]

    @property
    def in_full(self) -> str:
        """The finding with its indicator and how serious it is."""
        return f"{self.indicator_name}：{self.text}（{self.get_severity_display()}）"


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by who may view them."""

    def visible_to(self, account: User) -> Self:
        """Orders the account may view: all of them, or those to its own unit."""
        rows = self.select_related("inspection__section", "inspection__plan__round")
        if policy.may_see(account, "insp.plan.view"):
            return rows
        if account.role == Role.LIAISON and account.unit_code:
            return rows.filter(inspection__section__department_code=account.unit_code)
        return rows.none()


class Order(models.Model):
    """责令整改: what a unit must rectify after a visit, and by when; it names no inspector."""

    inspection = models.OneToOneField(Inspection, models.PROTECT, verbose_name="暗访", related_name="order")
    demand = models.TextField("整改要求", max_length=2000)
    due_on = models.DateField("整改期限")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="发出人", related_name="+")
    issued_at = models.DateTimeField("发出时间")
    state = models.CharField("状态", max_length=10, choices=OrderState, default=OrderState.ISSUED)
    reply = models.TextField("单位反馈", max_length=3000, blank=True)
    replied_at = models.DateTimeField("反馈时间", null=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "责令整改通知"
        ordering = ["due_on", "pk"]

    def __str__(self) -> str:
        return f"责令{self.inspection.section}整改"

    @property
    def term(self) -> Term | None:
        """The term in working days for an order still to be answered."""
        if self.state != OrderState.ISSUED:
            return None
        return Term(timezone.localdate(self.issued_at), self.due_on)

    @property
    def check_until(self) -> date | None:
        """Day by which a return visit checks the reply; None unless it is to be checked."""
        if self.state != OrderState.REPLIED or self.replied_at is None:
            return None
        days = int(self.inspection.plan.round.rulebook["recheck_days"])
        return recheck_until(timezone.localdate(self.replied_at), days)


class Recusal(models.Model):
    """回避: a unit whose sections an inspector must not visit."""

    inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="督查员", related_name="recusals"
    )
    department_code = models.CharField("单位代码", max_length=20)
    reason = models.CharField("理由", max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = "回避"
        ordering = ["inspector", "department_code"]
        constraints = [
            models.UniqueConstraint(fields=["inspector", "department_code"], name="a_recusal_is_declared_once")
        ]

    def __str__(self) -> str:
        return f"{self.inspector}回避{self.department_code}"
