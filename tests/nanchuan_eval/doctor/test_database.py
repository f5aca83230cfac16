"""Doctor's lines about PostgreSQL: each setting by itself, and all as a real server tells them to the site's role."""

from types import SimpleNamespace
from uuid import uuid4

import psycopg2
import pytest
from django.db import OperationalError

from nanchuan_eval.backups.database_dump import SCRATCH, run
from nanchuan_eval.doctor import sql
from nanchuan_eval.doctor.queries import database as queries
from nanchuan_eval.doctor.rules.database import QUIET, QUIET_WHEN_FAILING, READ, Database, database_lines
from nanchuan_eval.installation.rules import Level
from tests.concurrency.cluster import Cluster
from tests.deploy.test_postgresql import settings as settings_of_the_file

GOOD = {
    **{name: values[0] for name, values in {**QUIET, **QUIET_WHEN_FAILING}.items()},
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "synchronous_standby_names": "",
    "track_commit_timestamp": "off",
    "archive_mode": "off",
    "max_connections": "100",
    "server_version_num": "150004",
    "server_encoding": "UTF8",
    "data_checksums": "on",
}


def lines(*, changeable=(), is_superuser=False, dump_version=15, modules=("plpgsql",), has_replica=False, **changed):
    found = Database(
        settings=GOOD | changed,
        changeable=changeable,
        is_superuser=is_superuser,
        dump_version=dump_version,
        workers=4,
        modules=frozenset(modules),
        has_replica=has_replica,
    )
    return [(line.level, line.text) for line in database_lines(found)]


def test_of_a_good_server_nothing_is_said():
    assert set(GOOD) == set(READ)
    assert lines() == [(Level.GOOD, "PostgreSQL 15，各项设置符合要求。")]


@pytest.mark.parametrize(
    ("changed", "level", "words"),
    [
        ({"fsync": "off"}, Level.FAULT, "fsync 为 off，断电时会损坏整个数据库。应为 on"),
        ({"full_page_writes": "off"}, Level.FAULT, "full_page_writes 为 off"),
        ({"synchronous_commit": "off"}, Level.FAULT, "synchronous_commit 为 off，断电时会丢失"),
        ({"data_checksums": "off"}, Level.WARNING, "data_checksums 为 off"),
        ({"track_commit_timestamp": "on"}, Level.FAULT, "track_commit_timestamp 已打开"),
        ({"log_statement": "mod"}, Level.FAULT, "log_statement 为 mod（应为 none）"),
        ({"log_min_duration_statement": "0"}, Level.FAULT, "log_min_duration_statement 为 0（应为 -1）"),
        ({"log_min_duration_sample": "100"}, Level.FAULT, "log_min_duration_sample 为 100（应为 -1）"),
        ({"log_transaction_sample_rate": "0.1"}, Level.FAULT, "log_transaction_sample_rate 为 0.1（应为 0）"),
        ({"log_duration": "on"}, Level.FAULT, "log_duration 为 on（应为 off）"),
        ({"log_temp_files": "0"}, Level.FAULT, "log_temp_files 为 0（应为 -1）"),
        ({"debug_print_plan": "on"}, Level.FAULT, "debug_print_plan 为 on（应为 off）"),
        ({"log_min_error_statement": "error"}, Level.WARNING, "log_min_error_statement 为 error（应为 panic）"),
        ({"log_error_verbosity": "default"}, Level.WARNING, "log_error_verbosity 为 default（应为 terse）"),
        ({"log_parameter_max_length_on_error": "-1"}, Level.WARNING, "log_parameter_max_length_on_error 为 -1"),
        ({"modules": ("auto_explain", "plpgsql")}, Level.FAULT, "数据库装载了auto_explain，会写下语句"),
        ({"modules": ("pg_stat_statements",)}, Level.WARNING, "数据库装载了pg_stat_statements，可能保留"),
        ({"archive_mode": "always"}, Level.WARNING, "archive_mode 已打开"),
        ({"has_replica": True}, Level.WARNING, "synchronous_standby_names 为空：已告知“已提交”的评议票只在一台"),
        (
            {"has_replica": True, "synchronous_standby_names": "FIRST 1 (db2)", "synchronous_commit": "local"},
            Level.WARNING,
            "synchronous_commit 为 local，不等从库",
        ),
        ({"server_version_num": "130010"}, Level.FAULT, "PostgreSQL 13 太旧，应为 14 以上"),
        ({"server_encoding": "SQL_ASCII"}, Level.FAULT, "编码是 SQL_ASCII"),
        ({"dump_version": 0}, Level.FAULT, "本机的 pg_dump 没有安装"),
        ({"dump_version": 14}, Level.FAULT, "本机的 pg_dump 是 14 版，数据库是 15 版"),
        ({"max_connections": "13"}, Level.WARNING, "max_connections 为 13"),
        ({"is_superuser": True}, Level.FAULT, "网站以数据库超级用户连接"),
        ({"changeable": ("nanchuan_eval_auditentry",)}, Level.WARNING, "install.sh --only audit"),
    ],
)
def test_the_one_setting_that_is_wrong_is_named_with_what_to_do(changed, level, words):
    ((found_level, text),) = lines(**changed)

    assert found_level is level
    assert words in text


