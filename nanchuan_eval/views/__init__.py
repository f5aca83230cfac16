"""Pages of no app: log-in and account, health, anchors, errors."""

from nanchuan_eval.views.account import (
    SetPassword,
    SignIn,
    account,
    change_password,
    end_own_sessions,
    second_factor,
    set_up_second_factor,
    sign_out,
)
from nanchuan_eval.views.security import in_force
from nanchuan_eval.views.site import anchors, csrf_failure, healthz, home_of_role

__all__ = [
    "SetPassword",
    "SignIn",
    "account",
    "anchors",
    "change_password",
    "csrf_failure",
    "end_own_sessions",
    "healthz",
    "home_of_role",
    "in_force",
    "second_factor",
    "set_up_second_factor",
    "sign_out",
]
