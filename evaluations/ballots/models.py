"""Ballots: the spool during the vote, the shuffled ballot box after sealing (protocol 5).

No row has a time, an address, a foreign key to a code, or an order that reveals when it was cast.
"""

import uuid
from functools import reduce
from operator import add

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable

from evaluations.ballot_form.rules.votes import Origin
from evaluations.rounds.models import Round, RoundSection
from evaluations.scoring.method import Channel, Indicator

TOP_LEVEL = 4


class BallotSpool(models.Model):
    """待封箱评议票: one valid vote as a sealed row (box-key.md 3.6) until the box is opened; `id` is its mark."""

    id = models.UUIDField(primary_key=True)
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    origin = models.CharField("来源", max_length=12, choices=Origin)
    sealed = models.BinaryField("密文")

    class Meta:
        verbose_name = verbose_name_plural = "待封箱评议票"

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class Ballot(models.Model):
    """评议票: a sealed ballot under a new random id, in random order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, models.PROTECT, related_name="ballots", db_index=False)
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    origin = models.CharField("来源", max_length=12, choices=Origin)
    receipt = models.CharField("回执号", max_length=20)
    nonce = models.CharField("随机数", max_length=64)
    commitment = models.CharField("内容校验值", max_length=64)
    is_counted = models.BooleanField("计票")

    class Meta:
        verbose_name = verbose_name_plural = "评议票"
        constraints = [models.UniqueConstraint(fields=["round", "receipt"], name="a_receipt_stands_once_in_the_box")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


def _level_in_range(indicator: Indicator) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{indicator}__isnull": True}) | Q(**{f"{indicator}__gte": 0, f"{indicator}__lte": TOP_LEVEL}),
        name=f"rating_{indicator}_in_range",
    )


class Rating(models.Model):
    """票上一行: one ballot's answers for one section; null = not answered."""

    ballot = models.ForeignKey(Ballot, models.PROTECT, related_name="ratings", db_index=False)
    section = models.ForeignKey(RoundSection, models.PROTECT, related_name="+", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    is_counted = models.BooleanField("计票")
    cold = models.SmallIntegerField(Indicator.COLD.label, null=True)
    lazy = models.SmallIntegerField(Indicator.LAZY.label, null=True)
    buck_passing = models.SmallIntegerField(Indicator.BUCK_PASSING.label, null=True)
    disorderly = models.SmallIntegerField(Indicator.DISORDERLY.label, null=True)
    greedy = models.SmallIntegerField(Indicator.GREEDY.label, null=True)
    manifestations = models.CharField("表象", max_length=600, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "评议行"
        constraints = [
            models.UniqueConstraint(fields=["ballot", "section"], name="a_ballot_rates_a_section_once"),
            *[_level_in_range(indicator) for indicator in Indicator],
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name}（第{self.pk}号）"


class Comment(models.Model):
    """评议意见: stored apart from the ballots and shuffled separately; linked to no ballot or person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    round = models.ForeignKey(Round, models.PROTECT, verbose_name="轮次", related_name="comments")
    text = models.TextField("意见")

    class Meta:
        verbose_name = verbose_name_plural = "评议意见"
        ordering = ["id"]

    def __str__(self) -> str:
        return "一条意见"  # not the text, which would be kept in the audit log and in proposals


def answers_given() -> Combinable:
    """Return an expression for the number of indicators that a rating answers."""
    return reduce(add, (if_answered(i, 1) for i in Indicator))


def if_answered(indicator: Indicator, value: int) -> Combinable:
    return Case(
        When(**{f"{indicator}__isnull": False}, then=Value(value)),
        default=Value(0),
        output_field=IntegerField(),
    )


def vote_line(rating: Rating) -> dict[str, object]:
    """Return a rating as a line of the committed vote (protocol 6.3)."""
    levels = {indicator.value: getattr(rating, indicator.value) for indicator in Indicator}
    return {
        "answers": {key: level for key, level in levels.items() if level is not None},
        "manifestations": rating.manifestations.split(),
        "section": rating.section.code,
    }
