"""What an installation depends on outside the database: disk, file modes, certificate, keys, clock zone, services."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from nanchuan_eval.installation.rules import Level, Line

GIGABYTE = 1024**3
SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)
# A backup is written beside the dump it is made of, and is unpacked again for a test restore.
ROOM_FOR_BACKUPS = 3
RENEW = "请更换证书，再让反向代理重新读取（nginx：systemctl reload nginx；Caddy：systemctl restart caddy）。"
A_YEAR = timedelta(days=366)


@dataclass(frozen=True)
class Disk:
    """A file system and what lies on it: free and whole space in bytes."""

    holds: tuple[str, ...]
    free: int
    whole: int
    # What the next backup and its test restore need; 0 where none are written.
    needed: int = 0
    # Files that can still be made, in percent of all; None where the file system has no such limit.
    files_left: int | None = None


@dataclass(frozen=True)
class Certificate:
    """The certificate (证书) that the site shows, or why it cannot be read."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    names: tuple[str, ...] = ()
    fault: str = ""
    is_self_signed: bool = False
    # At an address: no chain leads from it to an authority that this machine trusts.
    is_distrusted: bool = False
    # Until when the certificates of its issuers are valid, those that come with it; at an address, if one is not.
    chain_ends_at: datetime | None = None


@dataclass(frozen=True)
class Mode:
    """A file or folder and its permission bits."""

    what: str
    path: str
    mode: int
    # Bits that nobody may have.
    refused: int
    wanted: str = ""
    level: Level = field(default=Level.FAULT)


@dataclass(frozen=True)
class Service:
    """A service at an address that a setting names; `look` returns why it does not answer, or an empty text."""

    setting: str
    what: str
    look: Callable[[], str]


def disk_lines(disks: Sequence[Disk], warn_percent: int, alarm_percent: int) -> Iterator[Line]:
    """Yield how much room each file system has."""
    for disk in disks:
        percent = 100 * disk.free // max(1, disk.whole)
        held, left = "、".join(disk.holds), f"剩余{size(disk.free)}（{percent}%）"
        how = "请清理或者扩充磁盘，把较早的备份移到另一台机器，最新一份留在本机。"
        if percent < alarm_percent or disk.free < disk.needed:
            room = f"，下一次备份和试恢复约需{size(disk.needed)}" if disk.needed > disk.free else ""
            yield Line(Level.FAULT, "磁盘空间", f"{held}所在的磁盘{left}{room}，很快写不进数据。{how}")
        elif percent < warn_percent:
            yield Line(Level.WARNING, "磁盘空间", f"{held}所在的磁盘{left}，低于{warn_percent}%。{how}")
        else:
            yield Line(Level.GOOD, "磁盘空间", f"{held}所在的磁盘{left}。")
        yield from _files_line(disk, held, warn_percent, alarm_percent)


def _files_line(disk: Disk, held: str, warn_percent: int, alarm_percent: int) -> Iterator[Line]:
    """Yield that a file system with room left can hardly take more files."""
    if disk.files_left is None or disk.files_left >= warn_percent:
        return
    text = f"{held}所在的磁盘还有空间，但可建的文件只剩{disk.files_left}%（inode），用完后写不进数据。"
    level = Level.FAULT if disk.files_left < alarm_percent else Level.WARNING
    yield Line(level, "磁盘文件数", f"{text}请用 df -i 和 du --inodes 找出小文件最多的文件夹并清理。")


def size(number: int) -> str:
    """Return bytes in words."""
    return f"{number / GIGABYTE:.1f}GB" if number >= GIGABYTE else f"{number // 1024**2}MB"


def certificate_lines(found: Certificate | None, hosts: Sequence[str], at: datetime) -> Iterator[Line]:
    """Yield whether the site's certificate is valid, for how long, and whether it names the site; None: not named."""
    if found is None:
        text = "没有写明网站的证书，到期前不会提醒。"
        text += "请用 CERTIFICATE 写明证书文件或者“主机:端口”；由上级平台管理的，写 none。"
        yield Line(Level.WARNING, "证书", text)
    elif found.fault or found.ends_at is None or found.starts_at is None:
        yield Line(Level.FAULT, "证书", f"读不到：{found.fault}。请核对 CERTIFICATE 和证书文件的权限。")
    else:
        wrong = [
            *(*_outside(found.starts_at, found.ends_at, at), *_chain_outside(found.chain_ends_at, at)),
            *(*_distrusted(found), *_unnamed(found, hosts)),
        ]
        left = f"{found.ends_at:%Y-%m-%d}到期，还有{(found.ends_at - at).days}天。"
        yield from wrong or [Line(Level.GOOD, "证书", left)]


def _outside(starts_at: datetime, ends_at: datetime, at: datetime) -> Iterator[Line]:
    """Yield that a certificate is not valid at the moment, or not for long."""
    left, day = ends_at - at, f"{ends_at:%Y-%m-%d}"
    if at < starts_at:
        yield Line(Level.FAULT, "证书", f"{starts_at:%Y-%m-%d}才生效。{RENEW}")
    elif left < timedelta(0):
        yield Line(Level.FAULT, "证书", f"已于{day}到期，浏览器拒绝打开网站。{RENEW}")
    elif left < SOON:
        level = Level.FAULT if left < VERY_SOON else Level.WARNING
        yield Line(level, "证书", f"{day}到期，还有{left.days}天。{RENEW}")


