"""Twenty secrets of a whole demonstration round, looked for wherever something could leak (security.md G13)."""

import io
import logging

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accountability.demo.people import PASSWORD
from evaluations.codes.services import issuing
from evaluations.pools.models import PoolEntry
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from tests.accountability.factories import make_demonstrations_small
from tests.factories import make_manifestations

pytestmark = pytest.mark.django_db(transaction=True)
TYPED_WRONG = "Typed-wrong-but-secret-77"


@pytest.fixture
def told(tmp_path, monkeypatch, caplog):
    """Tell the demonstration, keep its secrets, then visit pages, fail log-ins and make faults."""
    caplog.set_level(logging.DEBUG)
    make_manifestations()
    make_demonstrations_small(monkeypatch)
    codes, issue = [], issuing.issue_batch

    def issue_and_remember(**given):
        batch, made = issue(**given)
        codes.extend(made)
        return batch, made

    monkeypatch.setattr(issuing, "issue_batch", issue_and_remember)
    out, shown = tmp_path / "out", io.StringIO()
    call_command("demo", "--no-serve", "--ballots", 30, "--decide", "--out", out, stdout=shown)
    chief = User.objects.get(username="chief")
    factor = second_factor.begin_enrolment(by=chief)
    secrets = [
        *codes[:4],
        *codes[-4:],
        PASSWORD,
        TYPED_WRONG,
        factor.secret,
        second_factor.typed_secret(factor),
        *[str(entry.phone) for entry in PoolEntry.objects.order_by("?")[:8]],
    ]
    return secrets, out, shown.getvalue()


def visit(secrets):
    """Log in rightly and wrongly, send codes where none belong, make a fault; return every page that came back."""
    client = Client(raise_request_exception=False)
    pages = [client.post("/login/", {"username": "chief", "password": TYPED_WRONG})]
    pages += [client.post("/ballot/", {"code": code}) for code in secrets[:2]]
    pages += [client.post("/receipt/", {"receipt": "x"}), client.get("/none"), client.get("/list/2020H1/")]
    for username in ("clerk", "chief", "jiwei", "auditor", "sysadmin", "liaison"):
        client.force_login(User.objects.get(username=username))
        pages += [client.get(path, follow=True) for path in ("/home/", "/account/", "/admin/", "/commission/")]
        pages += [client.get(f"/admin/evaluations/{page}/") for page in ("round", "poolentry", "draw", "codebatch")]
        pages.append(client.get("/admin/nanchuan_eval/user/"))
    client.force_login(User.objects.get(username="auditor"))
    pages.append(client.post("/admin/nanchuan_eval/auditentry/export/"))
    return b"".join(b"".join(page) if page.streaming else page.content for page in pages)


def dump():
    """Every row of every table, as a dump would hold it."""
    with connection.cursor() as cursor:
        rows = []
        for table in {model._meta.db_table for model in apps.get_models(include_auto_created=True)}:
            cursor.execute(f"SELECT * FROM {table}")
            rows.append(str([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()]))
    return "\n".join(rows)


def test_twenty_secrets_are_nowhere_but_where_they_belong(told, caplog, capfd):
    secrets, out, shown = told
    assert len(set(secrets)) == 20
    pages = visit(secrets)
    where = {
        "dump": dump(),
        "log": caplog.text + "".join(capfd.readouterr()),
        "mail": "".join(f"{message.subject}{message.body}" for message in mail.outbox),
        "exports": "".join(path.read_bytes().decode(errors="replace") for path in out.rglob("*") if path.is_file()),
        "pages": pages.decode(errors="replace").replace(secrets[0], "", 1).replace(secrets[1], "", 1),
        "trace": str(list(AuditEntry.objects.values_list("detail", "reason", "object_id"))),
    }
    found = [(place, n) for place, text in where.items() for n, secret in enumerate(secrets) if secret in text]
    # The one who types a code gets it back in the field, hidden from everybody else.
    found = [(place, n) for place, n in found if not (place == "pages" and n < 2)]
    assert found == []
    assert PASSWORD not in shown


def test_the_search_finds_what_is_there(told):
    secrets, _, _ = told
    PoolEntry.objects.filter(pk=PoolEntry.objects.first().pk).update(name=secrets[-1])
    SecondFactor.objects.update(name=secrets[10])
    text = dump()
    assert secrets[-1] in text
    assert secrets[10] in text
