"""Accounts (账号): one person in one role."""

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from nanchuan_eval.permissions.policy import Role

# Citizens and drawn evaluators have no account: their code is the right, once.
ACCOUNT_ROLES = [(r.value, r.label) for r in Role if r not in {Role.ANONYMOUS, Role.BALLOT_HOLDER, Role.TARGETED}]
DESK_ROLES = frozenset(
    {Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.PERSONNEL, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR}
)


class UserManager(BaseUserManager["User"]):
    """Accounts by their unique name; there is no superuser (等保：权限分离)."""


class User(AbstractBaseUser):
    """账号: one person in one role; all rights follow from the role and the policy table."""

    username = models.CharField("账号", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    role = models.CharField("角色", max_length=3, choices=ACCOUNT_ROLES, blank=True)
    unit_code = models.CharField("所属单位代码", max_length=20, blank=True, help_text="仅单位联络员填写，如 D05")
    person_code = models.CharField(
        "人员编号",
        max_length=40,
        blank=True,
        help_text="填写工号等；一人有多个账号的，填写同一编号，不得自行提请、自行审批",
    )
    is_active = models.BooleanField("启用", default=True)
    expires_at = models.DateTimeField("有效期至", null=True, blank=True, help_text="监督员账号仅当日有效；其他账号不填")
    created_at = models.DateTimeField("创建时间", auto_now_add=True)
    password_set_at = models.DateTimeField("口令设置时间", null=True, blank=True)
    earlier_passwords = models.JSONField("用过的口令（散列）", default=list, blank=True)
    session_stamp = models.CharField("会话标识", max_length=32, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    class Meta:
        verbose_name = verbose_name_plural = "账号"
        ordering = ["username"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(role=Role.LIAISON) | ~models.Q(unit_code=""),
                name="liaison_belongs_to_a_unit",
                violation_error_message="单位联络员必须填写所属单位代码。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}（{self.get_role_display() or '未授权'}）"

    @property
    def person(self) -> str:
        """Who is behind the account: two accounts of one person never make two persons."""
        return self.person_code or f"account {self.pk}"

    def is_usable(self, at: datetime) -> bool:
        """Say whether the account may be used now: enabled and, for a day's account, not over."""
        return self.is_active and (self.expires_at is None or at < self.expires_at)

    def renew_sessions(self) -> None:
        """Make every session there is invalid: the stamp is part of what a session must match."""
        self.session_stamp = secrets.token_hex(16)

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        return salted_hmac(
            "nanchuan_eval.models.User.session", self.password + self.session_stamp, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_staff(self) -> bool:
        """Whether the account works at the admin desk."""
        return self.role in DESK_ROLES

    def get_short_name(self) -> str:
        """Return the name by which the desk greets."""
        return self.name

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False: rights come from the policy table only, never from Django's permissions."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Let the desk roles into the admin; each model admin asks the policy table itself."""
        return self.is_active and self.is_staff
