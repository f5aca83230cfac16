"""Accounts (账号): opened by the system administrator, or by the operator on a new installation."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from nanchuan_eval import audit, policy
from nanchuan_eval.models import User


@transaction.atomic
def create_account(account: User, *, password: str, by: policy.Actor, at: datetime) -> User:
    """Check and store a new account; faults are Django's ValidationError in Chinese."""
    policy.check(by, "user.create")
    validate_password(password, account)
    account.set_password(password)
    account.full_clean()
    account.save()
    audit.record("user.create", account, by=by, at=at, detail={"role": account.role})
    return account
