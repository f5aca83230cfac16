"""deploy/upgrade.py: every released version goes to the next, and back by itself with everything as it was."""

from uuid import uuid4

import pytest
from django.db import connection

from nanchuan_eval.audit.sql import separate_audit_role
from nanchuan_eval.backups.database_dump import run
from tests.upgrade import stored
from tests.upgrade.conftest import in_use
from tests.upgrade.versions import Clone, revision_of

pytestmark = pytest.mark.minutes
DONE, REFUSED, WENT_BACK, KILLED = 0, 1, 3, -9
# What the restoration itself writes down.
SETTINGS = ("""search_path = "$user", 'public', 'it''s "odd"'""", "timezone = 'Asia/Shanghai'", "work_mem = '8MB'")
LOGGED = {"nanchuan_eval.AuditEntry", "nanchuan_eval.AuditHead", "nanchuan_eval.AuditAnchor"}


@pytest.fixture
def clone(old, tmp_path):
    """A server that runs a released version; skipped where the history does not hold it."""
    if not revision_of(old["version"]):
        pytest.skip(f"the history does not hold {old['version']}")
    made = Clone(tmp_path, old["version"])
    connection.close()
    yield made
    connection.close()
    if connection.vendor == "postgresql":
        name = connection.settings_dict["NAME"]
        listed = f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%aside%'"
        for other in run("psql", "-qtA", "-c", listed).split():
            run("dropdb", "--force", other)


def everything(old):
    """All rows but those of the log, and the log's actions."""
    tables = stored.tables(old["migrations"])
    entries = tables["nanchuan_eval.AuditEntry"]
    actions = [row[entries["fields"].index("action")] for row in entries["rows"]]
    connection.close()
    return {name: table for name, table in tables.items() if name not in LOGGED}, actions


def test_the_new_version_serves_with_everything_checked_and_what_is_done_in_it_is_not_thrown_away(clone, old):
    rows, actions = everything(old)

    done = clone.upgrade(clone.offer("good"))

    assert done.returncode == DONE, done.stdout + done.stderr
    assert clone.files() == clone.served.read_text().strip() == "good"
    for said in ("√ 备份，并读回核对", "√ 2020年上半年", "升级完成，现为good"):
        assert said in done.stdout
    assert "evaluations.9999_next_version" in done.stdout
    assert "核验通过。" in clone.log()

    clone.manage("backup")
    refused = clone.upgrade("--back")

    assert refused.returncode == REFUSED
    assert "已有1条新的操作记录，退回会丢失" in refused.stdout
    assert clone.files() == clone.served.read_text().strip() == "good"

    forced = clone.upgrade("--back", "--even-if-used")

    assert forced.returncode == WENT_BACK, forced.stdout
    assert clone.files() == clone.served.read_text().strip() == old["version"]
    assert everything(old) == (rows, [*actions, "backup.restore"])


@pytest.mark.parametrize(
    ("kind", "why"),
    [("migration-fails", "out of order"), ("verification-fails", "升级后的核对不一致"), ("site-fails", "命令没有成功")],
)
def test_a_failing_version_leads_back_with_everything_as_it_was(clone, old, kind, why):
    rows, actions = everything(old)

    done = clone.upgrade(clone.offer(kind))

    assert done.returncode == WENT_BACK, done.stdout + done.stderr
    assert why in done.stdout
    assert f"已退回{old['version']}，网站已启动" in done.stdout
    assert clone.files() == clone.served.read_text().strip() == old["version"]
    assert everything(old) == (rows, [*actions, "backup.restore"])


def test_a_way_back_that_is_cut_short_after_any_command_of_the_database_goes_on_from_there(clone, old):
    rows, actions = everything(old)
    assert clone.upgrade(clone.offer("good")).returncode == DONE

    for words in ("RENAME TO", "CREATE DATABASE", "restore") if connection.vendor == "postgresql" else ("restore",):
        assert clone.upgrade_cut(words, "--back").returncode == KILLED
    back = clone.upgrade("--back")

    assert back.returncode == WENT_BACK, back.stdout + back.stderr
    assert clone.files() == clone.served.read_text().strip() == old["version"]
    assert everything(old) == (rows, [*actions, "backup.restore"])

    again = clone.upgrade("--back")

    assert again.returncode == REFUSED
    assert f"已经退回{old['version']}" in again.stdout
    assert clone.served.read_text().strip() == old["version"]


@pytest.fixture
def apart(clone, old):
    """The version's database with an application's role that is no superuser, and the audit log apart from it."""
    role, source = f"up_{uuid4().hex[:8]}", str(connection.settings_dict["NAME"])
    name, dump = f"{role}_db", clone.folder / "dump"
    run("psql", "-qc", f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{role}'")
    run("createdb", "--owner", role, name)
    run("pg_dump", "-Fc", "--no-owner", "--file", dump, source)
    run("pg_restore", "--no-owner", "--role", role, "--dbname", name, dump)
    connection.close()
    for setting in SETTINGS:
        run("psql", "-qc", f"ALTER DATABASE {name} SET {setting}")
    with in_use(name):
        separate_audit_role(connection, role)
        connection.close()
        yield {
            "DATABASE_URL": f"postgres://{role}:{role}@127.0.0.1/{name}",
            "UPGRADE_PSQL": "psql -h /var/run/postgresql",
        }
        connection.close()
        listed = f"SELECT datname FROM pg_database WHERE datname LIKE '{name}%'"
    for other in run("psql", "-qtA", "-c", listed).split():
        run("dropdb", "--force", other)
    run("dropuser", role)


def settings_of_the_database():
    query = "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database ON oid = setdatabase WHERE datname = %s"
    with connection.cursor() as cursor:
        cursor.execute(query, [connection.settings_dict["NAME"]])
        found = [row[0] for row in cursor.fetchall()]
    connection.close()
    return found


def owner_of_the_log():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'nanchuan_eval_auditentry'")
        found = cursor.fetchone()[0]
    connection.close()
    return found


@pytest.mark.postgres
def test_a_log_that_is_apart_is_changed_on_loan_and_apart_again_afterwards(clone, old, apart):
    rows, actions = everything(old)
    settings = settings_of_the_database()
    assert len(settings) == len(SETTINGS)

    there = clone.upgrade(clone.offer("log-changes"), **apart)
    assert there.returncode == DONE, there.stdout + there.stderr
    assert owner_of_the_log() == "nanchuan_audit"

    back = clone.upgrade("--back", **apart)
    assert back.returncode == WENT_BACK, back.stdout + back.stderr
    assert owner_of_the_log() == "nanchuan_audit"
    assert everything(old) == (rows, [*actions, "backup.restore"])
    assert settings_of_the_database() == settings
    loans = "SELECT member::regrole FROM pg_auth_members WHERE roleid = 'nanchuan_audit'::regrole"
    assert "up_" not in run("psql", "-qtA", "-c", loans)


def test_nothing_is_touched_while_a_round_is_open(clone, old):
    rounds = {model._meta.label: model for model in stored.models_at(old["migrations"])}["evaluations.Round"]
    rounds.objects.filter(key="2020H2").update(state="open")
    before = everything(old)

    done = clone.upgrade(clone.offer("good"))

    assert done.returncode == REFUSED
    assert "请封箱之后再升级" in done.stdout
    assert "什么都没有改动，网站照常运行" in done.stdout
    assert clone.files() == clone.served.read_text().strip() == old["version"]
    assert everything(old) == before
    assert clone.upgrade("--back").returncode == REFUSED
