"""整改: the plan, its items, their progress and their closing (rulebook R-H)."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accountability.cases.models import Case
from accountability.rectifications.rules import (
    DRAFTED,
    ENDED,
    UNDER_WAY,
    UNFINISHED,
    WRITABLE,
    ItemState,
    RectificationState,
    TermKind,
    closing_lacks,
    is_overdue,
)
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import questionnaire_of
from nanchuan_eval.workdays.rules import Term


class RectificationQuerySet(models.QuerySet["Rectification"]):
    """Rectifications by state and unit."""

    def running(self) -> Self:
        """Rectifications neither closed nor cancelled (未销号)."""
        return self.exclude(state__in=ENDED)

    def of_unit(self, unit_code: str) -> Self:
        """Rectifications of one unit."""
        return self.filter(case__result__section__department_code=unit_code)


class Rectification(models.Model):
    """整改: opened with the case; closed when every item is closed after a passed inspection (销号)."""

    case = models.OneToOneField(Case, models.PROTECT, verbose_name="问责事项", related_name="rectification")
    state = models.CharField("状态", max_length=10, choices=RectificationState, default=RectificationState.AWAITED)
    plan_due_on = models.DateField("整改方案期限")
    report_due_on = models.DateField("整改报告期限")
    opinion = models.TextField("单位党委（党组）意见", max_length=1000, blank=True)
    submitted_at = models.DateTimeField("报送时间", null=True)
    decision = models.CharField("审核意见", max_length=500, blank=True)
    decided_at = models.DateTimeField("审核时间", null=True)
    report = models.TextField("整改报告", max_length=10_000, blank=True)
    reported_at = models.DateTimeField("报告时间", null=True)
    closed_on = models.DateField("销号日期", null=True)

    objects = RectificationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "整改"
        ordering = ["-case__opened_at", "case__result__rank", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RectificationState.CLOSED, closed_on__isnull=False)
                | ~Q(state=RectificationState.CLOSED) & Q(closed_on__isnull=True),
                name="a_closed_rectification_has_its_date",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case}整改"

    @property
    def plan_term(self) -> Term | None:
        """The term in working days for a plan still to be submitted; the report's is in months."""
        return Term(self.case.published_on, self.plan_due_on) if self.state in WRITABLE else None

    def lacks_to_close(self) -> list[str]:
        """Return in Chinese what is still to be done before it is closed (one query)."""
        items = self.items.values_list("position", "problem", "state")
        return closing_lacks(self.state, items, is_reported=self.reported_at is not None)

    @property
    def decision_label(self) -> str:
        """What its decision is, in Chinese: the reviewer's opinion, or why it was returned or cancelled."""
        labels = {RectificationState.RETURNED: "退回理由", RectificationState.CANCELLED: "撤销原因"}
        return labels.get(RectificationState(self.state), "审核意见")

    @property
    def is_with_commission(self) -> bool:
        """True if an item sent back once too often awaits the commission's decision (one query)."""
        most = int(self.case.result.round.rulebook["most_failures"])
        failed = self.items.filter(state=ItemState.SENT_BACK, failures__gte=most)
        # The commission decides after the item was reported as completed in vain.
        return failed.filter(finished_at__gt=self.decided_at).exists() if self.decided_at else failed.exists()

    def is_plan_overdue(self, today: date) -> bool:
        """True if the plan is still to be submitted and its day has passed."""
        return self.state in WRITABLE and self.plan_due_on < today

    def is_report_overdue(self, today: date) -> bool:
        """True if the report is still to be submitted and its day has passed."""
        return self.state not in ENDED and self.reported_at is None and self.report_due_on < today

    @property
    def unit_code(self) -> str:
        """Code of the section's unit."""
        return self.case.result.section.department_code


class RectificationItemQuerySet(models.QuerySet["RectificationItem"]):
    """Items by state."""

    def unfinished(self) -> Self:
        """Items the unit is still working on (未完成)."""
        return self.filter(state__in=UNFINISHED)

    def overdue(self, today: date) -> Self:
        """Unfinished items of an accepted plan past their due date, as `is_overdue` has it."""
        return self.unfinished().filter(due_on__lt=today, rectification__state__in=UNDER_WAY)

    def with_overdue(self, today: date) -> Self:
        """Each item says whether it is overdue (`is_overdue`)."""
        return self.annotate(is_overdue=Exists(self.model.objects.overdue(today).filter(pk=OuterRef("pk"))))


class RectificationItem(models.Model):
    """整改事项: one problem with cause, goal, measures, people and term; one row of the register (台账)."""

    rectification = models.ForeignKey(Rectification, models.PROTECT, verbose_name="整改", related_name="items")
    position = models.PositiveSmallIntegerField("序号")
    indicator = models.CharField("指标", max_length=20, choices=Indicator)
    problem = models.CharField("问题", max_length=200)
    cause = models.TextField("原因", max_length=1000, blank=True)
    goal = models.TextField("目标", max_length=1000, blank=True)
    measures = models.TextField("整改措施", max_length=2000, blank=True)
    leader = models.CharField("责任领导", max_length=40, blank=True)
    person = models.CharField("责任人", max_length=40, blank=True)
    term = models.CharField("时限", max_length=10, choices=TermKind, blank=True)
    due_on = models.DateField("完成时限", null=True, blank=True)
    state = models.CharField("状态", max_length=10, choices=ItemState, default=ItemState.OPEN)
    outcome = models.TextField("完成情况", max_length=2000, blank=True)
    finished_at = models.DateTimeField("申报完成时间", null=True)
    failures = models.PositiveSmallIntegerField("验收未通过次数", default=0)
    wanted_due_on = models.DateField("申请延期至", null=True)
    wanted_reason = models.CharField("延期理由", max_length=300, blank=True)
    verdict = models.CharField("验收意见", max_length=500, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="验收人", null=True, related_name="+"
    )
    closed_on = models.DateField("销号日期", null=True)

    objects = RectificationItemQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "整改事项"
        ordering = ["rectification", "position"]
        constraints = [
            models.UniqueConstraint(fields=["rectification", "position"], name="an_item_has_its_place"),
            models.UniqueConstraint(
                fields=["rectification", "problem"],
                name="a_problem_stands_once_in_a_plan",
                violation_error_message="整改方案中已有这个问题。",
            ),
            models.CheckConstraint(
                condition=Q(state=ItemState.CLOSED, closed_on__isnull=False, accepted_by__isnull=False)
                | ~Q(state=ItemState.CLOSED) & Q(closed_on__isnull=True),
                name="a_closed_item_has_date_and_acceptor",
            ),
        ]

    def __str__(self) -> str:
        return self.problem

    @property
    def indicator_name(self) -> str:
        """What the round calls the indicator."""
        return questionnaire_of(self.rectification.case.result.round.rulebook).names[self.indicator]

    @property
    def state_now(self) -> str:
        """What its state is called; nothing is carried out before the plan is accepted, or once it is cancelled."""
        if self.rectification.state in DRAFTED:
            return "方案尚未认可"
        if self.rectification.state == RectificationState.CANCELLED and self.state != ItemState.CLOSED:
            return "已终止"
        return self.get_state_display()

    def is_late(self, today: date) -> bool:
        """True if the item is overdue on a day."""
        return is_overdue(self.rectification.state, self.state, self.due_on, today)


class Progress(models.Model):
    """整改进展: a unit's report on one item, with files; never changed afterwards."""

    item = models.ForeignKey(RectificationItem, models.PROTECT, verbose_name="整改事项", related_name="progress")
    text = models.TextField("进展", max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="填报人", related_name="+")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = verbose_name_plural = "整改进展"
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
