"""The clock's commands started several times at once: the work is done once, and every run succeeds."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection, transaction

from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.rounds.services import lock_round
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.users.models import User
from tests.factories import NOON, cast_ballots, make_codes, make_open_round, make_user
from tests.paths import ROOT

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
RUNS, TIMEOUT = 3, 60
WAITING = """
    SELECT count(DISTINCT l.pid) FROM pg_locks l INNER JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database()
"""


def test_three_daily_runs_at_once_all_succeed_and_do_the_work_once():
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 3))
    idle = make_user("clerk")
    User.objects.filter(pk=idle.pk).update(created_at=NOON.replace(year=2019))
    User.objects.exclude(pk=idle.pk).update(is_active=False)

    with transaction.atomic():
        lock_round(round_.pk)
        runs = [start_daily() for _ in range(RUNS)]
        wait_until_all_wait()
    outputs = [run.communicate(timeout=60) for run in runs]

    assert [run.returncode for run in runs] == [0] * RUNS, outputs
    round_.refresh_from_db()
    assert round_.state == RoundState.SEALED
    assert AuditEntry.objects.filter(action="round.close").count() == 1
    assert AuditEntry.objects.filter(action="user.create", detail__step_label="90天未用，停用").count() == 1


def wait_until_all_wait():
    """Wait until every run has found the round due and waits for its lock."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone()[0] == RUNS:
                return
        time.sleep(0.05)
    pytest.fail("the runs do not wait for each other")


def start_daily():
    """Start `manage.py daily` on the test's database."""
    name = connection.settings_dict["NAME"]
    environment = {**os.environ, "DATABASE_URL": database_url(name)}
    command = [sys.executable, "manage.py", "daily"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def database_url(name):
    """The address of this test's database on the same server."""
    return os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"
