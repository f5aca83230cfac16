"""Reading disks, file modes, the certificate, keys, the clock's zone, and whether named services answer."""

import os
import shutil
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography import x509
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.doctor.queries.schedule import newest_backup_size
from nanchuan_eval.doctor.rules import machine
from nanchuan_eval.doctor.rules.machine import ROOM_FOR_BACKUPS, Certificate, Disk, Mode, Service
from nanchuan_eval.installation.rules import Line

PATIENCE = 5  # seconds
UNMANAGED = "none"
# OpenSSL's codes: not yet valid, expired.
OF_DATES = (9, 10)
OTHERS, OTHERS_OR_GROUP_WRITES = 0o007, 0o027
LOCALTIME, DEBIAN_CLUSTERS = Path("/etc/localtime"), "/var/lib/postgresql"
ROOTS = {"EVIDENCE_ROOT": "佐证材料", "BACKUP_ROOT": "备份", "ARCHIVE_ROOT": "日志归档"}


def machine_lines(at: datetime) -> Iterator[Line]:
    """Yield what can be read on this machine without asking another one."""
    yield from machine.disk_lines(disks(), settings.DISK_WARN_PERCENT, settings.DISK_ALARM_PERCENT)
    yield from machine.mode_lines(modes())
    made_at = (
        AuditEntry.objects.performed().filter(action__in=["keys.rotated", "system.installed"]).order_by("-seq").first()
    )
    renew_after = timedelta(days=settings.KEY_DAYS)
    yield from machine.key_lines(made_at.at if made_at else None, copy_checked(), timezone.localtime(at), renew_after)
    yield from filter(None, [static_line(), zone_line(at), cache_line()])
    if settings.CERTIFICATE != UNMANAGED and not _is_shown_elsewhere():
        yield from machine.certificate_lines(certificate(), settings.ALLOWED_HOSTS, at)


def network_lines(at: datetime) -> Iterator[Line]:
    """Yield whether a certificate at an address is good and the services that the settings name answer."""
    if _is_shown_elsewhere():
        yield from machine.certificate_lines(certificate(), settings.ALLOWED_HOSTS, at)
    faults = [(service, service.look()) for service in services()]
    yield from machine.service_lines(faults)


def network_subjects() -> list[str]:
    """Return what `network_lines` would examine: whoever leaves it out says so."""
    certificates = [f"证书（{settings.CERTIFICATE}）"] if _is_shown_elsewhere() else []
    return [*certificates, *(f"{service.what}（{service.setting}）" for service in services())]


def _is_shown_elsewhere() -> bool:
    """True if CERTIFICATE names an address to connect to: neither a file nor nothing."""
    return settings.CERTIFICATE not in {"", UNMANAGED} and "/" not in settings.CERTIFICATE


def disks(*, with_needs: bool = True) -> list[Disk]:
    """Return the file systems on which the application's data lie, each once; `with_needs`: and what backups need."""
    room = ROOM_FOR_BACKUPS * newest_backup_size() if with_needs else 0
    places = [(what, Path(getattr(settings, name)), room * (name == "BACKUP_ROOT")) for name, what in ROOTS.items()]
    places += [("数据库", folder, 0) for folder in filter(None, [database_folder()])]
    found: dict[int, Disk] = {}
    for what, folder, needed in places:
        existing = next((each for each in (folder, *folder.parents) if each.exists()), None)
        if existing is None:
            continue
        device, usage = existing.stat().st_dev, shutil.disk_usage(existing)
        known = found.get(device, Disk((), usage.free, usage.total))
        need = max(known.needed, needed)
        found[device] = Disk((*known.holds, what), usage.free, usage.total, need, files_left(existing))
    return list(found.values())


def files_left(folder: Path) -> int | None:
    """Return how many percent of its files a file system can still take; None where it has no such limit."""
    told = os.statvfs(folder)
    return 100 * told.f_favail // told.f_files if told.f_files else None


def database_folder() -> Path | None:
    """Return the folder of the database's files, if they are on this machine."""
    if connection.vendor == "sqlite":
        return Path(str(connection.settings_dict["NAME"])).resolve().parent
    if settings.DATABASE_FOLDER:
        return Path(settings.DATABASE_FOLDER)
    host = str(connection.settings_dict.get("HOST") or "")
    is_here = host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")
    folder = Path(DEBIAN_CLUSTERS)
    return folder if is_here and folder.exists() else None


def modes() -> list[Mode]:
    """Return the files and folders that only the application's account may read."""
    wanted = [(".env", settings.BASE_DIR / ".env", OTHERS_OR_GROUP_WRITES, "其他用户能读到密钥。请运行 chmod 640。")]
    text = "其他用户可以进入。请运行 chmod 700。"
    wanted += [(name, Path(getattr(settings, name)), OTHERS, text) for name in ROOTS]
    return [
        Mode(what, str(path), stat.S_IMODE(path.stat().st_mode), refused, text)
        for what, path, refused, text in wanted
        if path.exists()
    ]


def copy_checked() -> date | None:
    """Return the day on which somebody last compared the copy of FIELD_KEY; None if none is stated."""
    with suppress(ValueError):
        return date.fromisoformat(settings.KEY_COPY_CHECKED)
    return None


def certificate() -> Certificate | None:
    """Return the site's certificate from the file or the address that CERTIFICATE names; None if it names none."""
    named = settings.CERTIFICATE
    if not named:
        return None
    try:
        if "/" in named:
            return _read(Path(named).read_bytes())
        shown = _read(_shown_by(named))
        return replace(shown, is_distrusted=_is_distrusted(named, shown))
    except (OSError, ValueError) as fault:
        return Certificate(fault=_in_words(fault))


