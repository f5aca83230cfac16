"""Proposals and decisions (审批)."""

from collections.abc import Mapping
from typing import Any, Self

from django.db import models

from nanchuan_eval.users.models import User

# Stands for an object stored as a list of its keys and values.
PAIRS = "pairs"


class OrderedField(models.JSONField[Any, Any]):
    """JSON whose keys keep their order: PostgreSQL sorts an object's keys by length, so objects are stored as pairs."""

    def deconstruct(self) -> Any:
        """Describe the column to migrations as plain JSON, which it is."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_as_pairs(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _as_objects(super().from_db_value(value, expression, connection))


def _as_pairs(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {PAIRS: [[str(key), _as_pairs(each)] for key, each in value.items()]}
    return [_as_pairs(each) for each in value] if isinstance(value, list | tuple) else value


def _as_objects(value: Any) -> Any:
    """Undo `_as_pairs`; objects stored as such, by earlier versions, stay as they are."""
    if isinstance(value, dict):
        pairs = value[PAIRS] if set(value) == {PAIRS} else value.items()
        return {key: _as_objects(each) for key, each in pairs}
    return [_as_objects(each) for each in value] if isinstance(value, list) else value


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Filters of approvals."""

    def pending(self) -> Self:
        """Return the proposals not decided yet (待审批)."""
        return self.filter(state=Approval.State.PENDING)


class Approval(models.Model):
    """审批: a proposal with the digest of its content, decided once by another person."""

    class State(models.TextChoices):
        PENDING = "pending", "待审批"
        APPROVED = "approved", "已同意"
        RETURNED = "returned", "已退回"
        WITHDRAWN = "withdrawn", "已撤回"
        STALE = "stale", "已失效"

    kind = models.CharField("事项代码", max_length=60)
    action = models.CharField("操作", max_length=40)
    object_type = models.CharField("对象类型", max_length=60)
    object_id = models.CharField("对象编号", max_length=80)
    title = models.CharField("事项", max_length=200)
    arguments = models.JSONField("参数", default=dict)
    content = OrderedField("审批内容")
    digest = models.CharField("内容校验值", max_length=64)
    reason = models.CharField("提请理由", max_length=300, blank=True)
    proposed_by = models.ForeignKey(User, models.PROTECT, verbose_name="提请人", related_name="+")
    proposed_at = models.DateTimeField("提请时间")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PENDING)
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name="审批人", null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    note = models.CharField("审批意见", max_length=300, blank=True)
    # When an authorization that is valid once was consumed (nanchuan_eval.approvals.authorizations).
    spent_at = models.DateTimeField("使用时间", null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "审批"
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"],
                # Additions, whose target is the content type, may be pending several at a time.
                condition=models.Q(state="pending") & ~models.Q(object_type="contenttypes.ContentType"),
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
