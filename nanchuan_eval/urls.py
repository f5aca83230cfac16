"""All addresses; the only module that sees every app."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from nanchuan_eval import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("audit-anchors.txt", views.anchors, name="audit-anchors"),
    path(
        "login/",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("home/", views.home_of_role, name="home-of-role"),
    path("admin/", admin.site.urls),
    path("", include("evaluations.urls")),
    path("", include("accountability.urls")),
]
