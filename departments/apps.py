"""App configuration."""

from django.apps import AppConfig


class DepartmentsConfig(AppConfig):
    """评议对象: departments, sections, their heads and their history."""

    name = "departments"
    verbose_name = "评议对象"

    def ready(self) -> None:
        """Make known the units of accounts and which changes of the roster take two persons."""
        from departments import deeds  # noqa: PLC0415  models are loaded only now
        from departments.models import Department  # noqa: PLC0415
        from nanchuan_eval import accounts  # noqa: PLC0415

        accounts.units.append(lambda: Department.objects.filter(is_active=True).values_list("code", "name"))
        deeds.register()
