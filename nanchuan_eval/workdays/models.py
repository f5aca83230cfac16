"""Holidays and working weekends (节假日、调休)."""

from django.db import models

from nanchuan_eval.workdays.rules import Calendar


class HolidayQuerySet(models.QuerySet["Holiday"]):
    """Query set that converts to a `Calendar`."""

    def calendar(self) -> Calendar:
        """Return the whole table as a `Calendar` (one query)."""
        days = dict(self.values_list("day", "is_workday"))
        return Calendar(
            days_off=frozenset(day for day, works in days.items() if not works),
            extra_workdays=frozenset(day for day, works in days.items() if works),
        )


class Holiday(models.Model):
    """节假日、调休: days that differ from the Monday-to-Friday week."""

    day = models.DateField("日期", unique=True)
    name = models.CharField("名称", max_length=40)
    is_workday = models.BooleanField("调休上班", default=False, help_text="周末调休上班时勾选")

    objects = HolidayQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "节假日与调休"
        ordering = ["-day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
