"""The five indicators (指标), the three channels (渠道) and the words of the levels."""

from django.db.models import TextChoices


class Indicator(TextChoices):
    """冷、懒、推、乱、贪, always in this order."""

    COLD = "cold", "冷"
    LAZY = "lazy", "懒"
    BUCK_PASSING = "buck_passing", "推"
    DISORDERLY = "disorderly", "乱"
    GREEDY = "greedy", "贪"


class Channel(TextChoices):
    """评议渠道, in the rulebook's order."""

    TARGETED = "targeted", "定向评议"
    SAMPLED = "sampled", "抽样评议"
    OTHER = "other", "其他评议"


LEVEL_WORDS = {"0": "没有", "1": "轻微", "2": "较重", "3": "严重", "x": "不了解"}
