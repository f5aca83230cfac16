"""Sample audit (抽样核对): the frozen plan, the drawn ballots with what was found, the supervisors' signatures."""

from django.conf import settings
from django.db import models

from evaluations.ballots.models import Ballot
from evaluations.draws.models import DrawEntry
from evaluations.paper_ballots.models import PaperSheet
from evaluations.publication.models import PublicationHold
from evaluations.sample_audit.rules.comparison import Outcome
from evaluations.tally.models import Tally
from nanchuan_eval.encryption.fields import EncryptedField


class SampleAudit(models.Model):
    """抽样核对 of one count: the plan is frozen to the byte before the dice are thrown; a recount needs its own."""

    tally = models.OneToOneField(Tally, models.PROTECT, verbose_name="计票结果", related_name="sample_audit")
    plan = models.TextField("核对方案（原文）")
    plan_sha256 = models.CharField("核对方案校验值", max_length=64)
    planned_at = models.DateTimeField("方案确定时间")
    dice = models.CharField("骰子数字", max_length=40, blank=True)
    seed = models.CharField("抽取种子", max_length=64, blank=True)
    drawn_at = models.DateTimeField("抽取时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "抽样核对"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.tally.round.name} 第{self.tally.version}次计票抽样核对"


class SampleBallot(models.Model):
    """抽中的评议票: one drawn ballot, its sheet where it came on paper, and what the supervisors found.

    `difference` says where it differs, which is part of a vote: encrypted, and on no page that is published.
    """

    audit = models.ForeignKey(SampleAudit, models.PROTECT, verbose_name="抽样核对", related_name="ballots")
    number = models.PositiveIntegerField("核对序号")
    ballot = models.ForeignKey(Ballot, models.PROTECT, verbose_name="评议票", related_name="+")
    sheet = models.ForeignKey(PaperSheet, models.PROTECT, verbose_name="正票", null=True, related_name="+")
    outcome = models.CharField("核对结果", max_length=8, choices=Outcome, blank=True, default=Outcome.OPEN)
    difference = EncryptedField("差异", blank=True)
    compared_at = models.DateTimeField("核对时间", null=True)
    compared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="经办人", null=True, related_name="+"
    )
    hold = models.ForeignKey(PublicationHold, models.PROTECT, verbose_name="待决事项", null=True, related_name="+")
    explanation = models.CharField("查明的情况", max_length=300, blank=True)
    explained_at = models.DateTimeField("查明时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "抽中的评议票"
        ordering = ["audit", "number"]
        constraints = [
            models.UniqueConstraint(fields=["audit", "number"], name="a_sample_number_stands_once"),
            models.UniqueConstraint(fields=["audit", "ballot"], name="a_ballot_is_drawn_once"),
        ]

    def __str__(self) -> str:
        return f"核对序号{self.number}"

    @property
    def is_unexplained(self) -> bool:
        """True if it differs and nobody has explained why."""
        return self.outcome in {Outcome.DIFFERS, Outcome.MISSING} and self.explained_at is None


class SampleSignature(models.Model):
    """抽样核对签名: a drawn supervisor who compared the ballots confirms the record with a one-time code."""

    audit = models.ForeignKey(SampleAudit, models.PROTECT, verbose_name="抽样核对", related_name="signatures")
    supervisor = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="+")
    at = models.DateTimeField("签名时间")

    class Meta:
        verbose_name = verbose_name_plural = "抽样核对签名"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["audit", "supervisor"], name="a_supervisor_signs_a_sample_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
