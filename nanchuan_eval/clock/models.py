"""Runs of the commands that the timers start."""

from django.db import models


class ClockRun(models.Model):
    """定时任务: when a command of the clock last ran, and the steps that failed in that run."""

    name = models.CharField("任务", max_length=40, unique=True)
    at = models.DateTimeField("运行时间")
    failed = models.TextField("未办成的步骤", blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "定时任务"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
