"""Settings of the PostgreSQL server that a ballot's safety, the backups and the audit log depend on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nanchuan_eval.installation.rules import Level, Line

# The oldest that this Django supports.
OLDEST = 14
SUBJECT = "数据库设置"
RELOAD = "请在 postgresql.conf 中改正并重新启动数据库。"
# Setting -> values that keep an acknowledged ballot through a power cut, and what the others risk.
DURABLE = {
    "fsync": (("on",), "断电时会损坏整个数据库"),
    "full_page_writes": (("on",), "断电时会留下写了一半的页，损坏数据库"),
    "synchronous_commit": (("on", "remote_apply", "remote_write", "local"), "断电时会丢失已经告知群众“已提交”的评议票"),
}
READ = (*DURABLE, "track_commit_timestamp", "server_version_num", "server_encoding", "max_connections")


@dataclass(frozen=True)
class Database:
    """What the server says of itself, and what the application's role may do there."""

    settings: Mapping[str, str]
    # Tables of the audit log that the role could change or empty.
    changeable: tuple[str, ...]
    is_superuser: bool
    # Major version of pg_dump on this machine; 0 if there is none.
    dump_version: int
    workers: int

    @property
    def version(self) -> int:
        """The server's major version."""
        return int(self.settings["server_version_num"]) // 10_000


def database_lines(found: Database) -> Iterator[Line]:
    """Yield what is wrong with the server's settings; one good line if nothing is."""
    wrong = [*_durability(found), *_timestamps(found), *_versions(found), *_rights(found)]
    yield from wrong or [Line(Level.GOOD, SUBJECT, f"PostgreSQL {found.version}，各项设置符合要求。")]


def _durability(found: Database) -> Iterator[Line]:
    for name, (values, risk) in DURABLE.items():
        if found.settings[name] not in values:
            text = f"{name} 为 {found.settings[name]}，{risk}。应为 {values[0]}。{RELOAD}"
            yield Line(Level.FAULT, SUBJECT, text)


def _timestamps(found: Database) -> Iterator[Line]:
    """With commit times kept, rows of codes and ballots would tell when somebody voted."""
    if found.settings["track_commit_timestamp"] != "off":
        text = "track_commit_timestamp 已打开，数据库记下每次写入的时间，可以据此推出谁在何时投票。应为 off。"
        yield Line(Level.FAULT, SUBJECT, f"{text}{RELOAD}")


def _versions(found: Database) -> Iterator[Line]:
    if found.version < OLDEST:
        yield Line(Level.FAULT, SUBJECT, f"PostgreSQL {found.version} 太旧，应为 {OLDEST} 以上。请升级数据库。")
    if found.settings["server_encoding"] != "UTF8":
        text = f"编码是 {found.settings['server_encoding']}，生僻字存不下。请新建 UTF8 编码的数据库，再恢复备份。"
        yield Line(Level.FAULT, SUBJECT, text)
    if found.dump_version < found.version:
        have = f"是 {found.dump_version} 版" if found.dump_version else "没有安装"
        text = (
            f"本机的 pg_dump {have}，数据库是 {found.version} 版，不能备份。请安装 postgresql-client-{found.version}。"
        )
        yield Line(Level.FAULT, SUBJECT, text)
    if int(found.settings["max_connections"]) < found.workers + 10:
        most = found.settings["max_connections"]
        text = f"max_connections 为 {most}，{found.workers}个工作进程和各项命令不够用。{RELOAD}"
        yield Line(Level.WARNING, SUBJECT, text)


def _rights(found: Database) -> Iterator[Line]:
    if found.is_superuser:
        text = "网站以数据库超级用户连接，可以改写操作日志。请另建角色（见 docs/installation.md），并改 DATABASE_URL。"
        yield Line(Level.FAULT, "操作日志的保护", text)
    elif found.changeable:
        text = "网站的数据库角色可以改写、删除操作日志。请以数据库超级用户运行 manage.py separate_audit_role 角色名。"
        yield Line(Level.WARNING, "操作日志的保护", text)
