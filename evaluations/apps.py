"""App configuration."""

from django.apps import AppConfig


class EvaluationsConfig(AppConfig):
    """评议轮次: one round from the frozen roster to the published list."""

    name = "evaluations"
    verbose_name = "评议轮次"