def services() -> list[Service]:
    """Return the services that the settings name, each with how one looks whether it answers."""
    found = []
    if settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        look = partial(unreachable, settings.EMAIL_HOST, settings.EMAIL_PORT)
        found.append(Service("EMAIL_URL", "邮件服务器", look))
    if settings.CLAMD_ADDRESS.startswith("unix:"):
        look = partial(_no_socket, settings.CLAMD_ADDRESS.removeprefix("unix:"))
        found.append(Service("CLAMD_ADDRESS", "病毒查杀程序", look))
    elif settings.CLAMD_ADDRESS:
        host, _, port = settings.CLAMD_ADDRESS.rpartition(":")
        found.append(Service("CLAMD_ADDRESS", "病毒查杀程序", partial(unreachable, host, int(port))))
    if settings.MESSAGE_GATEWAY == "http":
        parts = urlsplit(settings.MESSAGE_URL)
        port_there = parts.port or (443 if parts.scheme == "https" else 80)
        found.append(Service("MESSAGE_URL", "短信网关", partial(unreachable, parts.hostname or "", port_there)))
    return found


def unreachable(host: str, port: int) -> str:
    """Return why no connection to the address can be made, in Chinese; "" if one can. Nothing is sent."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE):
            return ""
    except OSError as fault:
        return _in_words(fault)


def static_line() -> Line | None:
    """Return whether the static files were collected after the program was last changed."""
    manifest = Path(settings.STATIC_ROOT) / str(getattr(staticfiles_storage, "manifest_name", ""))
    collected = manifest.stat().st_mtime if manifest.is_file() else None
    sources = (path.stat().st_mtime for _, root in FileSystemFinder().locations for path in Path(root).rglob("*.*"))
    return machine.static_line(max(sources, default=None), collected)


def zone_line(at: datetime) -> Line | None:
    """Return whether this machine's zone, in which cron and systemd count, is the office's; None if unknown."""
    place = str(LOCALTIME.resolve())
    if "zoneinfo/" not in place:
        return None
    try:
        here = at.astimezone(ZoneInfo(place.partition("zoneinfo/")[2])).utcoffset()
    except (ValueError, LookupError, OSError):
        return None
    return machine.zone_line(
        here or timedelta(0), at.astimezone(ZoneInfo(settings.TIME_ZONE)).utcoffset() or timedelta(0)
    )


def cache_line() -> Line | None:
    """Return that the shared memory writes to the disk; None if it does not, or does not tell."""
    if not settings.CACHES["default"]["BACKEND"].endswith(".SharedCache"):
        return None
    try:
        client = caches["default"]._cache.get_client()  # type: ignore[attr-defined]  # Django has no other way to it
        told = client.config_get("save", "appendonly")
    except Exception:  # a server that does not answer, or does not tell: setup's line says the former
        return None
    return machine.redis_line(str(told.get("save", "")), told.get("appendonly") == "yes")


def _read(content: bytes) -> Certificate:
    found, *chain = (
        x509.load_pem_x509_certificates(content)
        if b"-----BEGIN" in content
        else [x509.load_der_x509_certificate(content)]
    )
    names: list[str] = []
    with suppress(x509.ExtensionNotFound):
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*extension.get_values_for_type(x509.DNSName)]
        names += map(str, extension.get_values_for_type(x509.IPAddress))
    is_self_signed = found.issuer == found.subject
    return Certificate(
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        tuple(names),
        is_self_signed=is_self_signed,
        chain_ends_at=min((each.not_valid_after_utc for each in chain), default=None),
    )


def _is_distrusted(address: str, shown: Certificate) -> bool:
    """True if a server's certificate is refused for another reason than its own dates, which are told anyway."""
    try:
        _shown_by(address, ssl.CERT_REQUIRED)
    except ssl.SSLCertVerificationError as refusal:
        return refusal.verify_code not in OF_DATES or _is_valid_now(shown)
    return False


def _is_valid_now(shown: Certificate) -> bool:
    """True if a certificate's own dates are good: a refusal for dates is then about an issuer's."""
    return bool(shown.starts_at and shown.ends_at and shown.starts_at <= timezone.now() <= shown.ends_at)


def _shown_by(address: str, mode: ssl.VerifyMode = ssl.CERT_NONE) -> bytes:
    """Return the certificate that a server shows; an expired one is read, too, so that its end can be told."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("应为证书文件的完整路径，或者“主机:端口”")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, mode
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as plain:
        name = next(iter(settings.ALLOWED_HOSTS), host).lstrip(".*") or host
        with context.wrap_socket(plain, server_hostname=name) as secured:
            return secured.getpeercert(binary_form=True) or b""


def _no_socket(path: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(path)
        except OSError as fault:
            return _in_words(fault)
    return ""


def _in_words(fault: Exception) -> str:
    known: list[tuple[type[Exception], str]] = [
        (FileNotFoundError, "没有这个文件"),
        (PermissionError, "没有权限"),
        (ConnectionRefusedError, "对方拒绝连接"),
        (TimeoutError, f"{PATIENCE}秒内没有应答"),
        (socket.gaierror, "主机名解析不了"),
        (ssl.SSLError, "TLS 握手没有成功"),
        (OSError, "网络不通或者读取出错"),
    ]
    text = next((text for kind, text in known if isinstance(fault, kind)), "")
    return text or (str(fault) if str(fault).startswith("应为") else "不是 PEM 或者 DER 格式的证书")
