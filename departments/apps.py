"""App configuration."""

from django.apps import AppConfig


class DepartmentsConfig(AppConfig):
    """评议对象: departments, sections, their heads and their history."""

    name = "departments"
    verbose_name = "评议对象"
