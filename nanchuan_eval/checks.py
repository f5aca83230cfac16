"""System checks for settings that are legal to Django and wrong for us."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SQLITE = "django.db.backends.sqlite3"


@register(Tags.security, deploy=True)
def production_runs_on_postgresql(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite is the embedded default for one machine; a district's server runs PostgreSQL."""
    if settings.DATABASES["default"]["ENGINE"] != SQLITE:
        return []
    return [Error("生产环境请用 DATABASE_URL 指定 PostgreSQL 数据库。", id="nanchuan.E001")]


@register(Tags.security)
def debug_answers_this_machine_only(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """With DEBUG on the default key is public: nobody but this machine may be answered."""
    if not settings.DEBUG or set(settings.ALLOWED_HOSTS) <= {*settings.LOCAL_HOSTS, "testserver"}:
        return []
    return [Error("DEBUG 打开时 ALLOWED_HOSTS 只能是本机。", id="nanchuan.E002")]
