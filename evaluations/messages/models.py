"""Letters and messages to drawn people (短信、信函), queued with what they say until they are sent; the stop list.

They name a person only while there is something to send or to count. A code is in them, encrypted, until it is sent,
and then, until a receipt or for some hours, under a key that only the gateway's receipt brings (`services/keeping.py`).
"""

from django.db import models

from evaluations.draws.models import DrawEntry
from evaluations.messages.rules.kinds import UNSENT, Failure, MessageKind, MessageState, Way
from evaluations.pools.models import PoolEntry
from evaluations.rounds.models import Round
from evaluations.service_records.models import Client
from nanchuan_eval.encryption.fields import EncryptedField


class Message(models.Model):
    """通知: one message or letter to one person; made in random order, without the time of its making or sending."""

    key = models.CharField("编号", max_length=32, unique=True, help_text="随机，只用于排列")
    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="messages")
    kind = models.CharField("内容", max_length=10, choices=MessageKind)
    way = models.CharField("方式", max_length=6, choices=Way)
    # None for both: the names and phones of the round have left.
    client = models.ForeignKey(Client, models.PROTECT, verbose_name="办事人", null=True, related_name="+")
    person = models.ForeignKey(PoolEntry, models.PROTECT, verbose_name="人员", null=True, related_name="+")
    # Locked in the transaction that records the sending, and erased with the receipt or at `next_at`.
    content = EncryptedField("待发内容", null=True)
    state = models.CharField("状态", max_length=9, choices=MessageState, default=MessageState.QUEUED)
    tries = models.PositiveSmallIntegerField("已试次数", default=0)
    next_at = models.DateTimeField("下次办理时间", null=True, help_text="再次发送或者清除的时间；已发出的只到整点")
    failure = models.CharField("未成功的原因", max_length=11, choices=Failure, blank=True)
    number = models.CharField(
        "发送编号", max_length=32, blank=True, db_index=True, help_text="交给短信网关，网关接收后清除"
    )
    # Digests: the numbers themselves open what is kept.
    receipt = models.CharField("发送编号摘要", max_length=64, blank=True, db_index=True)
    gateway_id = models.CharField("网关编号摘要", max_length=64, blank=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "通知"
        ordering = ["key"]
        indexes = [models.Index(fields=["state", "next_at"], name="messages_to_send")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(content__isnull=True)
                | models.Q(state__in=UNSENT)
                | models.Q(state=MessageState.SENT, way=Way.SMS, next_at__isnull=False, number=""),
                name="text_waits_or_is_locked_for_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}（{self.get_way_display()}）"


class MessageEntry(models.Model):
    """通知中的抽取对象: which drawn places a message brings a code for; each gets one code, once."""

    message = models.ForeignKey(Message, models.CASCADE, verbose_name="通知", related_name="entries")
    entry = models.OneToOneField(DrawEntry, models.PROTECT, verbose_name="抽取对象", related_name="message_entry")

    class Meta:
        verbose_name = verbose_name_plural = "通知中的抽取对象"
        ordering = ["message", "entry"]

    def __str__(self) -> str:
        return str(self.entry)


class StopNumber(models.Model):
    """退订号码: a phone that gets no message; its owner gets letters."""

    phone = EncryptedField("手机号", looked_up_by="phone_hash")
    phone_hash = models.CharField("手机号摘要", max_length=64, unique=True)
    stopped_on = models.DateField("退订日期")
    is_own = models.BooleanField("本人回复退订", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "退订号码"
        ordering = ["-stopped_on", "phone_hash"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class SendingPace(models.Model):
    """发送节奏: before when no process may hand another message to the gateway (MESSAGE_RATE); one row."""

    next_at = models.DateTimeField("最早发送时间")

    class Meta:
        verbose_name = verbose_name_plural = "发送节奏"

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
