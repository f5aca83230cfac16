"""App configuration."""

from django.apps import AppConfig


class DepartmentsConfig(AppConfig):
    """评议对象: departments, sections, their heads and their history."""

    name = "departments"
    verbose_name = "评议对象"

    def ready(self) -> None:
        """Make known which changes of the roster take two persons."""
        from departments import deeds  # noqa: PLC0415  models are loaded only now

        deeds.register()
