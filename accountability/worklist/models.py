"""提醒: reminders sent, and the addresses they go to."""

from django.conf import settings
from django.db import models


class Reminder(models.Model):
    """提醒记录: one task sent to one account at one degree of urgency, so that it is sent once."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="账号", related_name="+")
    key = models.CharField("事项", max_length=120)
    sent_at = models.DateTimeField("发送时间")

    class Meta:
        verbose_name = verbose_name_plural = "提醒记录"
        ordering = ["-sent_at"]
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="a_reminder_is_sent_once")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class ReminderAddress(models.Model):
    """提醒邮箱: an account's address for reminders, set by the account itself."""

    account = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name="账号", related_name="+")
    email = models.EmailField("电子邮箱")

    class Meta:
        verbose_name = verbose_name_plural = "提醒邮箱"
        ordering = ["account"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
