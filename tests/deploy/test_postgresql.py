"""deploy/postgresql.conf in a real cluster: the settings hold, and no statement leaves anything in the log."""

import re

import psycopg2
import pytest

from tests.concurrency.cluster import Cluster
from tests.paths import ROOT

SETTING = re.compile(r"^(\w+) = (?:'(.*)'|(\S+))$", re.M)
MARK = "planted-opinion-7F3K"
# What the test makes noisy in the counter-proof: a server on which somebody looks for slow statements.
NOISY = {"log_min_duration_statement": "0", "log_statement": "all"}

pytestmark = pytest.mark.initdb


def settings():
    text = (ROOT / "deploy" / "postgresql.conf").read_text("utf-8")
    return {name: quoted or plain for name, quoted, plain in SETTING.findall(text)}


@pytest.fixture
def make_cluster():
    """Start clusters with these settings."""
    made = []

    def started(**chosen):
        made.append(Cluster(**chosen))
        return made[-1]

    yield started
    for cluster in made:
        cluster.remove()


def work(cluster):
    """Statements with a mark that succeed, fail at a constraint, fail at a value, and deadlock-free wait for a lock."""
    connection = psycopg2.connect(cluster.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE opinion (text varchar(40) UNIQUE CHECK (text <> 'none'))")
        cursor.execute("INSERT INTO opinion VALUES (%s)", [MARK])
        for statement, value in (
            ("INSERT INTO opinion VALUES (%s)", MARK),
            ("INSERT INTO opinion VALUES (NULLIF(%s, 'x') || repeat('y', 40))", MARK),
            ("SELECT %s::integer", MARK),
            ("SELEKT %s", MARK),
        ):
            with pytest.raises(psycopg2.Error):
                cursor.execute(statement, [value])
    connection.close()


def test_the_cluster_has_every_setting_of_the_file(make_cluster):
    chosen = settings()
    connection = psycopg2.connect(make_cluster(**chosen).url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(chosen)])
        found = dict(cursor.fetchall())
    connection.close()

    assert len(chosen) >= 20
    assert found == chosen


def test_no_statement_and_no_row_gets_into_the_log(make_cluster):
    cluster = make_cluster(**settings())
    work(cluster)
    log = (cluster.folder / "log").read_text(errors="replace")

    assert "duplicate key value" in log
    # PostgreSQL's own message says the value that is no number; no row of the application is asked for that way.
    assert MARK not in re.sub(r"invalid input syntax for type integer: .*", "", log)


@pytest.mark.parametrize("changed", [{}, NOISY])
def test_without_the_file_the_log_would_hold_them(make_cluster, changed):
    cluster = make_cluster(**changed)
    work(cluster)

    assert MARK in (cluster.folder / "log").read_text(errors="replace")
