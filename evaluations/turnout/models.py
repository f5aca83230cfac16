"""Daily totals of used codes."""

from django.db import models

from evaluations.ballot_form.rules.votes import Origin
from evaluations.rounds.models import Round


class TurnoutDay(models.Model):
    """逐日收回数: codes of an origin used by the end of a day; not which codes, nor the time.

    A day without rows is one that the clock did not finish: its ballots are in the next day's total.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="turnout_days")
    origin = models.CharField("来源", max_length=12, choices=Origin)
    day = models.DateField("日期")
    used = models.PositiveIntegerField("累计回收")

    class Meta:
        verbose_name = verbose_name_plural = "逐日收回数"
        ordering = ["round", "origin", "day"]
        constraints = [models.UniqueConstraint(fields=["round", "origin", "day"], name="one_turnout_a_day")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"
