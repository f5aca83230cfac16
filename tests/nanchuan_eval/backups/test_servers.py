"""Backups on PostgreSQL servers as `deploy/install.sh` sets them up: the site's role, the audit log apart from it."""

import os
import subprocess
import sys

import psycopg2
import pytest

from tests.concurrency.cluster import Cluster
from tests.paths import ROOT

pytestmark = [pytest.mark.initdb, pytest.mark.minutes]
LOG = "nanchuan_eval_auditentry"
PEOPLE = """
from tests.factories import make_user
make_user("chief", username="before")
"""
ALLOW = """
from django.utils import timezone
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.backups.models import Backup
from tests.factories import make_user
at = timezone.now()
row = Backup.objects.get()
approval = approvals.propose("backup.restore", row, by=make_user("sysadmin"), at=at, reason="误操作")
approvals.approve(approval_id=approval.pk, by=make_user("chief", username="after"), at=at)
"""


class Site:
    """A cluster with the role and the database of an installation, and its commands."""

    def __init__(self, folder):
        self.cluster, self.folder = Cluster(), folder
        self.sql("postgres", "CREATE ROLE nanchuan LOGIN CREATEDB")
        self.sql("postgres", "CREATE DATABASE nanchuan OWNER nanchuan ENCODING 'UTF8' TEMPLATE template0")

    def url(self, role="nanchuan", database="nanchuan"):
        return f"postgres://{role}@127.0.0.1:{self.cluster.port}/{database}"

    def sql(self, database, statement, role="postgres"):
        connection = psycopg2.connect(self.url(role, database))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            found = cursor.fetchall() if cursor.description else []
        connection.close()
        return found

    def manage(self, *arguments, role="nanchuan", given=""):
        environment = {
            "DATABASE_URL": self.url(role),
            "BACKUP_ROOT": str(self.folder),
            "EVIDENCE_ROOT": str(self.folder / "evidence"),
            "TWO_PERSON_RULE": "true",
        }
        return subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT, env={**os.environ, **environment}, input=given, text=True, capture_output=True, check=False,
        )  # fmt: skip

    def done(self, *arguments, **options):
        ran = self.manage(*arguments, **options)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def users(self):
        return {name for (name,) in self.sql("nanchuan", "SELECT username FROM nanchuan_eval_user")}

    def owners(self):
        listed = "SELECT tableowner, count(*) FROM pg_tables WHERE schemaname = 'public' GROUP BY 1"
        return dict(self.sql("nanchuan", listed))

    def databases(self):
        return {name for (name,) in self.sql("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate")}


@pytest.fixture(scope="module")
def make_site(tmp_path_factory):
    made = []

    def make():
        made.append(Site(tmp_path_factory.mktemp("site")))
        return made[-1]

    yield make
    for site in made:
        site.cluster.remove()


@pytest.fixture(scope="module")
def installed(make_site):
    """A site in use whose log is apart, and a backup of it."""
    site = make_site()
    site.done("migrate", "-v0")
    site.done("separate_audit_role", "nanchuan", role="postgres")
    site.done("shell", "-c", PEOPLE)
    site.sql("postgres", "ALTER DATABASE nanchuan SET statement_timeout = '77s'")
    backup = site.done("backup").splitlines()[0]
    site.done("shell", "-c", ALLOW)
    return site, backup


def test_nothing_changes_while_somebody_uses_the_database_or_for_another_role(installed):
    site, backup = installed
    before = site.users(), site.owners(), site.databases()
    other = psycopg2.connect(site.url())

    in_use = site.manage("restore", backup)
    other.close()
    not_ours = site.manage("restore", backup, role="postgres")

    assert "还有1个连接在使用数据库" in in_use.stderr
    assert "属于数据库角色“nanchuan”" in not_ours.stderr
    assert (site.users(), site.owners(), site.databases()) == before
    assert site.sql("nanchuan", "SELECT spent_at FROM nanchuan_eval_approval WHERE kind = 'backup.restore'") == [
        (None,)
    ]


def test_a_failing_restore_leaves_the_approval_and_a_good_one_the_site_as_it_was_installed(installed):
    site, backup = installed
    site.sql("postgres", "ALTER ROLE nanchuan NOCREATEDB")
    failed = site.manage("restore", backup)
    site.sql("postgres", "ALTER ROLE nanchuan CREATEDB")
    assert failed.returncode == 1
    assert site.users() > {"before", "after"}

    told = site.done("restore", backup)

    assert site.users() == {"before"}
    assert list(site.owners()) == ["nanchuan"]
    assert "deploy/install.sh --only audit" in told
    assert site.databases() == {"postgres", "nanchuan"}
    assert site.sql("nanchuan", "SHOW statement_timeout", role="nanchuan") == [("77s",)]

    statements = site.done("separate_audit_role", "nanchuan", "--print-sql")
    site.sql("nanchuan", statements)

    assert site.owners()["nanchuan_audit"] == 2
    for statement in (f"UPDATE {LOG} SET action = ''", f"DROP TABLE {LOG} CASCADE", "DROP SCHEMA public CASCADE"):
        with pytest.raises(psycopg2.Error, match=r"permission denied|must be owner"):
            site.sql("nanchuan", statement, role="nanchuan")  # which owns the database
    assert "操作日志完整" in site.done("verify_audit")


def test_a_server_that_has_never_seen_the_logs_role_reads_it_back_and_restores_it(installed, make_site):
    _, backup = installed
    new = make_site()

    assert "核对一致" in new.done("restore", backup, "--verify")
    assert "已恢复" in new.done("restore", backup)

    assert new.users() == {"before"}
    assert list(new.owners()) == ["nanchuan"]
