"""The audit log (操作日志) and its anchors."""

from datetime import UTC
from typing import Self

from django.db import models
from django.utils.timezone import localtime

from nanchuan_eval.audit import rules as audit_rules
from nanchuan_eval.permissions.policy import action_name
from nanchuan_eval.users.models import User


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Entries that performed an action; entries of one account."""

    def performed(self) -> Self:
        """Return the successful actions, without their proposals, decisions and refusals, whose action is the same."""
        done = self.filter(result=AuditEntry.Result.OK)
        return done.exclude(detail__has_keys=list(audit_rules.PROPOSAL_KEYS))

    def refused(self) -> Self:
        """Return the actions that the table or a rule refused."""
        return self.filter(result=AuditEntry.Result.REFUSED)

    def logins_of(self, user: User) -> Self:
        """Return the account's log-ins, failed ones included, latest first (登录记录)."""
        return self.filter(
            action__startswith="session.", object_type=user._meta.label, object_id=str(user.pk)
        ).order_by("-seq")

    def actions_of(self, user: User) -> Self:
        """Return the account's own actions without its sessions, latest first."""
        return self.filter(actor=user).exclude(action__startswith="session.").order_by("-seq")


class AuditEntry(models.Model):
    """操作日志: who did what to which object when; written in the action's transaction, chained, never changed."""

    class Result(models.TextChoices):
        OK = "ok", "成功"
        DENIED = "denied", "无权限"
        REFUSED = "refused", "不符合规则"

    seq = models.PositiveBigIntegerField("序号", unique=True)
    at = models.DateTimeField("时间")
    actor = models.ForeignKey(User, models.PROTECT, verbose_name="操作人", null=True, related_name="+")
    role = models.CharField("角色", max_length=10)
    session = models.CharField("登录标识", max_length=16, blank=True)
    address = models.CharField("来源地址", max_length=45, blank=True)
    action = models.CharField("操作", max_length=40)
    object_type = models.CharField("对象类型", max_length=60, blank=True)
    object_id = models.CharField("对象编号", max_length=80, blank=True)
    result = models.CharField("结果", max_length=10, choices=Result, default=Result.OK)
    reason = models.CharField("理由", max_length=300, blank=True)
    detail = models.JSONField("详情", default=dict)
    algorithm = models.CharField("算法", max_length=10, default=audit_rules.ALGORITHM)
    prev = models.CharField("前一条校验值", max_length=64)
    hash = models.CharField("本条校验值", max_length=64)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "操作日志"
        ordering = ["-seq"]
        indexes = [models.Index(fields=["object_type", "object_id"])]

    def __str__(self) -> str:
        return f"{localtime(self.at):%Y-%m-%d %H:%M} {self.action_name}"

    @property
    def action_name(self) -> str:
        """The name of the action in Chinese, or of the round's step."""
        step = self.detail.get("step_label", "")
        return step or action_name(self.action)

    @property
    def link(self) -> audit_rules.Link:
        """The row as a link of the hash chain."""
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
        return audit_rules.Link(self.seq, fields, self.prev, self.hash, self.algorithm)


class AuditHead(models.Model):
    """链头: number and hash of the last entry; a single row that every new entry locks."""

    KEY = 1

    seq = models.PositiveBigIntegerField("序号", default=0)
    hash = models.CharField("校验值", max_length=64, default=audit_rules.GENESIS)

    class Meta:
        verbose_name = verbose_name_plural = "日志链头"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"

    @classmethod
    def current(cls) -> "AuditHead":
        """Return the head; an unsaved one at the start of the chain if the log is empty."""
        return cls.objects.filter(pk=cls.KEY).first() or cls()


class AuditAnchor(models.Model):
    """锚点: the chain's head at a published action or at the end of a day; public, so that others hold copies."""

    seq = models.PositiveBigIntegerField("序号")
    hash = models.CharField("校验值", max_length=64)
    at = models.DateTimeField("时间")
    occasion = models.CharField("事由", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "日志锚点"
        ordering = ["seq", "pk"]

    def __str__(self) -> str:
        """Return the anchor's line of the public file."""
        return f"{self.seq}\t{self.hash}\t{self.at.astimezone(UTC).isoformat(timespec='seconds')}\t{self.occasion}"
