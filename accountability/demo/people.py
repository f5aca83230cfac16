"""Invented people: the demonstration's accounts, each of a person of its own, and the rows of its pools."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Self
from unittest.mock import patch

from django.contrib.auth import hashers
from django.utils import timezone

from accountability.cases.models import Case
from nanchuan_eval.accounts.services import create_account
from nanchuan_eval.permissions.policy import OPERATOR, Role
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.users.models import User

PASSWORD = "Yanshi-demo-2020"  # noqa: S105  demo accounts only; the command refuses a real database
# The unit of the report's section that was listed twice.
LIAISON_UNIT = "D06"
ACCOUNTS = (
    ("clerk", "演示工作人员", Role.CLERK, ""),
    ("clerk2", "演示复核员", Role.CLERK, ""),
    ("clerk3", "演示工作人员丙", Role.CLERK, ""),
    ("chief", "演示负责人", Role.CHIEF, ""),
    ("jiwei", "演示纪检员", Role.COMMISSION, ""),
    ("jiwei2", "演示纪检员乙", Role.COMMISSION, ""),
    ("liaison", "演示联络员", Role.LIAISON, LIAISON_UNIT),
    ("witness", "演示监督员", Role.SUPERVISOR, ""),
    ("inspector", "演示督查员", Role.INSPECTOR, ""),
    ("inspector2", "演示督查员乙", Role.INSPECTOR, ""),
    ("personnel", "演示组织员", Role.PERSONNEL, ""),
    ("sysadmin", "演示系统管理员", Role.SYSTEM_ADMIN, ""),
    ("secadmin", "演示安全管理员", Role.SECURITY_ADMIN, ""),
    ("auditor", "演示审计员", Role.AUDITOR, ""),
)
HEADER = ("身份类别", "姓名", "单位", "手机号")
SUPERVISOR_GROUPS = ("人大代表", "政协委员", "特约监察员", "新闻媒体", "市民代表")
EVALUATOR_GROUPS = {
    "服务对象": 1500,
    "市场主体": 600,
    "村居干部和居民代表": 450,
    "两代表一委员": 300,
    "其他": 150,
}


@dataclass(frozen=True)
class Office:
    """Whoever acts in the story, each as their own account: what one proposes, another approves."""

    clerk: User
    second_clerk: User
    chief: User
    commission: User
    second_commission: User
    witness: User
    personnel: User
    inspectors: tuple[User, User]
    system_admin: User
    security_admin: User

    @property
    def desk(self) -> tuple[User, User]:
        """Whoever proposes and approves what the office does."""
        return self.clerk, self.chief

    @property
    def above(self) -> tuple[User, User]:
        """Whoever proposes and approves what the office may not do alone."""
        return self.chief, self.commission

    @classmethod
    def open(cls) -> Self:
        """Return the accounts, created where there are none yet."""
        with one_hash():
            known = {facts[0]: account(*facts) for facts in ACCOUNTS}
        return cls(
            clerk=known["clerk"],
            second_clerk=known["clerk2"],
            chief=known["chief"],
            commission=known["jiwei"],
            second_commission=known["jiwei2"],
            witness=known["witness"],
            personnel=known["personnel"],
            inspectors=(known["inspector"], known["inspector2"]),
            system_admin=known["sysadmin"],
            security_admin=known["secadmin"],
        )


def one_hash() -> AbstractContextManager[Callable[..., str]]:
    """Hash the one password of all demonstration accounts once: each hash takes a third of a second by design."""
    return patch("django.contrib.auth.base_user.make_password", cache(hashers.make_password))


def account(username: str, name: str, role: Role, unit_code: str) -> User:
    account = User(username=username, name=name, role=role, unit_code=unit_code, person_code=f"演示-{username}")
    known = User.objects.filter(username=username).first()
    return known or create_account(account, password=PASSWORD, by=OPERATOR, at=timezone.now())


def liaison_of(case: Case) -> User:
    """Return the liaison account of the case's unit, created if there is none."""
    return liaison_of_unit(case.result.section.department_code)


def liaison_of_unit(code: str) -> User:
    """Return the liaison account of a unit, created if there is none."""
    known = User.objects.filter(role=Role.LIAISON, unit_code=code).first()
    with one_hash():
        return known or account(f"liaison-{code}", f"演示联络员{code}", Role.LIAISON, code)


def supervisors() -> Iterator[Row]:
    """Yield the rows of a supervisors' pool: 12 people in each of five groups."""
    yield from _rows([group for group in SUPERVISOR_GROUPS for _ in range(12)], first_phone=13900000000, title="监督员")


def evaluators(part: int = 1) -> Iterator[Row]:
    """Yield the rows of a pool of 3,000 targeted evaluators by 身份类别, or of one `part`-th of them."""
    groups = [group for group, people in EVALUATOR_GROUPS.items() for _ in range(people // part)]
    yield from _rows(groups, first_phone=13900100000, title="评议员")


def _rows(groups: list[str], *, first_phone: int, title: str) -> Iterator[Row]:
    yield Row("演示名单", 1, HEADER)
    for number, group in enumerate(groups, start=1):
        person = (group, f"演示{title}{number:04d}", "演示单位", str(first_phone + number))
        yield Row("演示名单", number + 1, person)
