"""Remarks of follow-up ratings: linked to nothing, read by the office, passed on to the unit without names."""

from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from accountability.citizens.models import FollowUpCount, FollowUpMark, FollowUpRemark
from accountability.citizens.services import (
    FORWARDING,
    part_ratings,
    pass_on_remark,
    rate_rectification,
    retention_rules,
)
from accountability.rectifications.rules import RectificationState
from evaluations.ballots.models import Ballot
from evaluations.rounds.rules.rulebook import default_rulebook
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.database import sql
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_case, make_rectification
from tests.factories import NOON
from tests.pages import compact

pytestmark = pytest.mark.django_db
TEXT = "张三的窗口仍然没有人"


def receipt(n):
    return f"ABCDEFGHJKMNPQRST{n:03}"


def transactions(table):
    """The transactions that wrote the rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT xmin::text FROM {table._meta.db_table}")
        return {found for (found,) in cursor.fetchall()}


def lines_stored(table):
    """Rows of a table and their dead versions, as its file holds them."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        name = table._meta.db_table
        cursor.execute(f"SELECT count(*) FROM heap_page_items(get_raw_page('{name}', 0))")
        return cursor.fetchone()[0]


@contextmanager
def dumping():
    """Hold the tables as pg_dump does."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE accountability_followupmark IN ACCESS SHARE MODE")
        yield
        cursor.execute("ROLLBACK")
    other.close()


def make_reported(ratings=0, round_=None):
    """A rectification that may be rated, and was rated by so many receipts, each with a remark."""
    round_ = round_ or make_bare_round(state="published")
    row = make_rectification(make_case(round_), RectificationState.REPORTED)
    for n in range(ratings + 1):
        Ballot.objects.create(
            round=round_,
            channel="other",
            origin="open",
            receipt=receipt(n),
            nonce="0" * 64,
            commitment="0" * 64,
            is_counted=True,
        )
    for n in range(ratings):
        rate_rectification(case_id=row.case_id, receipt=receipt(n), satisfaction="worse", remark=f"{TEXT}{n}")
    return row


def post(client, row, **fields):
    data = {"receipt": receipt(0), "satisfaction": "better", **fields}
    return client.post(f"/rectification/cases/{row.case_id}/rate/", data)


class TestWriting:
    def test_a_remark_is_kept_apart_from_receipt_and_rating(self, client):
        row = make_reported()

        assert post(client, row, remark=TEXT).status_code == 200

        remark = FollowUpRemark.objects.get()
        assert (remark.case, remark.text, remark.is_passed_on) == (row.case, TEXT, False)
        assert {field.name for field in FollowUpRemark._meta.fields} == {"id", "case", "text", "is_passed_on"}

    def test_a_rating_needs_no_remark(self, client):
        assert post(client, make_reported(), remark=" \u200b").status_code == 200

        assert FollowUpCount.objects.get(satisfaction="better").votes == 1
        assert not FollowUpRemark.objects.exists()

    def test_a_remark_is_as_long_as_the_rulebook_says(self, client):
        row = make_reported(
            round_=make_bare_round(state="published", rulebook=default_rulebook() | {"comment_length": 20})
        )

        refused = post(client, row, remark="长" * 21)

        assert refused.status_code == 400
        assert "长" * 21 in refused.content.decode()
        assert not FollowUpMark.objects.exists()
        with pytest.raises(RuleViolation, match="最多20字"):
            rate_rectification(case_id=row.case_id, receipt=receipt(0), satisfaction="better", remark="长" * 21)
        assert post(client, row, remark="长" * 20).status_code == 200

    def test_where_the_rulebook_wants_no_texts_none_is_asked_for(self, client):
        row = make_reported(
            round_=make_bare_round(state="published", rulebook=default_rulebook() | {"comment_length": 0})
        )

        assert 'name="remark"' not in client.get(f"/rectification/cases/{row.case_id}/rate/").content.decode()
        assert post(client, row, remark=TEXT).status_code == 200
        assert not FollowUpRemark.objects.exists()

    def test_no_public_page_shows_a_remark(self, client):
        make_reported(ratings=6)

        assert TEXT not in client.get("/rectification/").content.decode()

    def test_remarks_are_stored_in_no_order_of_arrival(self):
        """Ten remarks stand in the order in which they came once in 3.6 million times."""
        make_reported(ratings=10)
        column = "ctid" if connection.vendor == "postgresql" else "rowid"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT text FROM accountability_followupremark ORDER BY {column}")
            stored = [text for (text,) in cursor.fetchall()]

        assert sorted(stored) == sorted(f"{TEXT}{n}" for n in range(10))
        assert stored != [f"{TEXT}{n}" for n in range(10)]

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="needs the transaction of a row")
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("ratings", [1, 4])
    def test_no_row_tells_with_which_mark_a_remark_was_written(self, ratings):
        """Each table was written whole, in a transaction of its own, and holds no dead version of a row."""
        make_reported(ratings=ratings)

        written = {table: transactions(table) for table in (FollowUpMark, FollowUpCount, FollowUpRemark)}

        assert [len(found) for found in written.values()] == [1, 1, 1]
        assert len(set.union(*written.values())) == 3
        for table, rows in ((FollowUpMark, ratings), (FollowUpCount, 4), (FollowUpRemark, ratings)):
            assert lines_stored(table) == rows

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no locks to wait for")
    @pytest.mark.django_db(transaction=True)
    def test_a_rating_counts_while_a_dump_holds_the_tables_and_is_parted_by_the_days_run(self, monkeypatch):
        monkeypatch.setattr(sql, "REWRITING_WAITS", "50ms")
        row = make_reported(ratings=1)
        with dumping():
            rate_rectification(case_id=row.case_id, receipt=receipt(1), satisfaction="better", remark=TEXT)
        assert FollowUpMark.objects.count() == FollowUpRemark.objects.count() == 2
        assert len(transactions(FollowUpMark)) == 2

        call_command("daily", stdout=StringIO())

        assert len(transactions(FollowUpMark)) == 1
        assert not transactions(FollowUpMark) & transactions(FollowUpRemark)

    @pytest.mark.django_db(transaction=True)
    def test_parting_changes_no_row(self):
        make_reported(ratings=3)
        tables = (FollowUpMark, FollowUpCount, FollowUpRemark)
        before = [sorted(map(str, table.objects.values_list())) for table in tables]

        part_ratings()

        assert [sorted(map(str, table.objects.values_list())) for table in tables] == before


class TestPassingOn:
    def test_the_office_reads_remarks_from_the_fifth_rating_on(self, client):
        row = make_reported(ratings=4)
        client.force_login(make_account(Role.CLERK))
        assert TEXT not in client.get("/work/remarks/").content.decode()

        rate_rectification(case_id=row.case_id, receipt=receipt(4), satisfaction="better")

        assert f"{TEXT}3" in client.get("/work/remarks/").content.decode()

    def test_the_unit_reads_what_two_persons_have_passed_on_without_the_name(self, client, settings):
        settings.TWO_PERSON_RULE = True
        row = make_reported(ratings=5)
        remark = FollowUpRemark.objects.get(text=f"{TEXT}2")
        liaison = make_account(Role.LIAISON, unit_code=row.unit_code)
        client.force_login(liaison)
        assert TEXT not in client.get("/work/remarks/").content.decode()

        client.force_login(make_account(Role.CLERK))
        client.post(f"/work/remarks/{remark.pk}/pass-on/", {"words": "张三"})
        proposal = Approval.objects.get(kind=FORWARDING)
        assert "张三" not in str(proposal.content)
        assert not FollowUpRemark.objects.filter(is_passed_on=True).exists()
        client.force_login(make_account(Role.CHIEF))
        client.post(f"/approvals/{proposal.pk}/approve/")

        client.force_login(liaison)
        page = compact(client.get("/work/remarks/").content.decode())
        assert "██的窗口仍然没有人2" in page
        assert "的窗口仍然没有人3" not in page

    def test_another_unit_reads_nothing(self, client):
        make_reported(ratings=5)
        FollowUpRemark.objects.update(is_passed_on=True)
        client.force_login(make_account(Role.LIAISON, unit_code="D99"))

        assert TEXT not in client.get("/work/remarks/").content.decode()

    @pytest.mark.parametrize("role", [Role.INSPECTOR, Role.PERSONNEL, Role.AUDITOR, Role.SYSTEM_ADMIN])
    def test_nobody_else_reads_remarks(self, client, role):
        client.force_login(make_account(role))

        assert client.get("/work/remarks/").status_code == 403

    def test_a_remark_is_passed_on_once_and_by_nobody_without_the_right(self):
        make_reported(ratings=5)
        remark = FollowUpRemark.objects.first()
        with pytest.raises(policy.Denied):
            pass_on_remark(remark_id=remark.pk, spans=[], by=make_account(Role.LIAISON, "D01"), at=NOON)
        remark.refresh_from_db()
        assert not remark.is_passed_on

        chief = make_account(Role.CHIEF)
        pass_on_remark(remark_id=remark.pk, spans=[], by=chief, at=NOON)

        with pytest.raises(RuleViolation, match="已经转交"):
            pass_on_remark(remark_id=remark.pk, spans=[], by=chief, at=NOON)

    def test_a_redaction_survives_the_next_rating(self):
        row = make_reported(ratings=5)
        remark = FollowUpRemark.objects.get(text=f"{TEXT}0")
        pass_on_remark(remark_id=remark.pk, spans=[(0, 2)], by=make_account(Role.CHIEF), at=NOON)

        rate_rectification(case_id=row.case_id, receipt=receipt(5), satisfaction="better", remark="好")

        remark.refresh_from_db()
        assert (remark.text, remark.is_passed_on) == ("██的窗口仍然没有人0", True)


def test_remarks_are_deleted_a_year_after_the_rounds_last_step():
    row = make_reported(ratings=5)
    (rule,) = retention_rules()
    steps = row.case.result.round.steps
    steps.create(state="published", at=NOON, by=make_account(Role.CHIEF))

    assert not rule.due(NOON.replace(year=NOON.year + 1)).exists()
    assert rule.due(NOON.replace(year=NOON.year + 1, month=NOON.month + 1)).count() == 5
