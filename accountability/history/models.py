"""往期上榜名单: lists published before this system existed, for the history of sections."""

from django.db import models

from departments.models import Section


class EarlierRound(models.Model):
    """历史轮次: a round whose published list was imported from a workbook."""

    key = models.CharField("轮次代码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=40)
    period_start = models.DateField("评议期起")

    class Meta:
        verbose_name = verbose_name_plural = "往期上榜名单"
        ordering = ["-period_start"]

    def __str__(self) -> str:
        return self.name


class EarlierListing(models.Model):
    """历史上榜科室 as published; `section` is the current section, if known."""

    round = models.ForeignKey(EarlierRound, models.CASCADE, verbose_name="历史轮次", related_name="listings")
    rank = models.PositiveSmallIntegerField("位次")
    department_name = models.CharField("单位", max_length=60)
    section_name = models.CharField("科室", max_length=60)
    problems = models.CharField("主要问题", max_length=300, blank=True)
    section = models.ForeignKey(Section, models.PROTECT, verbose_name="现科室", null=True, related_name="+")

    class Meta:
        verbose_name = verbose_name_plural = "历史上榜科室"
        ordering = ["round", "rank", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "department_name", "section_name"], name="a_section_is_listed_once_in_an_earlier_round"
            )
        ]

    def __str__(self) -> str:
        return f"{self.department_name}{self.section_name}"
