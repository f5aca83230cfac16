"""Checks before an installation (安装前的检查): a line for each setting, with what to do; a fault stops it."""

import os
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http.request import validate_host

from nanchuan_eval.backups import upgrades
from nanchuan_eval.clock.queries import clock_faults
from nanchuan_eval.installation.rules import Level, Line, judged, site_fault

SHORTEST_SECRET, LEAST_CHARACTERS, KEY_BYTES = 50, 10, 32
NEW_SECRET_COMMAND = 'python -c "import secrets; print(secrets.token_urlsafe(50))"'  # noqa: S105  makes one
NEW_KEY_COMMAND = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
# System checks that have their own line here.
TOLD = frozenset({"nanchuan.E001", "nanchuan.E003", "nanchuan.E010", "nanchuan.E011", "nanchuan.W001"})
OURS = "nanchuan."


def setting_lines(site: str | None) -> Iterator[Line]:
    """Yield a line for every setting that an installation depends on; `site` = the links' address, None if unasked."""
    yield from _switches()
    yield from _secrets()
    yield from _hosts()
    yield from () if site is None else [_site_line(site)]
    yield from _services()
    yield from _folders()
    for message in checks.run_checks(include_deployment_checks=True):
        if str(message.id).startswith(OURS) and message.id not in TOLD:
            yield Line(Level.FAULT if message.is_serious() else Level.WARNING, "系统检查", message.msg)


def database_line() -> Line:
    """Return whether the database answers and is empty or of this version."""
    try:
        found = upgrades.applied_migrations()
    except DatabaseError as fault:
        text = f"连不上（{str(fault).strip().splitlines()[0]}）。请核对 DATABASE_URL，确认数据库已建好、服务已启动。"
        return Line(Level.FAULT, "DATABASE_URL", text)
    if found and (difference := upgrades.difference(found)) and any(difference):
        text = f"数据库与程序版本不符（{difference}）。升级请先备份，再运行 upgrade；办法见 docs/operations.md。"
        return Line(Level.FAULT, "DATABASE_URL", text)
    if connection.vendor != "postgresql":
        text = "SQLite，只供试用，正式运行的启动检查不予通过。请改用 PostgreSQL：postgres://用户:口令@主机:5432/库名。"
        return Line(Level.WARNING, "DATABASE_URL", text)
    return Line(Level.GOOD, "DATABASE_URL", f"PostgreSQL，{'已建好' if found else '是空的，将自动建立各表'}。")


def clock_lines() -> Iterator[Line]:
    """Yield why the clocks cannot be trusted; reads the database, which must be of this version."""
    found = clock_faults()
    yield from (Line(Level.FAULT, "时钟", f"{text}请校准时钟（如启用 NTP）后重试。") for text in found)
    if not found:
        yield Line(Level.GOOD, "时钟", "网站与数据库的时钟相符。")


def _switches() -> Iterator[Line]:
    yield judged("DEBUG", not settings.DEBUG, "已关闭。", "处于打开状态，请在 .env 中设置 DEBUG=false。")
    for name, what in (("REQUIRE_OTP", "动态口令"), ("TWO_PERSON_RULE", "两人办理")):
        good, bad = f"{what}已启用。", f"{what}未启用，请在 .env 中删去 {name}，或者设置 {name}=true。"
        yield judged(name, getattr(settings, name), good, bad)


def _secrets() -> Iterator[Line]:
    secret = settings.SECRET_KEY
    is_random = len(secret) >= SHORTEST_SECRET and len(set(secret)) >= LEAST_CHARACTERS
    is_good = is_random and not secret.startswith(("only-for-development", "django-insecure"))
    yield judged(
        "SECRET_KEY",
        is_good,
        "已设置。",
        f"太短、过于简单或者是示例。请在 .env 中填写这条命令输出的内容：{NEW_SECRET_COMMAND}",
    )
    keys = settings.FIELD_KEY
    is_good = bool(keys) and all(map(_is_key, keys))
    good = "已设置。请另存一份，与数据库备份分开保管；丢失后加密的内容和备份都无法恢复。"
    yield judged("FIELD_KEY", is_good, good, f"不是有效的密钥。请在 .env 中填写这条命令输出的内容：{NEW_KEY_COMMAND}")


