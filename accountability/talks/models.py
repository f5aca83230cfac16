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
