"""Editable content of the ballot form: service topics (办什么事) and manifestations (表象)."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from evaluations.ballot_form.rules.form import as_words
from evaluations.scoring.method import Indicator


class ServiceTopic(models.Model):
    """办什么事: helps citizens find a section on the ballot; not part of the frozen form, not counted."""

    text = models.CharField("办事事项", max_length=60, unique=True, help_text="群众的说法，如：办房产证、过户、抵押")
    words = models.CharField(
        "科室名称关键词", max_length=200, help_text="科室名称包含其中任一词的，即显示该办事事项；多个词之间用空格分隔"
    )

    class Meta:
        verbose_name = verbose_name_plural = "办事事项"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        if not as_words(self.words):
            raise ValidationError({"words": "请至少填一个词。"})


class Manifestation(models.Model):
    """表象: what an indicator looks like in practice; copied into the ballot form when it is frozen."""

    code = models.CharField(
        "代码",
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[0-9A-Z-]+\Z", "只能用大写字母、数字和短横线。")],
    )
    indicator = models.CharField("指标", max_length=20, choices=Indicator)
    text = models.CharField("表象", max_length=80)
    position = models.PositiveSmallIntegerField("次序", default=1)
    is_active = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "表象"
        ordering = ["indicator", "position", "code"]

    def __str__(self) -> str:
        return self.text
