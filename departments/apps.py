"""Configuration of the departments app."""

from django.apps import AppConfig


class DepartmentsConfig(AppConfig):
    """评议对象: departments, sections, their heads and changes."""

    name = "departments"
    verbose_name = "评议对象"

    def ready(self) -> None:
        """Register the units of accounts and the approvable actions of the roster."""
        from departments.approvable_actions import register
        from departments.models import Department
        from departments.roster.queries import ROWS
        from nanchuan_eval.accounts import services as accounts
        from nanchuan_eval.audit.queries import register_rows

        accounts.units.append(lambda: Department.objects.filter(is_active=True).values_list("code", "name"))
        register()
        register_rows(*ROWS)
