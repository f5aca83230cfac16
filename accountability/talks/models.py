"""谈话提醒: the record without which a talk does not count as done (rulebook R-F)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accountability.cases.models import Measure
from accountability.cases.rules.measures import TalkState


class Talk(models.Model):
    """谈话记录: the record of one talk, signed by both parties and filed with its scan."""

    measure = models.OneToOneField(Measure, models.PROTECT, verbose_name="问责措施", related_name="talk")
    state = models.CharField("状态", max_length=10, choices=TalkState, default=TalkState.DRAFT)
    talker = models.CharField("谈话人及职务", max_length=100)
    person = models.CharField("谈话对象", max_length=40)
    post = models.CharField("对象职务", max_length=100)
    held_at = models.DateTimeField("谈话时间")
    place = models.CharField("谈话地点", max_length=100)
    reason = models.TextField("谈话事由", max_length=1000)
    points = models.TextField("谈话要点", max_length=5000)
    attitude = models.TextField("对象表态", max_length=2000)
    demand = models.TextField("整改要求", max_length=2000)
    recorder = models.CharField("记录人", max_length=40)
    is_signed = models.BooleanField("双方已签字", default=False)
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="填报人", related_name="+")
    filed_at = models.DateTimeField("填报时间")
    return_reason = models.CharField("退回理由", max_length=300, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="确认人", null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField("确认时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "谈话记录"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=TalkState.CONFIRMED, is_signed=True, confirmed_at__isnull=False)
                | ~Q(state=TalkState.CONFIRMED) & Q(confirmed_at__isnull=True),
                name="a_confirmed_talk_is_signed",
                violation_error_message="谈话记录须双方签字后方可确认。",
            )
        ]

    def __str__(self) -> str:
        return f"与{self.person}谈话"

    @property
    def person_and_post(self) -> str:
        """Whom it is held with; a head whose name is not registered is known by the post alone."""
        return self.person if self.person.startswith(self.post) else f"{self.person}（{self.post}）"


class TalkPlan(models.Model):
    """谈话安排: when and where a talk is to be held and with whom; a moved talk gets a new one."""

    measure = models.ForeignKey(Measure, models.PROTECT, verbose_name="问责措施", related_name="talk_plans")
    number = models.PositiveSmallIntegerField("第几次安排")
    is_current = models.BooleanField("有效", default=True)
    target = models.CharField("谈话对象", max_length=200)
    talker = models.CharField("谈话人及职务", max_length=100)
    starts_at = models.DateTimeField("谈话时间")
    place = models.CharField("谈话地点", max_length=100)
    about = models.TextField("谈话事由", max_length=1000)
    contact = models.CharField("联系人及电话", max_length=100)
    move_reason = models.CharField("改期理由", max_length=300, blank=True)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="安排人", related_name="+")
    planned_at = models.DateTimeField("安排时间")
    held_at = models.DateTimeField("实际谈话时间", null=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="登记人", null=True, related_name="+"
    )

    class Meta:
        verbose_name = verbose_name_plural = "谈话安排"
        ordering = ["measure", "number"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "number"], name="a_talk_is_planned_once_with_a_number"),
            models.UniqueConstraint(
                fields=["measure"], condition=Q(is_current=True), name="a_talk_has_one_current_plan"
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(move_reason=""),
                name="a_moved_talk_has_its_reason",
                violation_error_message="改期须填写理由。",
            ),
        ]

    def __str__(self) -> str:
        return f"与{self.target}谈话的第{self.number}次安排"


class TalkSwitch(models.Model):
    """改由主要领导谈话: that the talk with a unit's leader is with the head of the unit, and why."""

    measure = models.OneToOneField(Measure, models.PROTECT, verbose_name="问责措施", related_name="talk_switch")
    former = models.CharField("原谈话对象", max_length=200)
    reason = models.CharField("理由", max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="决定人", related_name="+")
    at = models.DateTimeField("决定时间")

    class Meta:
        verbose_name = verbose_name_plural = "谈话对象变更"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"不再与{self.former}谈话"
