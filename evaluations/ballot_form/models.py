"""Editable content of the ballot form: service topics (办什么事) and manifestations (表象)."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from evaluations.ballot_form.rules.topics import NO_WORDS, as_words
from evaluations.scoring.method import Indicator


class ServiceTopic(models.Model):
    """办什么事: helps citizens find a section on the ballot; not part of the frozen form, not counted."""

    text = models.CharField(
        "办事事项",
        max_length=60,
        unique=True,
        help_text="显示在科室名称下面，如：办房产证、过户、抵押。单位的简称、旧称不显示，只供查找",
    )
    synonyms = models.CharField(
        "群众说法",
        max_length=300,
        blank=True,
        help_text="群众查找时可能输入的词，如：产权证 房本；多个词之间用空格分隔，不必填写拼音",
    )
    words = models.CharField(
        "科室名称关键词",
        max_length=200,
        blank=True,
        help_text="科室名称包含其中任一词的，即可按该事项查到；多个词之间用空格分隔。不填的，单位的全部科室都可查到",
    )
    departments = models.CharField(
        "单位名称关键词",
        max_length=200,
        blank=True,
        help_text="几个单位的科室名称相同时填写：只查单位名称包含其中任一词的科室，如：供电",
    )
    note = models.CharField(
        "不在评议范围的说明",
        max_length=100,
        blank=True,
        help_text="名录中没有办理该事项的科室时，查找的人看到这句话，如：残疾证由残联办理，残联不在本次评议的单位中。",
    )

    class Meta:
        verbose_name = verbose_name_plural = "办事事项"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        if not as_words(self.words) and not as_words(self.departments):
            raise ValidationError({"words": NO_WORDS})


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