@pytest.mark.parametrize(
    "changed",
    [
        {"synchronous_commit": "local"},
        {"has_replica": True, "synchronous_standby_names": "FIRST 1 (db2)"},
        {"has_replica": True, "synchronous_standby_names": "*", "synchronous_commit": "remote_write"},
        {"log_statement": "ddl", "log_min_error_statement": "fatal"},
        {"modules": ()},
    ],
)
def test_what_is_good_as_well_is_not_named(changed):
    assert [level for level, _ in lines(**changed)] == [Level.GOOD]


@pytest.fixture
def told_by(monkeypatch):
    """What doctor says of a real cluster with these settings, when it connects as a role without rights of its own."""
    made = []

    def told(**settings):
        cluster = Cluster(**settings)
        made.append(cluster)
        first = psycopg2.connect(cluster.url)
        first.autocommit = True
        first.cursor().execute("CREATE ROLE site LOGIN")
        first.close()
        made.append(connection := psycopg2.connect(cluster.url.replace("postgres@", "site@")))
        monkeypatch.setattr(sql, "connection", connection)
        monkeypatch.setattr(queries, "connection", SimpleNamespace(vendor="postgresql"))
        monkeypatch.setattr(queries.checks, "run_checks", lambda **_: [])
        return {line.text: line.level for line in queries.server_lines()}

    yield told
    for each in reversed(made):
        each.remove() if isinstance(each, Cluster) else each.close()


@pytest.mark.postgres
@pytest.mark.django_db
def test_scratch_databases_are_found_by_the_beginning_of_their_names():
    number = uuid4().hex
    left, other = f"{SCRATCH}{number}", f"{SCRATCH.replace('_', '0')}{number}"
    try:
        for name in (left, other):
            run("createdb", "--template=template0", name)

        assert [name for name in queries.scratch_databases() if number in name] == [left]
    finally:
        for name in (left, other):
            run("dropdb", "--if-exists", name)


@pytest.mark.initdb
def test_a_server_with_the_projects_settings_is_good(told_by):
    ((text, level),) = told_by(**settings_of_the_file()).items()

    assert level is Level.GOOD
    assert text.endswith("各项设置符合要求。")


@pytest.mark.initdb
def test_what_a_server_keeps_is_seen_by_a_role_without_rights(told_by, settings, monkeypatch):
    """Who may not read shared_preload_libraries is told nevertheless what is loaded."""
    monkeypatch.setitem(settings.DATABASES, "replica", {})
    monkeypatch.setattr(queries, "log_position", lambda: 7)
    monkeypatch.setattr(queries, "replayed_position", lambda _: 7)

    told = told_by(
        shared_preload_libraries="auto_explain,pg_stat_statements",
        log_min_duration_sample="0",
        archive_mode="on",
    )

    wanted = {
        "log_min_duration_sample 为 0": Level.FAULT,
        "装载了auto_explain，": Level.FAULT,
        "装载了pg_stat_statements，": Level.WARNING,
        "log_min_error_statement 为 error（应为 panic），log_error_verbosity 为 default": Level.WARNING,
        "archive_mode 已打开": Level.WARNING,
        "synchronous_standby_names 为空": Level.WARNING,
    }
    found = {words: level for words in wanted for text, level in told.items() if words in text}
    assert found == wanted
    assert len(told) == len(wanted) + 1  # the replica follows


@pytest.mark.parametrize(
    ("replayed", "level", "words"),
    [
        (8, Level.GOOD, "已跟上主库"),
        (6, Level.WARNING, "落后，1秒内没有跟上"),
        (None, Level.FAULT, "不跟随主库"),
        (OperationalError, Level.FAULT, "没有应答"),
    ],
)
def test_a_replica_that_follows_no_more_is_named(settings, monkeypatch, replayed, level, words):
    def position(_):
        if replayed is OperationalError:
            raise OperationalError
        return replayed

    settings.REPLICA_LAG_SECONDS = 1
    monkeypatch.setattr(queries, "log_position", lambda: 7)
    monkeypatch.setattr(queries, "replayed_position", position)

    line = queries.replica_state()

    assert (line.level, line.setting) == (level, "REPLICA_URL")
    assert words in line.text