def _chain_outside(ends_at: datetime | None, at: datetime) -> Iterator[Line]:
    """Yield that an issuer's certificate (中间证书) that is shown with the site's is not valid, or not for long."""
    if ends_at is None or ends_at - at >= SOON:
        return
    day, how = f"{ends_at:%Y-%m-%d}", "请向签发机构取得新的中间证书，放进证书文件。"
    if ends_at < at:
        yield Line(Level.FAULT, "证书", f"中间证书已于{day}到期，浏览器会警告“不安全”。{how}{RENEW}")
    else:
        yield Line(Level.WARNING, "证书", f"中间证书{day}到期，还有{(ends_at - at).days}天。{how}{RENEW}")


def _distrusted(found: Certificate) -> Iterator[Line]:
    """Yield that browsers do not trust whoever signed a certificate."""
    if found.is_self_signed:
        text = "是自签证书，只供试装，各种浏览器都会警告“不安全”。请换上正式证书（含中间证书）。"
        yield Line(Level.WARNING, "证书", f"{text}{RENEW}")
    elif found.is_distrusted:
        text = "缺少中间证书或者中间证书已到期，或者签发机构不受信任，浏览器会警告“不安全”。请把中间证书放进证书文件。"
        yield Line(Level.WARNING, "证书", f"{text}{RENEW}")


def _unnamed(found: Certificate, hosts: Sequence[str]) -> Iterator[Line]:
    """Yield the hosts of the site that a certificate does not name."""
    missing = [host for host in hosts if not any(_covers(name, host) for name in found.names)]
    if missing:
        yield Line(Level.FAULT, "证书", f"不含主机名{'、'.join(missing)}，浏览器会警告。{RENEW}")


def _covers(name: str, host: str) -> bool:
    name, host = name.lower(), host.lower()
    if host.startswith("."):  # a domain with all its hosts, as Django writes it
        return name in {host[1:], f"*{host}"}
    return name == host or (name.startswith("*.") and name[1:] == f".{host.partition('.')[2]}")


def mode_lines(modes: Sequence[Mode]) -> Iterator[Line]:
    """Yield the files and folders that others can read or change."""
    for one in modes:
        is_good = not one.mode & one.refused
        text = (
            f"“{one.path}”的权限是{one.mode:03o}。" if is_good else f"“{one.path}”的权限是{one.mode:03o}，{one.wanted}"
        )
        yield Line(Level.GOOD if is_good else one.level, one.what, text)


def key_lines(
    made_at: datetime | None, copy_checked: date | None, at: datetime, renew_after: timedelta
) -> Iterator[Line]:
    """Yield how old the encryption key is, and when somebody last looked at its copy."""
    if made_at is not None and at - made_at > renew_after:
        days = (at - made_at).days
        text = f"已用{days}天。请在 .env 的 FIELD_KEY 最前面加一个新密钥，运行 manage.py rotate_keys，"
        text += "旧密钥留到用它加密的备份全部销毁之后。"
        yield Line(Level.WARNING, "加密密钥", text)
    if copy_checked is None:
        text = "没有记下是否另存了副本；密钥丢失后，加密的内容和全部备份都无法恢复。"
        text += "请另存一份，与备份分开保管，核对后在 .env 中写明日期，如 KEY_COPY_CHECKED=2026-11-30。"
        yield Line(Level.WARNING, "密钥副本", text)
    elif at.date() - copy_checked > A_YEAR:
        text = f"上次核对副本是{copy_checked:%Y-%m-%d}，已超过一年。请取出副本与 .env 比对，再更新 KEY_COPY_CHECKED。"
        yield Line(Level.WARNING, "密钥副本", text)
    else:
        yield Line(Level.GOOD, "密钥副本", f"{copy_checked:%Y-%m-%d}核对过。")


def zone_line(machine: timedelta, office: timedelta) -> Line:
    """Return how far the server's zone is from Beijing's; no fault, as the timers of deploy/ name Beijing's time."""
    hours = (machine - office).total_seconds() / 3600
    if not hours:
        return Line(Level.GOOD, "时区", "与中国标准时间一致。")
    text = f"服务器的时区比中国标准时间{'早' if hours > 0 else '晚'}{abs(hours):g}小时。"
    text += "随程序安装的定时任务写明了北京时间，不受影响；"
    text += "另用 crontab 安排的，钟点按服务器的时区，可以运行 timedatectl set-timezone Asia/Shanghai 改为一致。"
    return Line(Level.GOOD, "时区", text)


def service_lines(looked_at: Sequence[tuple[Service, str]]) -> Iterator[Line]:
    """Yield which of the named services answer; each comes with why it does not."""
    for one, fault in looked_at:
        if fault:
            text = f"{one.what}连不上（{fault}）。请核对 {one.setting}，确认对方已启动、网络已放行。"
            yield Line(Level.FAULT, one.setting, text)
        else:
            yield Line(Level.GOOD, one.setting, f"{one.what}连得上。")


def static_line(newest_source: float | None, collected: float | None) -> Line | None:
    """Return whether the collected static files are older than those of the program; None where none are collected."""
    if newest_source is None or collected is None:
        return None
    if newest_source > collected:
        text = "收集在程序更新之前，网页用的是旧的样式和脚本。请运行 manage.py collectstatic --noinput 并重新启动网站。"
        return Line(Level.WARNING, "静态文件", text)
    return Line(Level.GOOD, "静态文件", "与程序一致。")


def redis_line(snapshots: str, is_appending: bool) -> Line | None:
    """Return that the shared memory writes to the disk, where counts of networks must not get; None if it does not."""
    if not snapshots and not is_appending:
        return None
    text = (
        "共享缓存把内容写到磁盘，其中有各网络的访问计数。请用 deploy/redis.conf 启动（save 为空，appendonly 为 no）。"
    )
    return Line(Level.WARNING, "CACHE_URL", text)
