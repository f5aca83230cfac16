"""The password rules as Django asks for them."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

from nanchuan_eval.accounts.rules import password_faults
from nanchuan_eval.users.models import User


class DistrictPasswordValidator:
    """口令规则: length, classes, context words; not one of the last ones."""

    def validate(self, password: str, user: Any = None) -> None:
        words = (user.username, user.name, user.unit_code, user.person_code) if isinstance(user, User) else ()
        faults = password_faults(password, least=settings.PASSWORD_LENGTH, words=words)
        if isinstance(user, User) and any(check_password(password, used) for used in _used(user)):
            faults.append(f"不能使用最近{settings.PASSWORD_MEMORY}次用过的口令。")
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        return f"至少{settings.PASSWORD_LENGTH}位，含大写字母、小写字母、数字、符号中的三类。"


def _used(user: User) -> list[str]:
    current = [user.password] if user.has_usable_password() and user.password else []
    return [*current, *user.earlier_passwords][: settings.PASSWORD_MEMORY]
