"""App configuration and the admin's own site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class NanchuanEvalConfig(AppConfig):
    """系统管理: accounts, trace, calendar."""

    name = "nanchuan_eval"
    verbose_name = "系统管理"

    def ready(self) -> None:
        """Register the system checks and the core's own approvable actions; models are ready only now."""
        from nanchuan_eval import approvable_actions

        import_module("nanchuan_eval.checks")
        approvable_actions.register()


class AdminConfig(DjangoAdminConfig):
    """The admin with our site in place of the stock one."""

    default_site = "nanchuan_eval.admin_site.site.StaffSite"
