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
# Setting -> values with which no statement is written down as it runs: spent codes, opinions at the sealing.
QUIET = {
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_duration": ("off",),
    "log_temp_files": ("-1",),
    "debug_print_parse": ("off",),
    "debug_print_rewritten": ("off",),
    "debug_print_plan": ("off",),
}
# The same for a statement that fails, and for the row at which it failed.
QUIET_WHEN_FAILING = {
    "log_min_error_statement": ("panic", "fatal", "log"),
    "log_parameter_max_length_on_error": ("0",),
    "log_error_verbosity": ("terse",),
}
# Loaded modules that write statements down with their values; of PostgreSQL's own languages nothing is to be said.
WRITING_MODULES = frozenset({"auto_explain", "pgaudit", "pg_qualstats", "pg_stat_monitor"})
HARMLESS_MODULES = frozenset({"plpgsql"})
ONE_DISK_ONLY = "local"
READ = (
    *(*DURABLE, *QUIET, *QUIET_WHEN_FAILING, "track_commit_timestamp", "archive_mode", "synchronous_standby_names"),
    *("server_version_num", "server_encoding", "max_connections", "data_checksums"),
)


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
    # Modules that are loaded into the server (auto_explain …).
    modules: frozenset[str] = frozenset()
    # True if the site reads from a replica (REPLICA_URL).
    has_replica: bool = False

    @property
    def version(self) -> int:
        """The server's major version."""
        return int(self.settings["server_version_num"]) // 10_000


def database_lines(found: Database) -> Iterator[Line]:
    """Yield what is wrong with the server's settings; one good line if nothing is."""
    wrong = [
        *(*_durability(found), *_timestamps(found), *_statements(found), *_write_ahead_log(found)),
        *(*_versions(found), *_rights(found)),
    ]
    yield from wrong or [Line(Level.GOOD, SUBJECT, f"PostgreSQL {found.version}，各项设置符合要求。")]


def replica_line(wanted: int, replayed: int | None, *, answers: bool, seconds: int) -> Line:
    """Return whether the replica (从库) has the log up to `wanted` after so many seconds; None: it follows nobody."""
    reads = "公开页面改从主库读取，主库损坏时没有可以切换的从库。请查看从库的日志和复制进程（docs/more-machines.md）。"
    if not answers:
        return Line(Level.FAULT, "REPLICA_URL", f"从库没有应答。{reads}")
    if replayed is None:
        return Line(Level.FAULT, "REPLICA_URL", f"从库已不跟随主库（可能被提升为主库）。{reads}")
    if replayed < wanted:
        return Line(Level.WARNING, "REPLICA_URL", f"从库落后，{seconds}秒内没有跟上。{reads}")
    return Line(Level.GOOD, "REPLICA_URL", "从库已跟上主库。")


def _durability(found: Database) -> Iterator[Line]:
    for name, (values, risk) in DURABLE.items():
        if found.settings[name] not in values:
            text = f"{name} 为 {found.settings[name]}，{risk}。应为 {values[0]}。{RELOAD}"
            yield Line(Level.FAULT, SUBJECT, text)
    if found.settings.get("data_checksums") == "off":
        text = "data_checksums 为 off，磁盘悄悄损坏的内容会被当作真的读出，也会进入备份。"
        text += "请停止网站和数据库，以 postgres 用户运行 pg_checksums --enable（办法见 docs/installation.md 第3节）。"
        yield Line(Level.WARNING, SUBJECT, text)


def _timestamps(found: Database) -> Iterator[Line]:
    """With commit times kept, rows of codes and ballots would tell when somebody voted."""
    if found.settings["track_commit_timestamp"] != "off":
        text = "track_commit_timestamp 已打开，数据库记下每次写入的时间，可以据此推出谁在何时投票。应为 off。"
        yield Line(Level.FAULT, SUBJECT, f"{text}{RELOAD}")


def written_down(settings: Mapping[str, str]) -> list[str]:
    """Return the settings by which statements get into the server's log as they run."""
    return _departing(settings, QUIET)


def _departing(settings: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the settings with another value than a wanted one, as they are and as they should be."""
    return [
        f"{name} 为 {settings[name]}（应为 {values[0]}）"
        for name, values in wanted.items()
        if settings.get(name, values[0]) not in values
    ]


def _statements(found: Database) -> Iterator[Line]:
    """With statements kept, the log would hold codes as they are spent, with the time, and opinions in clear."""
    if running := written_down(found.settings):
        text = f"数据库把执行的语句写入日志，其中有票号校验值、时间和评议意见：{'，'.join(running)}。{RELOAD}"
        yield Line(Level.FAULT, SUBJECT, text)
    if failing := _departing(found.settings, QUIET_WHEN_FAILING):
        text = f"出错的语句连同其中的内容会写入数据库日志：{'，'.join(failing)}。{RELOAD}"
        yield Line(Level.WARNING, SUBJECT, text)
    writing, others = found.modules & WRITING_MODULES, found.modules - WRITING_MODULES - HARMLESS_MODULES
    how = "请在 shared_preload_libraries（以及 session_、local_preload_libraries）中去掉，再重新启动数据库。"
    if writing:
        text = f"数据库装载了{_named(writing)}，会写下语句和其中的内容。{how}"
        yield Line(Level.FAULT, SUBJECT, text)
    if others:
        text = f"数据库装载了{_named(others)}，可能保留执行过的语句。{how}确认不保留语句的，可以不理会本条。"
        yield Line(Level.WARNING, SUBJECT, text)


def _named(modules: frozenset[str]) -> str:
    return "、".join(sorted(modules))


def _write_ahead_log(found: Database) -> Iterator[Line]:
    if found.settings["archive_mode"] != "off":
        text = (
            "archive_mode 已打开，预写日志被归档，其中有各次投票的先后和时间。应为 off。"
            "确需归档的（如云数据库的按时间点恢复），归档的日志须与数据库同样保管，到期销毁。"
        )
        yield Line(Level.WARNING, SUBJECT, text)
    if not found.has_replica:
        return
    how = "办法见 docs/more-machines.md。从库长时间停用的，请先恢复从库。"
    if not found.settings["synchronous_standby_names"]:
        text = (
            "设有从库（REPLICA_URL），但 synchronous_standby_names 为空：已告知“已提交”的评议票只在一台数据库的磁盘上。"
        )
        yield Line(Level.WARNING, SUBJECT, f"{text}{how}")
    elif found.settings["synchronous_commit"] == ONE_DISK_ONLY:
        text = (
            "设有从库（REPLICA_URL），但 synchronous_commit 为 local，不等从库："
            "已告知“已提交”的评议票只在一台数据库的磁盘上。应为 on。"
        )
        yield Line(Level.WARNING, SUBJECT, f"{text}{how}")


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
        text = "网站的数据库角色可以改写、删除操作日志。"
        text += "请以 root 运行 deploy/install.sh --only audit；"
        text += "数据库在另一台机器的，办法见 docs/more-machines.md 第3节第5步。"
        yield Line(Level.WARNING, "操作日志的保护", text)
