"""Configuration of the core app and of the admin site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class NanchuanEvalConfig(AppConfig):
    """系统管理: accounts, audit log, calendar, backups."""

    name = "nanchuan_eval"
    verbose_name = "系统管理"

    def ready(self) -> None:
        """Register system checks and approvable actions, which need the models."""
        from nanchuan_eval import approvable_actions
        from nanchuan_eval.accounts.services import role_faults
        from nanchuan_eval.audit.queries import integrity_checks, register_rows
        from nanchuan_eval.audit_review.queries import ROWS
        from nanchuan_eval.audit_review.services import approval_faults

        import_module("nanchuan_eval.checks")
        approvable_actions.register()
        register_rows(*ROWS)
        integrity_checks.extend([role_faults, approval_faults])


class AdminConfig(DjangoAdminConfig):
    """Django's admin with `StaffSite` as its site."""

    default_site = "nanchuan_eval.admin_site.site.StaffSite"
