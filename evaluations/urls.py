"""Addresses of the public pages."""

urlpatterns: list[object] = []
