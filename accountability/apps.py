"""App configuration."""

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    """问责与整改: what follows the published list."""

    name = "accountability"
    verbose_name = "问责与整改"

    def ready(self) -> None:
        from accountability.deeds import register_deeds  # noqa: PLC0415  models are ready only now

        register_deeds()
