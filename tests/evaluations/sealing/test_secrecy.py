"""Nothing links a code or a person to a ballot, not even for an administrator with database access."""

import itertools
import logging

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from django.utils.log import AdminEmailHandler

from evaluations.ballots.models import Ballot, BallotSpool, Comment, Rating
from evaluations.codes.models import Credential
from evaluations.protocol.codes import normalize_code
from evaluations.sealing.services import opening as sealing
from nanchuan_eval.permissions.policy import CLOCK
from tests.evaluations.voting.conftest import voting  # noqa: F401  a fixture
from tests.evaluations.voting.phone import Phone
from tests.factories import cast_ballots, make_codes, make_open_round

pytestmark = pytest.mark.django_db
VOTERS = 60
BOX = (Ballot, Rating, Comment)
# Values shared by all ballots of a round identify none of them.
SHARED = {"round_id", "channel", "origin", "is_counted"}


def sealed_box():
    round_ = make_open_round(sections=2)
    codes = make_codes(round_, VOTERS)
    receipts = cast_ballots(round_, codes, comment="办事很慢")
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    return codes, receipts


def columns(model):
    return [field.column for field in model._meta.concrete_fields if field.column not in SHARED]


def values(model, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table}")
        return {str(row[0]) for row in cursor.fetchall() if row[0] not in (None, "", True, False, 0, 1)}


def test_no_column_of_the_codes_shares_a_value_with_the_box():
    sealed_box()
    for model in BOX:
        for ours, theirs in itertools.product(columns(Credential), columns(model)):
            if ours == "batch_id":
                continue  # small numbers that all codes share
            assert not values(Credential, ours) & values(model, theirs), (ours, model.__name__, theirs)


def test_no_table_holds_a_code_or_links_its_hash_to_a_receipt():
    codes, receipts = sealed_box()
    fingerprints = set(Credential.objects.values_list("issue", flat=True))
    for model in apps.get_models(include_auto_created=True):
        rows = [" ".join(map(str, row)) for row in model._base_manager.values_list()]
        assert not [row for row in rows for code in codes if code in row], model
        holds_receipt = [row for row in rows if any(receipt in row for receipt in receipts)]
        assert not [row for row in holds_receipt if any(mark in row for mark in fingerprints)], model


def test_the_order_of_no_column_is_the_order_of_casting():
    _, receipts = sealed_box()
    for model, column in itertools.product((Ballot,), columns(Ballot)):
        ordered = list(model.objects.order_by(column).values_list("receipt", flat=True))
        assert sum(a == b for a, b in zip(ordered, receipts, strict=True)) <= 8, column


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_system_columns_are_equal_for_every_ballot():
    sealed_box()
    with connection.cursor() as cursor:
        for model in (Ballot, Rating, Comment, Credential):
            cursor.execute(
                f"SELECT count(DISTINCT xmin::text), count(DISTINCT cmin::text) > 0 FROM {model._meta.db_table}"
            )
            assert cursor.fetchone()[0] == 1, model
        cursor.execute("SELECT count(*) FROM evaluations_credential c, evaluations_comment k WHERE c.xmin = k.xmin")
        assert cursor.fetchone() == (VOTERS * VOTERS,)


def test_comments_are_stored_apart_in_their_own_order():
    sealed_box()
    kinds = {field.name for field in Comment._meta.get_fields()}
    assert not kinds & {"ballot", "section", "receipt", "channel"}
    assert Comment.objects.count() == VOTERS


def test_the_framework_keeps_no_history_of_voting(voting):  # noqa: F811
    counted = [m for m in apps.get_models() if m._meta.label in {"sessions.Session", "admin.LogEntry"}]
    Phone(voting).cast()

    assert BallotSpool.objects.count() == 1
    assert all(model.objects.count() == 0 for model in counted)
    assert not [m for m in apps.get_models() if m.__name__.startswith("Historical")]


def test_the_addresses_of_ballot_and_receipt_take_no_arguments():
    patterns = [str(p.pattern) for part in get_resolver().url_patterns for p in getattr(part, "url_patterns", [])]
    voting_pages = [p for p in patterns if p.startswith(("ballot/", "receipt/"))]
    assert {"ballot/", "ballot/cast/", "ballot/claim/", "receipt/"} <= set(voting_pages)
    # The words that sections are found by: one digest for everybody.
    assert [p for p in voting_pages if "<" in p] == ["ballot/words/<slug:digest>.json"]


def test_no_log_line_or_address_contains_a_code_or_the_vote(voting, caplog):  # noqa: F811
    phone = Phone(voting)
    with caplog.at_level(logging.DEBUG):
        phone.review()
        phone.cast()
        phone.cast(digits="9999")

    lines = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert not [line for line in lines if phone.code in normal(line) or "manifestations" in line]


def test_an_error_mail_contains_neither_code_nor_vote(voting, settings, monkeypatch):  # noqa: F811
    settings.ADMINS, settings.DEBUG = [("a", "a@example.cn")], False
    monkeypatch.setattr("evaluations.voting.views.steps.cast_ballot", lambda **_: 1 / 0)
    handler, logger = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    logger.addHandler(handler)
    phone = Phone(voting)
    phone.client.raise_request_exception = False
    try:
        assert phone.cast().status_code == 500
    finally:
        logger.removeHandler(handler)

    text = "".join(sent.body + "".join(str(content) for content, _ in sent.alternatives) for sent in mail.outbox)
    assert "ZeroDivisionError" in text
    for secret in (phone.code, "写了很久的意见", '"cold"', phone.admission):
        assert secret not in text, secret


class TestHostileRequests:
    @pytest.mark.parametrize("name", ["code", "admission", "vote", "comment", "digits"])
    def test_line_breaks_in_a_field_never_reach_a_header(self, voting, name):  # noqa: F811
        answer = Phone(voting).cast(**{name: "x\r\nSet-Cookie: a=b\r\n\r\n<script>"})

        assert "a=b" not in str(answer.headers)
        assert "a" not in answer.cookies
        assert answer.status_code in {200, 400}
        assert "<script>" not in answer.content.decode()

    def test_ten_megabytes_and_ten_thousand_fields_are_refused_and_nothing_is_stored(self, voting):  # noqa: F811
        client = Client()
        for fields in ({"comment": "长" * 3_500_000}, {f"f{n}": "" for n in range(10_000)}):
            answer = client.post("/ballot/cast/", fields)
            assert answer.status_code == 400
            assert "提交的内容有误" in answer.content.decode()

        assert not BallotSpool.objects.exists()

    def test_before_opening_and_just_after_closing_the_page_explains_why(self, voting):  # noqa: F811
        phone = Phone(voting)
        voting.closes_at = timezone.now()
        voting.save()

        answer = phone.cast()

        assert answer.status_code == 400
        assert "写了很久的意见" in answer.content.decode()
        assert "不在投票时间内" in answer.content.decode()


def normal(line):
    try:
        return normalize_code(line)
    except ValueError:
        return line
