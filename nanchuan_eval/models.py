"""Accounts, the audit trail and the calendar: the floor every app stands on."""

from datetime import UTC
from typing import ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from nanchuan_eval.policy import Role, action_name
from nanchuan_eval.rules import chain
from nanchuan_eval.rules.workdays import Calendar

# Citizens and drawn evaluators have no account: their code is the right, once.
ACCOUNT_ROLES = [(r.value, r.label) for r in Role if r not in {Role.ANONYMOUS, Role.BALLOT_HOLDER, Role.TARGETED}]
DESK_ROLES = frozenset({Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.PERSONNEL, Role.SYSTEM_ADMIN, Role.AUDITOR})


class UserManager(BaseUserManager["User"]):
    """Accounts by their unique name; there is no superuser (等保：权限分离)."""


class User(AbstractBaseUser):
    """账号: one person in one role; all rights follow from the role and the policy table."""

    username = models.CharField("账号", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    role = models.CharField("角色", max_length=3, choices=ACCOUNT_ROLES)
    unit_code = models.CharField("所属单位代码", max_length=20, blank=True, help_text="仅单位联络员填写，如 D05")
    person_code = models.CharField(
        "人员编号", max_length=40, blank=True, help_text="工号等；一人有几个账号时填同一编号，不得自提自批"
    )
    is_active = models.BooleanField("启用", default=True)
    created_at = models.DateTimeField("创建时间", auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    class Meta:
        verbose_name = verbose_name_plural = "账号"
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(role=Role.LIAISON) | ~models.Q(unit_code=""),
                name="liaison_belongs_to_a_unit",
                violation_error_message="单位联络员必须填写所属单位代码。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}({self.get_role_display()})"

    @property
    def person(self) -> str:
        """Who is behind the account: two accounts of one person never make two persons."""
        return self.person_code or f"account {self.pk}"

    @property
    def is_staff(self) -> bool:
        """Whether the account works at the admin desk."""
        return self.role in DESK_ROLES

    def get_short_name(self) -> str:
        """Return the name by which the desk greets."""
        return self.name

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False: rights come from the policy table only, never from Django's permissions."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Let the desk roles into the admin; each model admin asks the policy table itself."""
        return self.is_active and self.is_staff


class AuditEntry(models.Model):
    """操作留痕: who did what to which object when; written in the deed's own transaction, chained, never changed."""

    class Result(models.TextChoices):
        OK = "ok", "成功"
        DENIED = "denied", "被拒绝"

    seq = models.PositiveBigIntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(User, models.PROTECT, verbose_name="操作人", null=True, related_name="+")
    role = models.CharField("角色", max_length=10)
    session = models.CharField("会话指纹", max_length=16, blank=True)
    address = models.CharField("来源地址", max_length=45, blank=True)
    action = models.CharField("操作", max_length=40)
    object_type = models.CharField("对象类型", max_length=60, blank=True)
    object_id = models.CharField("对象编号", max_length=80, blank=True)
    result = models.CharField("结果", max_length=10, choices=Result, default=Result.OK)
    reason = models.CharField("理由", max_length=300, blank=True)
    detail = models.JSONField("详情", default=dict)
    algorithm = models.CharField("算法", max_length=10, default=chain.ALGORITHM)
    prev = models.CharField("前一条指纹", max_length=64)
    hash = models.CharField("本条指纹", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "操作留痕"
        ordering = ["-seq"]
        indexes = [models.Index(fields=["object_type", "object_id"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action_name}"

    @property
    def action_name(self) -> str:
        """The action in Chinese, and the round's step where it is one."""
        step = self.detail.get("step_label", "")
        return step or action_name(self.action)

    @property
    def link(self) -> chain.Link:
        """The row as the chain sees it."""
        fields = {
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": self.actor_id,
            "role": self.role,
            "session": self.session,
            "address": self.address,
            "action": self.action,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "result": str(self.result),
            "reason": self.reason,
            "detail": self.detail,
        }
        return chain.Link(self.seq, fields, self.prev, self.hash, self.algorithm)


class AuditHead(models.Model):
    """链头: the one row that every new trace locks; number and hash of the last one."""

    seq = models.PositiveBigIntegerField("序号", default=0)
    hash = models.CharField("指纹", max_length=64, default=chain.GENESIS)

    class Meta:
        verbose_name = verbose_name_plural = "日志链头"


class AuditAnchor(models.Model):
    """锚点: the head as it stood at a published act or at the end of a day; public, so that copies lie elsewhere."""

    seq = models.PositiveBigIntegerField("序号")
    hash = models.CharField("指纹", max_length=64)
    at = models.DateTimeField("时间")
    occasion = models.CharField("事由", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "日志锚点"
        ordering = ["seq", "pk"]

    def __str__(self) -> str:
        """Return the line of the anchors' file."""
        return f"{self.seq}\t{self.hash}\t{self.at.astimezone(UTC).isoformat(timespec='seconds')}\t{self.occasion}"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals by what is left to do."""

    def pending(self) -> Self:
        """Proposals nobody has decided on yet (待审批)."""
        return self.filter(state=Approval.State.PENDING)


class Approval(models.Model):
    """审批: a proposal bound to the digest of what is proposed, decided once by another person."""

    class State(models.TextChoices):
        PENDING = "pending", "待审批"
        APPROVED = "approved", "已同意"
        RETURNED = "returned", "已退回"
        WITHDRAWN = "withdrawn", "已撤回"
        STALE = "stale", "已失效"

    deed = models.CharField("事项代码", max_length=60)
    action = models.CharField("操作", max_length=40)
    object_type = models.CharField("对象类型", max_length=60)
    object_id = models.CharField("对象编号", max_length=80)
    title = models.CharField("事项", max_length=200)
    arguments = models.JSONField("参数", default=dict)
    content = models.JSONField("审批内容")
    digest = models.CharField("内容指纹", max_length=64)
    reason = models.CharField("提请理由", max_length=300, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, verbose_name="提请人", related_name="+")
    proposed_at = models.DateTimeField("提请时间")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PENDING)
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name="审批人", null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    note = models.CharField("审批意见", max_length=300, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审批"
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["deed", "object_id"],
                condition=models.Q(state="pending"),
                name="one_pending_proposal_per_deed_and_object",
                violation_error_message="这件事已经提请，正在等待审批。",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved") | ~models.Q(decided_by=models.F("proposed_by")),
                name="nobody_approves_his_own_proposal",
                violation_error_message="不能审批自己提请的事项。",
            ),
            models.CheckConstraint(
                condition=models.Q(state="pending", decided_at__isnull=True)
                | ~models.Q(state="pending") & models.Q(decided_at__isnull=False),
                name="a_decision_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class HolidayQuerySet(models.QuerySet["Holiday"]):
    """Holidays as a calendar."""

    def calendar(self) -> Calendar:
        """Return the whole table as a pure calendar (one query)."""
        days = dict(self.values_list("day", "is_workday"))
        return Calendar(
            days_off=frozenset(day for day, works in days.items() if not works),
            extra_workdays=frozenset(day for day, works in days.items() if works),
        )


class Holiday(models.Model):
    """节假日、调休: the days on which the calendar differs from Monday-to-Friday."""

    day = models.DateField("日期", unique=True)
    name = models.CharField("名称", max_length=40)
    is_workday = models.BooleanField("调休上班", default=False, help_text="周末调休上班时勾选")

    objects = HolidayQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "节假日与调休"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
