"""App configuration and the admin's own site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class NanchuanEvalConfig(AppConfig):
    """系统管理: accounts, trace, calendar."""

    name = "nanchuan_eval"
    verbose_name = "系统管理"

    def ready(self) -> None:
        from nanchuan_eval import approvable_actions

        approvable_actions.register()


class AdminConfig(DjangoAdminConfig):
    """The admin with our site in place of the stock one."""

    default_site = "nanchuan_eval.admin_site.site.StaffSite"
