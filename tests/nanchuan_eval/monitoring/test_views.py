"""/healthz, /readyz and /metrics: cheap, without a session, and with details for monitors that show their token."""

import hashlib
import os
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from nanchuan_eval.backups.upgrades import applied_migrations
from nanchuan_eval.clock.models import ClockRun
from nanchuan_eval.monitoring.queries import figures, health
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account
from tests.nanchuan_eval.backups.test_services import of_another_version
from tests.nanchuan_eval.web.test_middleware import VISITORS_FORMS
from tests.paths import ROOT

pytestmark = pytest.mark.django_db
TOKEN = {"HTTP_AUTHORIZATION": "Bearer for-the-monitor"}
PROBES = ["/healthz", "/readyz"]


@pytest.fixture(autouse=True)
def monitored(settings, monkeypatch):
    settings.METRICS_TOKENS = [hashlib.sha256(b"for-the-monitor").hexdigest()]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 50, 50))


def ran(minutes):
    ClockRun.objects.create(name="advance_rounds", at=timezone.now() - timedelta(minutes=minutes))


def states(client, path="/healthz"):
    answer = client.get(path, **TOKEN)
    return answer.status_code, {name: state for name, state in answer.json().items() if state != "ok"}


@pytest.mark.parametrize("path", PROBES)
def test_a_site_that_is_well_says_so_and_nothing_else(client, path):
    ran(1)
    answer = client.get(path)

    assert (answer.status_code, answer.content) == (200, b"ok")
    assert not answer.cookies


@pytest.mark.parametrize(("path", "most"), [("/healthz", 3), ("/readyz", 2)])
def test_it_takes_few_queries(client, path, most, django_assert_max_num_queries):
    client.get(path)
    with django_assert_max_num_queries(most):
        client.get(path)


def test_a_late_clock_is_told_to_monitors_and_turns_no_voter_away(client, settings, caplog):
    ran(settings.CLOCK_ALARM_MINUTES + 1)

    assert (client.get("/healthz").status_code, client.get("/healthz").content) == (503, b"unavailable")
    assert states(client) == (503, {"version": settings.VERSION, "clock": "late"})
    assert client.get("/readyz").status_code == 200
    assert caplog.text == ""


def test_a_full_disk_is_told(client, settings, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))

    assert states(client) == (503, {"version": settings.VERSION, "disk": "full"})
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize("is_newer", [True, False])
def test_a_database_of_another_version_is_told(client, settings, path, is_newer):
    with of_another_version(is_newer=is_newer):
        assert states(client, path) == (503, {"version": settings.VERSION, "migrations": "differ"})
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PROBES)
def test_a_database_that_does_not_answer_is_told(client, settings, monkeypatch, path):
    def refuse():
        raise DatabaseError("connection to server at 10.0.0.5 failed")

    monkeypatch.setattr(health, "applied_migrations", refuse)

    assert states(client, path) == (503, {"version": settings.VERSION, "database": "unreachable"})
    assert b"10.0.0.5" not in client.get(path, **TOKEN).content


@pytest.mark.parametrize("given", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "for"}])
def test_without_its_token_nobody_gets_figures(client, given):
    assert client.get("/metrics", **given).status_code == 404
    assert client.get("/healthz", **given).content == b"ok"


def test_no_token_lets_in_where_none_is_set(client, settings):
    settings.METRICS_TOKENS = []

    assert client.get("/metrics", **TOKEN).status_code == 404


def test_the_figures_of_the_installation_are_told(client):
    ran(10)

    told = client.get("/metrics", **TOKEN).content.decode()

    (age,) = [line for line in told.splitlines() if line.startswith('nanchuan_job_age_seconds{job="advance_rounds"}')]
    assert 600 <= float(age.split()[1]) < 660
    assert 'nanchuan_job_failed{job="advance_rounds"} 0.0' in told
    assert 'nanchuan_disk_free_bytes{disk="1"} 50.0' in told
    assert "nanchuan_messages_waiting 0.0" in told


def visit(path, client, times):
    for _ in range(times):
        client.get(path)


def lines(route):
    told = figures.figures(timezone.now()).decode().splitlines()
    return [line for line in told if f'route="{route}"' in line]


def counts(route):
    return [line for line in lines(route) if "_total{" in line or "_count{" in line]


def test_single_votes_are_no_steps_of_any_figure(client):
    before = lines("voting")
    visit("/ballot/", client, 101)

    assert next(line for line in lines("voting") if 'status="200"' in line).endswith(" 100.0")
    after = counts("voting")
    visit("/receipt/", client, 98)
    assert before == []
    assert counts("voting") == after
    assert lines("ballot") == lines("receipt-check") == []


def test_a_first_visitor_begins_no_series(client):
    visit("/privacy/", client, 99)

    assert lines("privacy") == []


def test_work_of_accounts_is_told_exactly():
    client = Client()
    client.force_login(make_account(Role.SYSTEM_ADMIN))
    visit("/account/", client, 3)

    assert any('status="200",who="account"} 3.0' in line for line in lines("account"))


def test_every_form_of_visitors_is_counted_without_its_name(client):
    routes = {client.get(path).wsgi_request.resolver_match.view_name for path in VISITORS_FORMS}

    assert routes <= figures.private_routes


SEVERAL = """
import os, sys
sys.path.insert(0, ".")
import django; django.setup()
from nanchuan_eval.monitoring.queries.figures import _counted, count_request
for _ in range(2):
    if not os.fork():
        [count_request("home", "account", 200, 0.1) for _ in range(5)]
        os._exit(0)
    os.wait()
(total,) = [s.value for m in _counted() for s in m.samples if s.name.endswith("_total")]
print(total)
"""


def test_the_counts_of_all_processes_are_added(tmp_path):
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "nanchuan_eval.settings"}

    told = subprocess.check_output([sys.executable, "-c", SEVERAL], cwd=ROOT, env={**os.environ, **shared}, text=True)

    assert told.strip() == "10.0"


def test_the_programs_migrations_are_those_of_a_new_database():
    assert applied_migrations() == health._known()
