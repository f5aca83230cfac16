"""问责事项: a case per listed section and its measures (rulebook R-F)."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accountability.cases.rules.measures import CANCELLED, WORKDAY_KINDS, CaseState, MeasureKind, MeasureState
from evaluations.tally.models import SectionResult
from nanchuan_eval.workdays.rules import Term, in_chinese


def overdue(today: date) -> Q:
    """Condition for the measures that stand as overdue on a day, as `standing` has it."""
    return Q(state=MeasureState.PENDING, due_on__lt=today)


def cancelled(case: str = "") -> Q:
    """Condition for the cases that stand as cancelled by a correction; `case` is the lookup that leads to the case."""
    return Q(**{f"{case}state": CaseState.CLOSED, f"{case}result__is_listed": False})


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases by state and round."""

    def open(self) -> Self:
        """Cases still being worked on (办理中)."""
        return self.filter(state=CaseState.OPEN)

    def of_round(self, round_id: int) -> Self:
        """Cases of one round's list."""
        return self.filter(result__round_id=round_id)


class Case(models.Model):
    """问责事项: opened on publication for one listed section, closed once nothing of it is left to do."""

    result = models.OneToOneField(SectionResult, models.PROTECT, verbose_name="上榜科室", related_name="case")
    state = models.CharField("状态", max_length=10, choices=CaseState, default=CaseState.OPEN)
    head_name = models.CharField("责任人", max_length=40, blank=True)
    head_reason = models.CharField("更正责任人理由", max_length=300, blank=True)
    # Of a case reopened because its section is listed again: since then, as all terms.
    opened_at = models.DateTimeField("建立时间")
    first_opened_at = models.DateTimeField("首次建立时间", null=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "问责事项"
        ordering = ["-opened_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=CaseState.CLOSED, closed_at__gte=F("opened_at"))
                | Q(state=CaseState.OPEN, closed_at__isnull=True),
                name="a_closed_case_has_its_date",
                violation_error_message="已办结的事项必须有办结时间，办理中的事项不能有。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.result}"

    @property
    def is_cancelled(self) -> bool:
        """True once a correction has taken the section off the list, as `cancelled` has it."""
        return self.state == CaseState.CLOSED and not self.result.is_listed

    @property
    def standing(self) -> str:
        """How the case stands, in Chinese: its state, or that a correction has cancelled it."""
        return CANCELLED if self.is_cancelled else self.get_state_display()

    @property
    def place(self) -> str:
        """The place on the list, in Chinese; the count has none on the list for a section no longer on it."""
        return "曾列入上榜名单" if self.is_cancelled else f"位列第{self.result.rank}位"

    @property
    def published_on(self) -> date:
        """The date of publication, from which all terms run; the case is opened in the same transaction."""
        return timezone.localtime(self.opened_at).date()

    @property
    def first_published_on(self) -> date:
        """The date of the first publication: what was done since stays true though the case was reopened."""
        return timezone.localtime(self.first_opened_at or self.opened_at).date()

    @property
    def publication(self) -> str:
        """When the section was published, in Chinese, and when first if a correction has listed it again."""
        said = f"公示于{in_chinese(self.published_on)}"
        first = f"（名单更正后再次上榜，首次公示于{in_chinese(self.first_published_on)}）"
        return said + first if self.first_opened_at else said


class MeasureQuerySet(models.QuerySet["Measure"]):
    """Measures by state."""

    def pending(self) -> Self:
        """Measures without a record yet (待办理)."""
        return self.filter(state=MeasureState.PENDING)

    def overdue(self, today: date) -> Self:
        """Pending measures past their due date."""
        return self.filter(overdue(today))


class Measure(models.Model):
    """问责措施: kind, target, responsible body and due date; done only with a record."""

    case = models.ForeignKey(Case, models.PROTECT, verbose_name="问责事项", related_name="measures")
    kind = models.CharField("措施", max_length=20, choices=MeasureKind)
    position = models.PositiveSmallIntegerField("次序", default=1)
    target = models.CharField("对象", max_length=200)
    responsible = models.CharField("责任单位", max_length=120)
    due_on = models.DateField("办理期限", null=True, blank=True)
    basis = models.CharField("依据", max_length=300)
    state = models.CharField("状态", max_length=20, choices=MeasureState, default=MeasureState.PENDING)
    done_on = models.DateField("办理日期", null=True, blank=True)
    record = models.TextField("办理记录", blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="登记人", null=True, blank=True, related_name="+"
    )

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "问责措施"
        ordering = ["case", "position"]
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], name="a_case_has_a_measure_once"),
            models.CheckConstraint(
                condition=Q(state=MeasureState.PENDING, done_on__isnull=True, record="")
                | Q(state=MeasureState.DONE, done_on__isnull=False) & ~Q(record="")
                | Q(state=MeasureState.NOT_APPLICABLE, done_on__isnull=True) & ~Q(record=""),
                name="a_measure_is_done_with_its_record",
                violation_error_message="已办理的措施必须有办理日期和办理记录。",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def term(self) -> Term | None:
        """The pending measure's term in working days; the other terms do not depend on holidays."""
        if self.due_on is None or self.kind not in WORKDAY_KINDS or self.state != MeasureState.PENDING:
            return None
        return Term(self.case.published_on, self.due_on)
