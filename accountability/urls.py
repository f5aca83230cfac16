"""Addresses of the commission and the liaisons."""

from django.urls import path

from accountability.views import commission, unit

app_name = "accountability"
urlpatterns = [
    path("commission/", commission.commission, name="commission"),
    path("commission/<slug:key>/", commission.commission, name="commission-round"),
    path("commission/<slug:key>/export/", commission.export, name="commission-export"),
    path("commission/<slug:key>/publish/", commission.publish, name="commission-publish"),
    path("commission/<slug:key>/archive/", commission.archive, name="commission-archive"),
    path("unit/", unit.unit, name="unit"),
]
