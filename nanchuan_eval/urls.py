"""All addresses; the only module that sees every app."""

from django.contrib import admin
from django.urls import include, path

from nanchuan_eval import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("audit-anchors.txt", views.anchors, name="audit-anchors"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("account/", views.account, name="account"),
    path("account/password/", views.change_password, name="password"),
    path("account/set-password/<uidb64>/<token>/", views.SetPassword.as_view(), name="set-password"),
    path("account/second-factor/", views.second_factor, name="second-factor"),
    path("account/second-factor/setup/", views.set_up_second_factor, name="second-factor-setup"),
    path("account/sessions/end/", views.end_own_sessions, name="end-own-sessions"),
    path("home/", views.home_of_role, name="home-of-role"),
    path("admin/policy/", admin.site.admin_view(views.in_force), name="policy"),
    path("admin/", admin.site.urls),
    path("", include("evaluations.urls")),
    path("", include("accountability.urls")),
]
