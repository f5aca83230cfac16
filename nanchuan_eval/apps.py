"""Configuration of the core app and of the admin site."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

from nanchuan_eval.web.fields import word_required


class NanchuanEvalConfig(AppConfig):
    """系统管理: accounts, audit log, calendar, backups."""

    name = "nanchuan_eval"
    verbose_name = "系统管理"

    def import_models(self) -> None:
        """Word required fields before the first form is declared."""
        word_required()
        super().import_models()

    def ready(self) -> None:
        """Register system checks, approvable actions and retention rules, which need the models."""
        from nanchuan_eval import approvable_actions
        from nanchuan_eval.account_lists.pages import ACCOUNT_LIST
        from nanchuan_eval.accounts.services import role_faults
        from nanchuan_eval.audit.queries import integrity_checks, register_rows
        from nanchuan_eval.audit_review.queries import ROWS
        from nanchuan_eval.audit_review.services import approval_faults
        from nanchuan_eval.lists import services as lists
        from nanchuan_eval.permissions.policy import Role
        from nanchuan_eval.profile.queries import logo_faults
        from nanchuan_eval.retention import services as retention
        from nanchuan_eval.workspace import pages as workspace
        from nanchuan_eval.workspace.pages import Entry
        from nanchuan_eval.workspace.rules import Phase

        import_module("nanchuan_eval.checks")
        approvable_actions.register()
        register_rows(*ROWS)
        integrity_checks.extend([role_faults, approval_faults, logo_faults])
        retention.rules.extend(lists.retention_rules())
        lists.register(ACCOUNT_LIST)
        workspace.register(
            Entry(Phase.SYSTEM, "待审批", "approvals", order=0),
            Entry(
                Phase.SYSTEM,
                "按名单提请授权",
                "account-requests",
                "role.grant",
                starts=True,
                roles=frozenset({Role.SECURITY_ADMIN}),
                order=2,
            ),
            Entry(Phase.SYSTEM, "系统体检", "doctor", "sys.config", roles=frozenset({Role.SYSTEM_ADMIN}), order=5),
            Entry(Phase.SYSTEM, "登录通知书", "account-letters", "user.pwlink", order=3),
            Entry(Phase.SYSTEM, "机构信息", "profile", "profile.edit", order=4),
            Entry(Phase.SYSTEM, "验证操作日志", "admin:audit-verify", "log.verify", order=30),
            Entry(Phase.SYSTEM, "安全策略和权限表", "policy", "policy.set", order=31),
        )


class AdminConfig(DjangoAdminConfig):
    """Django's admin with `StaffSite` as its site."""

    default_site = "nanchuan_eval.admin_site.site.StaffSite"
