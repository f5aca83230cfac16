"""App configuration."""

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    """问责与整改: what follows the published list."""

    name = "accountability"
    verbose_name = "问责与整改"
