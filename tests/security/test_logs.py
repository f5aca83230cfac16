"""Secrets planted in every way in, a fault at each statement of each request: in no log line (security.md G13)."""

import hashlib
import io
import json
import logging
from datetime import timedelta

import pytest
from django.db import DataError
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone

from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.logs import JsonFormatter, SafeFormatter
from tests.evaluations.voting.phone import Phone
from tests.factories import make_codes, make_department, make_open_round, make_section, make_user

pytestmark = pytest.mark.django_db
NAME, PHONE, ADDRESS = "张三丰", "13912345678", "203.0.113.77"
RECEIPT, COMMENT = "K7QM-2HXR-9D4T-W8PN-6F3B", "窗口的人态度很差"
PASSWORD, TOKEN, LINK = "Typed-wrong-but-secret-77", "a-token-of-the-unit", "c0ffee-5ecret1ink"
MOST_STATEMENTS = 40


class Faults:
    """Lets the statement of a number fail, with a message as PostgreSQL words it: all values in it."""

    def __init__(self, monkeypatch):
        self.due, self.seen, self.thrown = 0, 0, 0
        execute = CursorWrapper._execute

        def fail(cursor, sql, params, *rest):
            if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                self.seen += 1
                if self.seen == self.due:
                    self.thrown += 1
                    raise DataError(f"{sql} DETAIL: Key (code, name)=({params}) {NAME} {PHONE} {COMMENT} {ADDRESS}")
            return execute(cursor, sql, params, *rest)

        monkeypatch.setattr(CursorWrapper, "_execute", fail)

    def at_each_statement(self, request):
        """Make the request with each of its statements failing in turn, then whole."""
        for number in range(1, MOST_STATEMENTS):
            self.due, self.seen = number, 0
            request()
            if self.seen < number:
                break
        self.due = 0


@pytest.fixture
def logs():
    """Return what three formatters write: ours, and Python's own to see that there is something to find."""
    written = {kind: io.StringIO() for kind in (JsonFormatter, SafeFormatter, logging.Formatter)}
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = []
    for kind, target in written.items():
        handler = logging.StreamHandler(target)
        handler.setFormatter(kind())
        root.addHandler(handler)
        handlers.append(handler)
    root.setLevel(logging.INFO)
    yield written
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def voting(settings, monkeypatch):
    settings.RECORDS_TOKENS = {"D77": hashlib.sha256(TOKEN.encode()).hexdigest()}
    settings.MESSAGE_RECEIPT_TOKEN = TOKEN
    make_section(department=make_department(code="D77", name="区林业局"), code="D77-01", name="林政科")
    now = timezone.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    return make_open_round(sections=3, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def visitor():
    return Client(raise_request_exception=False, REMOTE_ADDR=ADDRESS, HTTP_USER_AGENT=NAME)


def bearer(token):
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def requests(round_, phone, code):
    """Every way in by which a secret comes, by name."""
    guest, clerk = visitor(), visitor()
    clerk.force_login(make_user("clerk"))
    batch = round_.batches.first().pk
    fields = phone.last_page(comment=COMMENT)
    keyed = {"number": "1", "comment": COMMENT, "code": code}
    person = {"name": NAME, "phone": PHONE, "wish": "copy", "text": COMMENT}
    record = f"办件编号,科室,办结日期,姓名,手机号\n1,林政科,{timezone.localdate()},{NAME},{PHONE}"
    day = f"/api/service-records/D77/{timezone.localdate()}/?stated={PHONE}"
    told = json.dumps([{"id": code, "phone": PHONE, "state": "delivered"}])
    rounds, batches = f"/admin/evaluations/round/{round_.pk}", f"/admin/evaluations/codebatch/{batch}"
    return {
        "path": lambda: guest.get(f"/ballot/{code}/?code={code}"),
        "link": lambda: guest.get(f"/account/set-password/MQ/{LINK}/"),
        "code": lambda: guest.post(f"/ballot/?code={code}", {"code": code}),
        "rate": lambda: guest.post("/ballot/rate/", phone.answers(comment=COMMENT)),
        "review": lambda: guest.post("/ballot/review/", phone.answers(comment=COMMENT)),
        "cast": lambda: guest.post("/ballot/cast/", fields),
        "receipt": lambda: guest.post(f"/receipt/?receipt={RECEIPT}", {"receipt": RECEIPT}),
        "claim": lambda: guest.post("/ballot/claim/", {"answer": COMMENT, "phone": PHONE}),
        "request": lambda: guest.post("/privacy/request/", person),
        "suggestion": lambda: guest.post("/suggestions/", {"text": COMMENT, "contact": PHONE, "section": "D77-01"}),
        "login": lambda: guest.post("/login/", {"username": NAME, "password": PASSWORD}),
        "records": lambda: guest.post(day, record, content_type="text/csv", **bearer(TOKEN)),
        "receipts": lambda: guest.post(
            "/api/message-receipts/", told, content_type="application/json", **bearer(TOKEN)
        ),
        "paper": lambda: clerk.post(f"{batches}/papers/key/", keyed),
        "slips": lambda: clerk.post(f"{batches}/papers/slips/", keyed),
        "print": lambda: clerk.post(f"{batches}/print/", {"codes": code, "site": "https://x.example"}),
        "letters": lambda: clerk.post(f"{rounds}/messages/letters.pdf", {"part": code}),
        "make": lambda: clerk.post(f"{rounds}/messages/make/", {"site": f"https://{NAME}.example/?{PHONE}"}),
    }


def test_no_log_line_holds_what_was_planted(voting, logs, monkeypatch):
    (code,) = make_codes(voting)
    phone = Phone(voting, REMOTE_ADDR=ADDRESS, raise_request_exception=False)
    ways = requests(voting, phone, code)
    faults = Faults(monkeypatch)
    reached = {}
    for name, request in ways.items():
        before = faults.thrown
        faults.at_each_statement(request)
        reached[name] = faults.thrown - before
    planted = [NAME, PHONE, ADDRESS, RECEIPT, COMMENT, PASSWORD, TOKEN, LINK, code, phone.code, phone.admission]

    written = {kind.__name__: target.getvalue() for kind, target in logs.items()}
    found = [(kind, secret) for kind, text in written.items() for secret in planted if secret in text]

    assert {secret for kind, secret in found if kind == "Formatter"} >= {NAME, PHONE, ADDRESS, COMMENT, LINK, code}
    assert [(kind, secret) for kind, secret in found if kind != "Formatter"] == []
    assert [name for name, times in reached.items() if not times and name not in {"path", "link"}] == []
    told = [json.loads(line) for line in written["JsonFormatter"].splitlines()]
    assert sum("DataError" in line.get("error", "") for line in told) > len(ways)
    assert {line["route"] for line in told if "route" in line} >= {"ballot-cast", "record-delivery"}
