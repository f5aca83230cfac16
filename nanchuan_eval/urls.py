"""URL configuration; the only module that imports every app."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from nanchuan_eval.accounts.views.account import (
    SetPassword,
    SignIn,
    account,
    change_password,
    continue_session,
    end_own_sessions,
    second_factor,
    set_up_second_factor,
    sign_out,
)
from nanchuan_eval.accounts.views.security import in_force
from nanchuan_eval.web.views import anchors, healthz, home_of_role

# Former URLs of the checkers, which published notices name.
MOVED_CHECKERS = {
    "draw_check60.py": "check_draw.py",
    "check_receipt.py": "check_receipt.py",
    "check_result.py": "check_result.py",
}

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
    path("account/sessions/continue/", continue_session, name="continue-session"),
    path("account/sessions/end/", end_own_sessions, name="end-own-sessions"),
    path("home/", home_of_role, name="home-of-role"),
    path("admin/policy/", admin.site.admin_view(in_force), name="policy"),
    path("admin/", admin.site.urls),
    path("", include("evaluations.urls")),
    path("", include("accountability.urls")),
    *(
        path(f"static/{old}", RedirectView.as_view(url=f"{settings.STATIC_URL}verify/{new}", permanent=True))
        for old, new in MOVED_CHECKERS.items()
    ),
]
