"""System checks for settings that Django accepts and this project does not, and for two-person actions."""

import resource
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, connection

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.backups import upgrades
from nanchuan_eval.doctor.rules.database import QUIET, written_down
from nanchuan_eval.doctor.sql import settings_in_force
from nanchuan_eval.monitoring.rules import token_faults
from nanchuan_eval.users.models import User

POSITIVE = (
    "LINK_HOURS",
    "FOLLOW_UPS_AN_HOUR",
    "CLOCK_ALARM_MINUTES",
    "CLOCK_TOLERANCE_SECONDS",
    "RETURNED_DAYS",
    "DORMANT_DAYS",
    "BACKUP_ALARM_DAYS",
    "RESTORE_TEST_DAYS",
    "DISK_WARN_PERCENT",
    "DISK_ALARM_PERCENT",
    "KEY_DAYS",
    "LOG_VERIFY_DAYS",
    "LOG_ARCHIVE_DAYS",
    "SUGGESTIONS_A_DAY",
    "REPLICA_LAG_SECONDS",
)
LOG_FORMATS = ("plain", "json")
LONGEST_WINDOW = 30  # minutes
SQLITE = "django.db.backends.sqlite3"
LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"


@register(Tags.security, deploy=True)
def production_runs_on_postgresql(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite is the default for one machine; production needs PostgreSQL."""
    if settings.DATABASES["default"]["ENGINE"] != SQLITE:
        return []
    return [Error("生产环境请用 DATABASE_URL 指定 PostgreSQL 数据库。", id="nanchuan.E001")]


@register(Tags.security)
def debug_answers_this_machine_only(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """With DEBUG on, the default key is public: only local hosts may be served."""
    if not settings.DEBUG or set(settings.ALLOWED_HOSTS) <= {*settings.LOCAL_HOSTS, "testserver"}:
        return []
    return [Error("DEBUG 打开时 ALLOWED_HOSTS 只能是本机。", id="nanchuan.E002")]


@register(Tags.security)
def only_postgresql_has_a_replica(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """How far a replica is behind is read from PostgreSQL's log positions."""
    if not any(database["ENGINE"] == SQLITE for database in settings.DATABASES.values()) or len(settings.DATABASES) < 2:
        return []
    return [Error("REPLICA_URL 只能和 PostgreSQL 数据库一起使用，两者都须是 PostgreSQL。", id="nanchuan.E013")]


@register(Tags.security, deploy=True)
def production_keeps_the_rules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Rules that demonstrations may switch off must be on in production."""
    off = [name for name in ("TWO_PERSON_RULE", "REQUIRE_OTP") if not getattr(settings, name)]
    return [Error(f"生产环境不能关闭 {name}。", id="nanchuan.E003") for name in off]


@register(Tags.security, deploy=True)
def several_workers_count_together(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Rate limits and the open channel's counts hold for the whole site only with a shared cache."""
    is_apart = settings.CACHES["default"]["BACKEND"] == LOCAL_MEMORY
    if settings.WORKERS < 2 or not is_apart:
        return []
    text = f"{settings.WORKERS}个工作进程各自计数，频率限制和领票计数会放宽到{settings.WORKERS}倍。"
    return [Warning(f"{text}请用 CACHE_URL 指定共享缓存。", id="nanchuan.W001")]


@register(Tags.security)
def permissions_come_from_the_table_only(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No superusers, no permissions by hand: permissions come from the policy table only."""
    user = get_user_model()
    fields = {field.name for field in user._meta.get_fields()}
    faults: list[CheckMessage] = []
    if {"is_superuser", "is_staff"} & fields:
        faults.append(Error("账号不能有超级用户。", id="nanchuan.E004"))
    if {"user_permissions", "groups"} & fields:
        faults.append(Error("账号不能有手工授予的权限或用户组。", id="nanchuan.E005"))
    if any("ModelBackend" in path for path in settings.AUTHENTICATION_BACKENDS):
        faults.append(Error("登录后端不能带 Django 自己的权限。", id="nanchuan.E006"))
    return faults


@register(Tags.security)
def two_person_actions_have_handlers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every action with P and A cells in the policy table needs a registered handler, and no other may have one."""
    unhandled, alone = approvals.unhandled_actions(), approvals.one_person_actions()
    return [
        *(Error(f"须双人办理的事项“{action}”没有登记办理程序。", id="nanchuan.E007") for action in unhandled),
        *(Error(f"“{name}”登记为双人办理，但权限表没有规定提请人和审批人。", id="nanchuan.E008") for name in alone),
    ]


@register(Tags.database, deploy=True)
def database_is_of_this_version(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A site must not be served from a database of another version; not asked by `migrate`, which has to run."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    found = upgrades.difference(upgrades.applied_migrations())
    faults: list[CheckMessage] = []
    if found.missing:
        text = f"数据库缺少{len(found.missing)}个迁移：{'、'.join(found.missing)}。"
        faults.append(Error(f"{text}新装的请执行 migrate，升级的请执行 upgrade。", id="nanchuan.E010"))
    if found.unknown:
        text = f"数据库由更新的版本写入，程序不认识迁移{'、'.join(found.unknown)}。"
        faults.append(Error(f"{text}请换用新的版本，或按 docs/operations.md 退回。", id="nanchuan.E011"))
    return faults


@register(Tags.database)
def accounts_have_a_person_code(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Accounts made before the 人员编号 was required can neither propose nor approve until they have one."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or User._meta.db_table not in connection.introspection.table_names():
        return []
    names = "、".join(User.objects.unnumbered().values_list("username", flat=True))
    text = f"以下账号没有人员编号，不能提请或审批，请系统管理员在“账号”中填写：{names}。"
    return [Warning(text, id="nanchuan.W002")] if names else []


@register(Tags.security)
def limits_are_positive(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A limit of zero would raise its alarm, or refuse, all the time; a negative one never or always."""
    wrong = [name for name in POSITIVE if getattr(settings, name) < 1]
    return [Error(f"{name} 必须是不小于1的整数。", id="nanchuan.E009") for name in wrong]


@register(Tags.security)
def tokens_of_monitors_are_digests(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The settings hold only the tokens' SHA-256, so that who reads them cannot show one."""
    return [Error(fault, id="nanchuan.E018") for fault in token_faults(settings.METRICS_TOKENS)]


@register
def log_lines_have_a_known_form(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A mistyped form would silently be the plain one."""
    if settings.LOG_FORMAT in LOG_FORMATS:
        return []
    return [Error(f"LOG_FORMAT 只能是{'或'.join(LOG_FORMATS)}。", id="nanchuan.E017")]


@register(Tags.security)
def approving_stays_open_for_a_while_only(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A negative window would never open, a long one would make the fresh code meaningless."""
    if 0 <= settings.APPROVAL_MINUTES <= LONGEST_WINDOW:
        return []
    text = f"APPROVAL_MINUTES 必须是0到{LONGEST_WINDOW}之间的整数（分钟），0为每次审批都输入动态口令。"
    return [Error(text, id="nanchuan.E012")]


@register(Tags.security, deploy=True)
def no_core_dumps(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A core dump would hold what is in memory only: a vote while it is cast, the box key while a box is opened."""
    if not resource.getrlimit(resource.RLIMIT_CORE)[0]:
        return []
    text = "允许生成内存转储文件（core dump），其中可能有评议内容和票箱密钥。"
    return [Warning(f"{text}请以 ulimit -c 0 或 LimitCORE=0 运行，并关闭交换区。", id="nanchuan.W003")]


@register(Tags.database)
def database_log_holds_no_votes(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """PostgreSQL's log of statements would hold codes when they are spent, and comments when a box is sealed."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or connection.vendor != "postgresql":
        return []
    logged = written_down(settings_in_force(QUIET))
    text = "数据库把执行的语句写入日志，其中有票号校验值、时间和评议意见："
    return [Warning(f"{text}{'，'.join(logged)}。", id="nanchuan.W004")] if logged else []
