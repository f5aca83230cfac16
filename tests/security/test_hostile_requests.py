"""Requests that nobody's browser sends: foreign cases, other hosts, forged addresses, too much of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from nanchuan_eval.audit.models import AuditEntry
from tests.factories import make_open_round, make_user
from tests.security import scenario

pytestmark = pytest.mark.django_db


def denied():
    return list(AuditEntry.objects.filter(result="denied").values_list("action", flat=True))


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def test_a_case_of_another_unit_is_not_found_and_logged(client):
    foreign, own = scenario.measure(scenario.FOREIGN_UNIT), scenario.measure()
    client.force_login(make_user("liaison"))
    assert client.get(f"/work/talks/{own.pk}/").status_code == 200
    assert denied() == []
    assert client.get(f"/work/talks/{foreign.pk}/").status_code == 404
    assert denied() == ["acc.view"]
    assert client.get("/work/talks/999999/").status_code == 404


@pytest.mark.parametrize("address", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%252e%252e/x", "..%5c..%5cx"])
def test_addresses_of_files_lead_to_files_only(client, address):
    client.force_login(make_user("chief"))
    for start in ("/evidence/", "/evidence/talk/", "/draws/x/", "/rounds/x/", "/static/"):
        assert client.get(f"{start}{address}").status_code == 404, start


@pytest.mark.parametrize("path", ["/commission/x/export/", "/commission/x/publish/", "/logout/"])
def test_get_changes_nothing(client, path):
    client.force_login(make_user("commission"))
    assert client.get(path).status_code in {400, 405}
    assert not AuditEntry.objects.exclude(result="denied").exists()


def test_ten_megabytes_are_refused(client, voting):
    assert client.post("/ballot/review/", {"comment": "x" * 10_000_000}).status_code == 400
    body = b"a=1&" * 2_600_000
    answer = client.generic("POST", "/ballot/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.com", "testserver,evil.com", "testserver evil.com", "testserver/../evil.com", "@"]
)
def test_an_unknown_host_is_refused(client, host):
    assert client.get("/", HTTP_HOST=host).status_code == 400


def test_a_forged_address_reaches_neither_the_audit_log_nor_the_limits(client):
    client.force_login(make_user("sysadmin"))
    client.post("/admin/nanchuan_eval/auditentry/export/", HTTP_X_FORWARDED_FOR="10.0.0.1", REMOTE_ADDR="6.6.6.6")
    assert AuditEntry.objects.get().address == "6.6.6.6"
    stranger = Client()
    for n in range(10):
        stranger.post("/ballot/", {"code": "AAAA"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}", REMOTE_ADDR="6.6.6.6")
    last = stranger.post("/ballot/", {"code": "AAAA"}, HTTP_X_FORWARDED_FOR="10.0.0.99", REMOTE_ADDR="6.6.6.6")
    assert last.status_code == 429
