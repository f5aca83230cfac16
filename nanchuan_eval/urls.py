"""All addresses; the only module that sees every app."""

from django.contrib import admin
from django.urls import include, path

from nanchuan_eval.accounts.views.account import (
    SetPassword,
    SignIn,
    account,
    change_password,
    end_own_sessions,
    second_factor,
    set_up_second_factor,
    sign_out,
)
from nanchuan_eval.accounts.views.security import in_force
from nanchuan_eval.web.views import anchors, healthz, home_of_role

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("audit-anchors.txt", anchors, name="audit-anchors"),
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", sign_out, name="logout"),
    path("account/", account, name="account"),
    path("account/password/", change_password, name="password"),
    path("account/set-password/<uidb64>/<token>/", SetPassword.as_view(), name="set-password"),
    path("account/second-factor/", second_factor, name="second-factor"),
    path("account/second-factor/setup/", set_up_second_factor, name="second-factor-setup"),
    path("account/sessions/end/", end_own_sessions, name="end-own-sessions"),
    path("home/", home_of_role, name="home-of-role"),
    path("admin/policy/", admin.site.admin_view(in_force), name="policy"),
    path("admin/", admin.site.urls),
    path("", include("evaluations.urls")),
    path("", include("accountability.urls")),
]
