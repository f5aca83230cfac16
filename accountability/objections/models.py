"""异议、申诉、复核: facts disputed by a unit before or after publication (rulebook R-G)."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accountability.objections.rules import LEAST_WITNESSES, Ground, ObjectionState, Outcome, Stage
from evaluations.draws.models import DrawEntry
from evaluations.publication.models import Publication, PublicationHold
from evaluations.rounds.models import Round, RoundSection
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.rules import Term


class ObjectionQuerySet(models.QuerySet["Objection"]):
    """Objections by unit and viewer."""

    def of_unit(self, unit_code: str) -> Self:
        """Objections of one unit."""
        return self.filter(section__department_code=unit_code)

    def visible_to(self, account: User) -> Self:
        """Objections the account may view: all of them, or its own unit's."""
        rows = self.select_related("section", "round", "filed_by", "correction")
        if policy.may_see(account, "appeal.view"):
            return rows
        is_liaison = account.role == Role.LIAISON and bool(account.unit_code)
        return rows.of_unit(account.unit_code) if is_liaison else rows.none()


class Objection(models.Model):
    """异议 (before publication), 申诉 (after it) or 复核 (review by the leading group)."""

    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="objections")
    section = models.ForeignKey(RoundSection, models.PROTECT, verbose_name="科室", related_name="objections")
    stage = models.CharField("种类", max_length=10, choices=Stage)
    ground = models.CharField("事由", max_length=16, choices=Ground)
    facts = models.TextField("事实和理由", max_length=3000)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="提出人", related_name="+")
    filed_at = models.DateTimeField("提出时间")
    due_on = models.DateField("答复期限")
    state = models.CharField("状态", max_length=10, choices=ObjectionState, default=ObjectionState.FILED)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="受理人", null=True, related_name="+"
    )
    witnesses = models.CharField("监督员", max_length=120, blank=True)
    recount_sha256 = models.CharField("复算结果校验值", max_length=64, blank=True)
    recount_agrees = models.BooleanField("复算一致", null=True)
    recounted_at = models.DateTimeField("复算时间", null=True)
    outcome = models.CharField("结论", max_length=12, choices=Outcome, blank=True)
    answer = models.TextField("答复", max_length=3000, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="决定人", null=True, related_name="+"
    )
    decided_at = models.DateTimeField("答复时间", null=True)
    correction = models.ForeignKey(
        Publication, models.PROTECT, verbose_name="更正公示", null=True, related_name="objections"
    )

    hold = models.OneToOneField(
        PublicationHold, models.PROTECT, verbose_name="公示前待决事项", null=True, related_name="+"
    )

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "异议和申诉"
        ordering = ["-filed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ObjectionState.DECIDED, decided_at__isnull=False) & ~Q(outcome="") & ~Q(answer="")
                | ~Q(state=ObjectionState.DECIDED) & Q(decided_at__isnull=True, outcome=""),
                name="a_decided_objection_has_its_answer",
            ),
            models.UniqueConstraint(
                fields=["section", "stage", "ground"],
                name="a_ground_is_heard_once_at_each_stage",
                violation_error_message="该科室已就同一事由提出过，不能重复提出。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.section}{self.get_stage_display()}"

    @property
    def agreement(self) -> str:
        """Whether the recount agrees with the count of its time, and that there is a newer count (one query)."""
        agrees = "与计票结果一致" if self.recount_agrees else "与计票结果不一致"
        is_old = self.recounted_at and self.round.tally.at > self.recounted_at
        return f"{agrees}（此后已重新计票）" if is_old else agrees

    @property
    def lacking_witnesses(self) -> int:
        """How many supervisors have yet to sign the recount before it decides anything."""
        return max(0, LEAST_WITNESSES - self.signatures.count())

    @property
    def term(self) -> Term | None:
        """The term for the answer, in working days while it is awaited; an appeal's is in days."""
        if self.stage == Stage.APPEAL or self.state == ObjectionState.DECIDED:
            return None
        return Term(timezone.localdate(self.filed_at), self.due_on)


class RecountSignature(models.Model):
    """监督员复算签名: a supervisor present confirms the recount with a one-time code."""

    objection = models.ForeignKey(Objection, models.PROTECT, verbose_name="异议或申诉", related_name="signatures")
    supervisor = models.ForeignKey(DrawEntry, models.PROTECT, verbose_name="监督员", related_name="+")
    at = models.DateTimeField("签名时间")

    class Meta:
        verbose_name = verbose_name_plural = "监督员复算签名"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["objection", "supervisor"], name="a_supervisor_signs_a_recount_once")
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
