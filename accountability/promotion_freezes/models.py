"""影响期: promotion freezes of responsible heads (rulebook R-F)."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from accountability.cases.models import Case
from accountability.cases.rules.measures import CORRECTED, HEAD_CORRECTED
from nanchuan_eval.workdays.rules import in_chinese


class PromotionFreezeQuerySet(models.QuerySet["PromotionFreeze"]):
    """Promotion freezes by date."""

    def in_force(self, on: date) -> Self:
        """Freezes in force on a day; the last day counts, the day of lifting does not."""
        running = self.filter(starts_on__lte=on, ends_on__gte=on)
        return running.filter(Q(lifted_on__isnull=True) | Q(lifted_on__gt=on))


class PromotionFreeze(models.Model):
    """影响期: bars a person from promotion from the day of publication; lifted only with a reason, never deleted.

    A case has at most one freeze that is not lifted; naming another head lifts it and adds a new one.
    """

    case = models.ForeignKey(Case, models.PROTECT, verbose_name="问责事项", related_name="freezes")
    person_name = models.CharField("姓名", max_length=40, blank=True)
    post = models.CharField("职务", max_length=150)
    starts_on = models.DateField("起始日期")
    ends_on = models.DateField("截止日期")
    lifted_on = models.DateField("解除日期", null=True, blank=True)
    lift_reason = models.CharField("解除理由", max_length=300, blank=True)

    objects = PromotionFreezeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "影响期（不得提拔重用）"
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__lt=F("ends_on")),
                name="a_freeze_has_length",
                violation_error_message="影响期起始日期必须早于截止日期。",
            ),
            models.CheckConstraint(
                condition=Q(lifted_on__isnull=True, lift_reason="")
                | Q(lifted_on__gte=F("starts_on")) & ~Q(lift_reason=""),
                name="a_freeze_is_lifted_with_a_reason",
                violation_error_message="解除影响期必须填写解除日期和理由，且不早于起始日期。",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(lifted_on__isnull=True),
                name="a_case_has_one_freeze_in_force",
                violation_error_message="本事项已有未解除的影响期。",
            ),
        ]

    @property
    def revoked_by(self) -> str:
        """In Chinese the correction that took the section off the list or the person out of responsibility, if any."""
        marks = {CORRECTED: "名单更正", HEAD_CORRECTED: "责任人更正"}
        return next((what for mark, what in marks.items() if self.lift_reason.startswith(mark)), "")

    def standing(self, on: date, *, why: bool = False) -> str:
        """In Chinese how it stands on a day, with the reason of its lifting if asked for."""
        lifted_on = self.lifted_on if self.lifted_on and self.lifted_on <= on else None
        is_over = self.ends_on < (lifted_on or on)
        if lifted_on is None:
            return "影响期已满" if is_over else "在影响期内" if self.starts_on <= on else "影响期尚未开始"
        what = "撤销" if self.revoked_by else "登记解除" if is_over else "解除"
        said = f"已于{in_chinese(lifted_on)}{what}{f'（{self.lift_reason}）' if why else ''}"
        return f"影响期已满，{said}" if is_over else said

    def __str__(self) -> str:
        return f"{self.person_name or '（姓名未登记）'} {in_chinese(self.starts_on)}至{in_chinese(self.ends_on)}"