def _is_key(key: str) -> bool:
    try:
        return len(urlsafe_b64decode(key)) == KEY_BYTES and b"only-for-development" not in urlsafe_b64decode(key)
    except ValueError:
        return False


def _hosts() -> Iterator[Line]:
    hosts = settings.ALLOWED_HOSTS
    bad = "没有写明网站的主机名。请在 .env 中填写，如 ALLOWED_HOSTS=pingyi.example；不能写*。"
    yield judged("ALLOWED_HOSTS", bool(hosts) and "*" not in hosts, f"{'、'.join(hosts)}。", bad)
    good, bad = (
        "已填写反向代理的地址。",
        "为空。网站前面有 nginx 的，请填写其地址，如 TRUSTED_PROXIES=127.0.0.1，否则会反复跳转。",
    )
    yield judged("TRUSTED_PROXIES", bool(settings.TRUSTED_PROXIES), good, bad, Level.WARNING)


def _site_line(site: str) -> Line:
    if fault := site_fault(site) if site else "没有写明。请加上 --site https://网站地址，链接由它得出。":
        return Line(Level.FAULT, "--site", fault)
    host = urlsplit(site).hostname or ""
    bad = f"主机名“{host}”不在 ALLOWED_HOSTS 中，链接会打不开。请改正其中一个。"
    return judged("--site", validate_host(host, settings.ALLOWED_HOSTS), f"{site}。", bad)


def _services() -> Iterator[Line]:
    is_local = settings.CACHES["default"]["BACKEND"].endswith(".LocMemCache")
    word = token_hex(8)
    cache.set("installation", word, 10)
    if cache.get("installation") != word:
        yield Line(
            Level.WARNING, "CACHE_URL", "缓存没有应答，频率限制和领票计数暂不生效。请启动 Redis 并核对 CACHE_URL。"
        )
    elif is_local and settings.WORKERS > 1:
        text = (
            f"{settings.WORKERS}个工作进程各自计数，频率限制会放宽。请启动 Redis（deploy/redis.conf）并填写 CACHE_URL。"
        )
        yield Line(Level.WARNING, "CACHE_URL", text)
    else:
        yield Line(Level.GOOD, "CACHE_URL", "本进程内存。" if is_local else "缓存有应答。")
    is_sent = not settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend"))
    good, bad = (
        f"{settings.EMAIL_HOST}。",
        "没有邮件服务器，提醒只显示在页面上。要发邮件的，请填写 EMAIL_URL 和 DEFAULT_FROM_EMAIL。",
    )
    yield judged("EMAIL_URL", is_sent, good, bad, Level.WARNING)
    try:
        staticfiles_storage.url("css/base.css")
    except ValueError:
        yield Line(Level.FAULT, "静态文件", "尚未收集，网页会打不开。请运行 manage.py collectstatic --noinput。")
    else:
        yield Line(Level.GOOD, "静态文件", "已收集。")


def _folders() -> Iterator[Line]:
    for name in ("EVIDENCE_ROOT", "BACKUP_ROOT", "ARCHIVE_ROOT"):
        folder = Path(getattr(settings, name))
        bad = f"不能写入“{folder}”。请建立这个文件夹，交给运行网站的用户（chown），或者在 .env 中改 {name}。"
        yield judged(name, _is_writable(folder), f"{folder}，可以写入。", bad)
    served = Path(settings.STATIC_ROOT).resolve()
    if served in {Path(settings.EVIDENCE_ROOT).resolve(), *Path(settings.EVIDENCE_ROOT).resolve().parents}:
        yield Line(Level.FAULT, "EVIDENCE_ROOT", "在公开的静态文件夹内，请在 .env 中改为别处。")


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return os.access(folder, os.X_OK)
    except OSError:
        return False
