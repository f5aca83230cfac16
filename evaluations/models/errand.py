"""办什么事: what people come for, and the words of the section names that stand for it."""

from django.core.exceptions import ValidationError
from django.db import models

from evaluations.rules.errands import as_words


class Errand(models.Model):
    """办什么事: a finding aid on the ballot's choice of sections; frozen into nothing, counted nowhere."""

    text = models.CharField("办什么事", max_length=60, unique=True, help_text="群众的说法，如：办房产证、过户、抵押")
    words = models.CharField(
        "科室名称中的词", max_length=200, help_text="科室名称里有其中一个词的，就显示这件事；几个词之间空一格"
    )

    class Meta:
        verbose_name = verbose_name_plural = "办什么事"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        if not as_words(self.words):
            raise ValidationError({"words": "请至少填一个词。"})
