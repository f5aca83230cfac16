"""Configuration of the departments app."""

from django.apps import AppConfig


class DepartmentsConfig(AppConfig):
    """评议对象: departments, sections, their heads and changes."""

    name = "departments"
    verbose_name = "评议对象"

    def ready(self) -> None:
        """Register the units of accounts, and the approvable actions, rows and list of the roster."""
        from departments.approvable_actions import register
        from departments.models import Department
        from departments.roster.pages import ROSTER_LIST
        from departments.roster.queries import ROWS, unit_names
        from nanchuan_eval.account_lists import queries as account_lists
        from nanchuan_eval.accounts import services as accounts
        from nanchuan_eval.audit.queries import register_rows
        from nanchuan_eval.lists import services as lists

        accounts.units.append(lambda: Department.objects.filter(is_active=True).values_list("code", "name"))
        account_lists.unit_names.append(unit_names)
        register()
        register_rows(*ROWS)
        lists.register(ROSTER_LIST)
