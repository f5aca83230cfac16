"""The box key (票箱密钥) of a round, its cards, and the rows set aside at the opening (box-key.md 2).

No share is stored. A seed is stored in `server` mode only, and no longer than until the opening.
"""

import uuid

from django.db import models

from evaluations.ballot_form.rules.votes import Origin
from evaluations.draws.models import DrawEntry
from evaluations.protocol.box_rows import KINDS
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from nanchuan_eval.encryption.fields import EncryptedField


class BoxKey(models.Model):
    """票箱密钥: the public record of one key; `Round.box_key` names the one in force."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="box_keys")
    key_id = models.CharField("票箱公钥校验值", max_length=64, unique=True)
    record = models.TextField("密钥登记（原文）")
    record_sha256 = models.CharField("密钥登记校验值", max_length=64)
    row_key = EncryptedField("写入验证密钥", blank=True, help_text="开箱后清空")
    seed = EncryptedField("密钥种子", blank=True, help_text="仅由系统保管密钥的轮次有，开箱后清空")
    made_at = models.DateTimeField("启用时间")
    replaced_at = models.DateTimeField("作废时间", null=True)
    opened_at = models.DateTimeField("开箱时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "票箱密钥"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.round.name} {self.key_id[:8]}"


class BoxCard(models.Model):
    """密钥卡: the hashes of one card and its holder; no holder = 纪委监委 (halves P and Q, or a card handed over)."""

    box = models.ForeignKey(BoxKey, models.PROTECT, verbose_name="票箱密钥", related_name="cards")
    card = models.CharField("卡号", max_length=3)
    holder = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="持卡监督员", null=True, related_name="+")
    share_sha256 = models.CharField("密钥卡校验值", max_length=64)
    held_sha256 = models.CharField("领卡确认码校验值", max_length=64)
    held_at = models.DateTimeField("确认领取时间", null=True)
    lost_at = models.DateTimeField("报告遗失时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "密钥卡"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["box", "card"], name="a_card_stands_once_in_a_key")]

    def __str__(self) -> str:
        return self.card


class SetAsideBallot(models.Model):
    """搁置的评议票: a row of the spool that did not open, kept as it was, under a new random id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="set_aside")
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    origin = models.CharField("来源", max_length=12, choices=Origin)
    reason = models.CharField("原因", max_length=14, choices=list(KINDS.items()))
    sealed = models.BinaryField("密文")

    class Meta:
        verbose_name = verbose_name_plural = "搁置的评议票"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
