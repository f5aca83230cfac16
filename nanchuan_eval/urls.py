"""URL configuration; the only module that imports every app."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accountability.worklist.views import home
from nanchuan_eval.account_lists import views as account_lists
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
from nanchuan_eval.decisions import views as decisions
from nanchuan_eval.doctor import views as doctor
from nanchuan_eval.handbook import views as handbook
from nanchuan_eval.lists import views as lists
from nanchuan_eval.monitoring import views as monitoring
from nanchuan_eval.profile_changes import views as profile
from nanchuan_eval.web.views import anchors

# Former URLs of the checkers, which published notices name.
MOVED_CHECKERS = {
    "draw_check60.py": "check_draw.py",
    "check_receipt.py": "check_receipt.py",
    "check_result.py": "check_result.py",
}

staff = admin.site.admin_view
urlpatterns = [
    path("healthz", monitoring.healthz, name="healthz"),
    path("readyz", monitoring.readyz, name="readyz"),
    path("metrics", monitoring.metrics, name="metrics"),
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
    path("approvals/", decisions.inbox, name="approvals"),
    path("approvals/<int:pk>/", decisions.show, name="approval"),
    path("approvals/<int:pk>/approve/", decisions.approve, name="approval-approve"),
    path("approvals/<int:pk>/return/", decisions.send_back, name="approval-return"),
    path("approvals/<int:pk>/withdraw/", decisions.withdraw, name="approval-withdraw"),
    path("approvals/together/<str:action>/", decisions.together, name="approvals-together"),
    path("home/", home, name="home"),
    path("help/", handbook.contents, name="help"),
    path("help/whole/", handbook.whole, name="help-whole"),
    path("help/<slug:slug>/", handbook.show, name="help-page"),
    path("work/", RedirectView.as_view(pattern_name="home")),
    path("admin/doctor/", staff(doctor.examination), name="doctor"),
    path("admin/policy/", staff(in_force), name="policy"),
    path("admin/accounts/requests/", staff(account_lists.requests), name="account-requests"),
    path("admin/accounts/letters/", staff(account_lists.letters), name="account-letters"),
    path("admin/profile/", staff(profile.show), name="profile"),
    path("admin/profile/change/", staff(profile.change), name="profile-change"),
    path("site-logo/<slug:digest>.png", profile.logo, name="site-logo"),
    path("admin/lists/upload/<int:pk>/", staff(lists.show), name="list-upload"),
    path("admin/lists/upload/<int:pk>/confirm/", staff(lists.confirm), name="list-confirm"),
    path("admin/lists/upload/<int:pk>/discard/", staff(lists.discard), name="list-discard"),
    path("admin/lists/upload/<int:pk>/errors.xlsx", staff(lists.errors), name="list-errors"),
    path("admin/lists/upload/<int:pk>/changes.xlsx", staff(lists.changes), name="list-changes"),
    path("admin/lists/template/<str:name>/", staff(lists.template), name="list-template"),
    path("admin/lists/template/<str:name>/<str:subject>/", staff(lists.template), name="list-template"),
    path("admin/lists/<str:name>/", staff(lists.upload), name="list-new"),
    path("admin/lists/<str:name>/<str:subject>/", staff(lists.upload), name="list-new"),
    path("admin/", admin.site.urls),
    path("", include("evaluations.urls")),
    path("", include("accountability.urls")),
    *(
        path(f"static/{old}", RedirectView.as_view(url=f"{settings.STATIC_URL}verify/{new}", permanent=True))
        for old, new in MOVED_CHECKERS.items()
    ),
]
