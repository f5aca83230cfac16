"""What the commands of a round have in common."""

from django.core.management.base import CommandError

from evaluations.models import Round
from nanchuan_eval.models import User


def find_round(key: str) -> Round:
    """Return the round of that key, or end with exit code 2."""
    round_ = Round.objects.filter(key=key).first()
    if round_ is None:
        known = "、".join(Round.objects.values_list("key", flat=True)) or "无"
        raise CommandError(f"没有代码为“{key}”的轮次。现有轮次：{known}。", returncode=2)
    return round_


def find_account(username: str) -> User:
    """Return the active account of that name, or end with exit code 2."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"没有名为“{username}”的有效账号。", returncode=2)
    return user
