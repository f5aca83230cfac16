"""Database dumps (转储): write, load and count rows, by SQLite itself or PostgreSQL's tools."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection, connections, transaction

from nanchuan_eval.core.errors import RuleViolation

Counts = Mapping[str, int]
# What PostgreSQL's tools read from the environment -> the setting; with two servers they must find the primary, too.
CONNECTION = {
    "PGHOST": "HOST",
    "PGPORT": "PORT",
    "PGUSER": "USER",
    "PGPASSWORD": "PASSWORD",
    "PGTARGETSESSIONATTRS": "target_session_attrs",
    "PGCONNECT_TIMEOUT": "connect_timeout",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
}
# How lines of the tools' messages begin that hold values of rows.
QUOTING = ("DETAIL:", "CONTEXT:", "STATEMENT:", "COPY ", "Command was:", "QUERY:")
# How scratch databases are named.
SCRATCH = "verify_"
PSQL = ("psql", "-XqtA", "--set=ON_ERROR_STOP=1")
# The names of what ALTER DATABASE … SET has set for the database itself.
OWN_SETTINGS = """
SELECT split_part(unnest(setconfig), '=', 1) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
WHERE setrole = 0 AND datname = current_database()
"""


def dump(target: Path) -> Counts:
    """Dump a consistent snapshot of the database; returns the row count of every table in it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(target)])
        return _counts_of_file(target)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        run("pg_dump", "--format=custom", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}")
        return counts()


def refuse_unready() -> None:
    """Refuse a restore while the present database could not be exchanged: it belongs to another role, or is in use."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(datdba), current_user FROM pg_database WHERE datname = current_database()"
        )
        owner, user = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()"
        )
        (others,) = cursor.fetchone()
    if owner != user:  # the tables would belong to a role that is not the site's, and the site could not read them
        raise RuleViolation(
            f"数据库“{_name()}”属于数据库角色“{owner}”，现在用“{user}”连接。请把 DATABASE_URL 改为角色“{owner}”再恢复。"
        )
    if others:
        raise RuleViolation(f"还有{others}个连接在使用数据库，没有恢复。请先停止网站和定时任务，再重新运行。")


@contextmanager
def beside(source: Path) -> Iterator[str]:
    """Load a dump into a database beside the present one; yields its name, and drops what bears it in the end."""
    if connection.vendor == "sqlite":
        _counts_of_file(source)
        yield str(source)
        return
    with _scratch_database() as name:
        # Who owns the log and what other roles may do is the server's business: a new server may not know the roles.
        run("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", f"--dbname={name}", source)
        yield name


def put_in_place(name: str) -> None:
    """Exchange the present database for the one `beside` it, all or nothing; the former one then bears that name."""
    connections.close_all()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(name)) as old, closing(sqlite3.connect(_name())) as new:
            old.backup(new)
        return
    # Not by `pg_restore --clean`: the log's tables belong to another role, so the site's role cannot empty them.
    for setting in run(*PSQL, f"--dbname={_name()}", "-c", OWN_SETTINGS).split():
        run(*PSQL, f"--dbname={_name()}", "-c", f'ALTER DATABASE "{name}" SET {setting} FROM CURRENT')
    steps = ((_name(), f"{name}_"), (name, _name()), (f"{name}_", name))
    renames = "; ".join(f'ALTER DATABASE "{before}" RENAME TO "{after}"' for before, after in steps)
    run(*PSQL, "--single-transaction", "--dbname=postgres", "-c", renames)


def counts() -> Counts:
    """Return the row count of every table of the present database."""
    with connection.cursor() as cursor:
        found = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  names of the database
            found[table] = cursor.fetchone()[0]
        return found


def counts_in(source: Path) -> Counts:
    """Return the row count of every table of a dump, loaded into a scratch database."""
    with beside(source) as name:
        return counts_of(name)


def counts_of(name: str) -> Counts:
    """Return the row count of every table of a database that `beside` yielded."""
    if connection.vendor == "sqlite":
        return _counts_of_file(Path(name))
    listed = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    tables = run(*PSQL, f"--dbname={name}", "-c", listed).split()
    query = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables)  # noqa: S608
    lines = run(*PSQL, f"--dbname={name}", "-c", query).split()
    return {table: int(rows) for table, rows in (line.split("|") for line in lines)}


@contextmanager
def restored(source: Path) -> Iterator[None]:
    """Let the default connection read a dump instead of the database, loaded into a scratch one that is dropped."""
    with beside(source) as name, connected_to(name):
        yield


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Let the default connection lead to a database that `beside` yielded."""
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def migrations_in(source: Path) -> set[str]:
    """Return the migrations of a dump as app.name."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(source)) as database:
            return {f"{app}.{name}" for app, name in database.execute("SELECT app, name FROM django_migrations")}
    listed = run("pg_restore", "--data-only", "--table=django_migrations", "--file=-", source)
    return {".".join(row.split("\t")[1:3]) for row in listed.splitlines() if row.count("\t") == 3}


def _counts_of_file(path: Path) -> Counts:
    with closing(sqlite3.connect(path)) as database:
        if not _is_whole(database):
            raise RuleViolation("备份中的数据库不完整。")
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  names of the database
            for (name,) in names.fetchall()
        }


def _is_whole(database: sqlite3.Connection) -> bool:
    try:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:  # not a database at all
        return False


@contextmanager
def _scratch_database() -> Iterator[str]:
    name = f"{SCRATCH}{uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()")
        order, kind = cursor.fetchone()
    run("createdb", "--template=template0", "--encoding=UTF8", f"--lc-collate={order}", f"--lc-ctype={kind}", name)
    try:
        yield name
    finally:
        run("dropdb", name)


def run(program: str, *arguments: object) -> str:
    """Run one of PostgreSQL's tools with the connection of the settings."""
    found = shutil.which(program)
    if found is None:
        raise RuleViolation(f"这台机器上没有 {program}，请安装 PostgreSQL 客户端程序。")
    given = settings.DATABASES["default"]
    facts = {**given, **given.get("OPTIONS", {})}
    environment = {name: str(facts[key]) for name, key in CONNECTION.items() if facts.get(key)}
    done = subprocess.run(  # noqa: S603  our own arguments
        [found, *map(str, arguments)],
        env={**os.environ, **environment, "PGDATABASE": _name()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuleViolation(f"{program} 没有完成：{_reason(done.stderr)}")
    return done.stdout


def _reason(told: str) -> str:
    """Return why a tool failed, without the lines that quote rows."""
    lines = [line for line in told.splitlines() if not line.startswith(QUOTING)]
    return "；".join(lines)[-300:]


def _name() -> str:
    return str(connection.settings_dict["NAME"])
