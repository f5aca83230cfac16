"""群众建议和整改评价: citizens' suggestions and follow-up ratings, traceable to no person and no ballot."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from accountability.cases.models import Case
from accountability.citizens.rules import UNANSWERED, SuggestionState, format_number


class Satisfaction(models.TextChoices):
    """Answers of a follow-up rating (整改评价)."""

    BETTER = "better", "明显好转"
    SOMEWHAT = "somewhat", "有所好转"
    UNCHANGED = "unchanged", "没有变化"
    WORSE = "worse", "有所变差"


class Suggestion(models.Model):
    """群众建议: a section that should be evaluated too. Whoever knows the number can follow it; it names nobody."""

    number = models.CharField("建议编号", max_length=10, unique=True)
    unit = models.CharField("单位", max_length=60)
    section = models.CharField("科室或窗口", max_length=60)
    reason = models.TextField("理由", max_length=500)
    submitted_on = models.DateField("提出日期")
    state = models.CharField("状态", max_length=10, choices=SuggestionState, default=SuggestionState.NEW)
    reply = models.CharField("答复", max_length=300, blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="答复人", null=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "群众建议"
        ordering = ["-submitted_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=UNANSWERED, reply="") | ~Q(state__in=UNANSWERED) & ~Q(reply=""),
                name="a_handled_suggestion_has_its_reply",
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit}{self.section}"

    @property
    def number_shown(self) -> str:
        """The number as citizens note it: XXXXX-XXXXX."""
        return format_number(self.number)


class FollowUpCount(models.Model):
    """整改评价计数: number of votes for one rating of one rectification."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name="问责事项", related_name="follow_up")
    satisfaction = models.CharField("评价", max_length=12, choices=Satisfaction)
    votes = models.PositiveIntegerField("票数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "整改评价计数"
        ordering = ["case", "satisfaction"]
        constraints = [models.UniqueConstraint(fields=["case", "satisfaction"], name="a_satisfaction_counts_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class FollowUpMark(models.Model):
    """整改评价标记: a receipt has been used to rate a rectification; the rating is not kept with it."""

    mark = models.CharField("标记", max_length=64, primary_key=True)

    class Meta:
        verbose_name = verbose_name_plural = "整改评价标记"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class FollowUpRemark(models.Model):
    """整改评价意见: a sentence about a rectification; linked to no receipt, no rating and no ballot, without a time.

    Rows of a case are rewritten together, in random order, whenever one is added: see `services.ratings`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, verbose_name="问责事项", related_name="remarks")
    text = models.TextField("意见")
    is_passed_on = models.BooleanField("已转交单位", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "整改评价意见"
        ordering = ["case", "id"]

    def __str__(self) -> str:
        return "一条整改评价意见"  # not the text, which would be kept in the audit log and in proposals
