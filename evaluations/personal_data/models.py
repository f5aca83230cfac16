"""Requests about one's own data under 个人信息保护法 arts. 44-50."""

from django.db import models
from django.utils import timezone

from nanchuan_eval.encryption.fields import EncryptedField, mask_phone
from nanchuan_eval.workdays.rules import Term


class Wish(models.TextChoices):
    """Rights a personal data request may claim."""

    VIEW = "view", "查询、复制"
    CORRECT = "correct", "更正"
    DELETE = "delete", "删除"


class RequestState(models.TextChoices):
    """States of a personal data request."""

    OPEN = "open", "待办理"
    DONE = "done", "已办结"
    DECLINED = "declined", "不予办理"


class DataRequest(models.Model):
    """个人信息申请: holds only the phone to answer to; due within 15 working days."""

    reference = models.CharField("编号", max_length=12, unique=True)
    wish = models.CharField("事项", max_length=10, choices=Wish)
    phone = EncryptedField("手机号", blank=True, looked_up_by="phone_hash")
    phone_hash = models.CharField("手机号摘要", max_length=64)
    text = EncryptedField("说明", blank=True)
    received_at = models.DateTimeField("收到时间")
    due_on = models.DateField("答复期限")
    state = models.CharField("状态", max_length=10, choices=RequestState, default=RequestState.OPEN)
    answer = models.CharField("办理结果", max_length=300, blank=True)
    answered_at = models.DateTimeField("办结时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "个人信息申请"
        ordering = ["state", "due_on", "pk"]

    def __str__(self) -> str:
        return f"{self.reference}（{self.get_wish_display()}）"

    @property
    def term(self) -> Term | None:
        """The term in working days for the answer, while it is awaited."""
        return Term(timezone.localdate(self.received_at), self.due_on) if self.state == RequestState.OPEN else None

    @property
    def masked_phone(self) -> str:
        """The phone as staff see it."""
        return mask_phone(self.phone)
