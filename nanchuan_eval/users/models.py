"""Accounts (账号) and their roles."""

import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.rules import person_key

# Citizens and drawn evaluators have no account: their ballot code authorizes them, once.
ACCOUNT_ROLES = [(r.value, r.label) for r in Role if r not in {Role.ANONYMOUS, Role.BALLOT_HOLDER, Role.TARGETED}]
STAFF_ROLES = frozenset(
    {Role.CLERK, Role.CHIEF, Role.COMMISSION, Role.PERSONNEL, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR}
)


class UserManager(BaseUserManager["User"]):
    """Manager of accounts; there is no superuser to create (等保：权限分离)."""

    def others_of(self, account: "User") -> list["User"]:
        """Return the other enabled accounts of the account's person, as far as their 人员编号 shows."""
        others = self.filter(is_active=True).exclude(pk=account.pk).exclude(person_code="")
        return [other for other in others if other.person == account.person]

    def unnumbered(self) -> models.QuerySet["User"]:
        """Return the enabled accounts without a 人员编号, made before it was required."""
        return self.filter(is_active=True, person_code="")


class User(AbstractBaseUser):
    """账号: one person in one role; all permissions follow from the role and the policy table."""

    username = models.CharField("账号", max_length=40, unique=True)
    name = models.CharField("姓名", max_length=40)
    role = models.CharField("角色", max_length=3, choices=ACCOUNT_ROLES, blank=True)
    unit_code = models.CharField("所属单位代码", max_length=20, blank=True, help_text="仅单位联络员填写，如 D05")
    person_code = models.CharField(
        "人员编号",
        max_length=40,
        help_text="填写工号等，每个账号都要填写；一人有多个账号的，填写同一编号，不得自行提请、自行审批",
    )
    requested_role = models.CharField("待授予的角色", max_length=3, choices=ACCOUNT_ROLES, blank=True, editable=False)
    requested_unit = models.CharField("待授予的单位代码", max_length=20, blank=True, editable=False)
    is_active = models.BooleanField("启用", default=True)
    expires_at = models.DateTimeField("有效期至", null=True, blank=True, help_text="监督员账号仅当日有效；其他账号不填")
    created_at = models.DateTimeField("创建时间", auto_now_add=True)
    password_set_at = models.DateTimeField("口令设置时间", null=True, blank=True)
    earlier_passwords = models.JSONField("用过的口令（散列）", default=list, blank=True)
    link_issued_at = models.DateTimeField("最近一次发链接的时间", null=True, blank=True)
    session_stamp = models.CharField("登录标识", max_length=32, blank=True)

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
        """Identifier of the person behind the account: two accounts of one person do not count as two persons."""
        return person_key(self.person_code) or f"account {self.pk}"

    def check_password(self, raw_password: str | None) -> bool:
        """Compare without Django's silent rehash: only a logged action writes the column whose digest is logged."""
        return check_password(raw_password, self.password)

    @cached_property
    def own_accounts(self) -> list[int]:
        """The keys of all accounts of this person, disabled ones and this one included."""
        numbered = User.objects.exclude(person_code="").exclude(pk=self.pk).only("pk", "person_code")
        return [self.pk, *(other.pk for other in numbered if other.person == self.person)]

    def is_usable(self, at: datetime) -> bool:
        """True if the account is enabled and not expired."""
        return self.is_active and (self.expires_at is None or at < self.expires_at)

    def renew_sessions(self) -> None:
        """Invalidate all sessions: the stamp is part of the session's hash."""
        self.session_stamp = secrets.token_hex(16)

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        return salted_hmac(
            "nanchuan_eval.models.User.session", self.password + self.session_stamp, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_staff(self) -> bool:
        """True if the role works on the staff site."""
        return self.role in STAFF_ROLES

    def get_short_name(self) -> str:
        """Return the name shown in the header of the staff site."""
        return self.name

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False: permissions come from the policy table only, never from Django."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Admit the staff roles to the admin; each model admin asks the policy table itself."""
        return self.is_active and self.is_staff
