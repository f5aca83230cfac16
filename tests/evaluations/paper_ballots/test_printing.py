"""Printing and pairing at the desk: what leaves the page is right, and no code stays behind."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from evaluations.ballot_form.rules.votes import Origin
from evaluations.codes.models import CodeBatch, Credential
from evaluations.codes.services import issuing
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Channel
from evaluations.verification.services import verify_round
from nanchuan_eval.audit.models import AuditEntry
from tests.factories import make_codes, make_open_round, make_user

pytestmark = pytest.mark.django_db
SITE = "https://pingyi.example"
PEOPLE = "姓名,手机号\n张三,13800000001\n李四,13800000002\n"


@pytest.fixture
def batch():
    round_ = make_open_round(sections=2)
    make_codes(round_, 1)
    return CodeBatch.objects.get()


@pytest.fixture
def codes(batch):
    clerk = make_user("clerk")
    form = issuing.FormKind(Channel.SAMPLED, Origin.ISSUED, "信封")
    made, codes = issuing.issue_batch(round_id=batch.round_id, form=form, count=3, by=clerk, at=batch.round.opens_at)
    batch.pk = made.pk
    batch.refresh_from_db()
    return codes


@pytest.fixture
def clerk(client):
    client.force_login(make_user("clerk"))
    return client


def address(batch):
    return reverse("admin:batch-print", args=[batch.pk])


def upload(client, batch, content, **more):
    return client.post(address(batch), {"file": SimpleUploadedFile("codes.csv", content), **more})


def rows():
    return AuditEntry.objects.filter(action="cred.print", detail__has_key="use").count()


def is_stored(code):
    """True if any text column of the database holds the code."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            for column in connection.introspection.get_table_description(cursor, table):
                cursor.execute(
                    f'SELECT 1 FROM "{table}" WHERE CAST("{column.name}" AS TEXT) LIKE %s LIMIT 1', [f"%{code}%"]
                )
                if cursor.fetchone():
                    return True
    return False


class TestPrinting:
    """Ballots as PDF, part by part."""

    def test_the_page_of_new_codes_prints_them_there_and_then(self, clerk, batch):
        form = {"channel": "sampled", "origin": "issued", "label": "甲", "count": "2"}
        shown = clerk.post(reverse("admin:round-codes", args=[batch.round_id]), form)

        made = CodeBatch.objects.get(label="甲")
        known = shown.context["hand_out"].initial
        assert address(made) in shown.content.decode()
        pdf = clerk.post(address(made), {"codes": known["codes"], "site": known["site"], "part": "1"})
        assert pdf["Content-Type"] == "application/pdf"
        assert pdf.content.startswith(b"%PDF")

    def test_codes_uploaded_again_are_printed_in_parts(self, clerk, batch, codes, settings):
        settings.PRINT_PART_BALLOTS = 2
        page = upload(clerk, batch, issuing.codes_csv(codes))

        assert [(part.first, part.last) for part in page.context["parts"]] == [(1, 2), (3, 3)]
        given = {"codes": page.context["hand_out"].initial["codes"], "site": SITE}
        second = clerk.post(address(batch), {**given, "part": "2"})
        assert "00003-00003.pdf" in second["Content-Disposition"]
        assert "no-store" in second["Cache-Control"]
        (row,) = AuditEntry.objects.filter(action="cred.print", detail__use="ballots")
        assert row.detail["codes"] == 1
        assert row.detail["site"] == SITE

    def test_no_code_is_stored_and_the_round_verifies_as_before(self, clerk, batch, codes):
        before = list(verify_round(batch.round))
        clerk.post(address(batch), {"codes": " ".join(codes), "site": SITE, "part": "1"})

        assert not any(map(is_stored, codes))
        assert list(verify_round(batch.round)) == before
        assert rows() == 1

    def test_codes_of_another_batch_are_refused_without_naming_one(self, clerk, batch, codes):
        other = make_codes(batch.round, 1)

        page = upload(clerk, batch, issuing.codes_csv([*codes, *other])).content.decode()
        posted = clerk.post(address(batch), {"codes": other[0], "site": SITE, "part": "1"})

        assert "文件中有1个票号不属于批次“信封”（第4个）" in page
        assert not any(code in page.replace("-", "") for code in (*codes, *other))
        assert posted.status_code == 400
        assert rows() == 0

    def test_void_codes_are_refused(self, clerk, batch, codes):
        Credential.objects.filter(batch=batch).update(is_void=True)

        assert "有3个票号已经作废" in upload(clerk, batch, issuing.codes_csv(codes)).content.decode()
        assert rows() == 0

    def test_after_the_closing_nothing_is_printed(self, clerk, batch, codes):
        Round.objects.update(state=RoundState.SEALED)

        answer = clerk.post(address(batch), {"codes": " ".join(codes), "site": SITE, "part": "1"})
        assert answer.status_code == 302
        assert rows() == 0

    def test_too_many_for_the_page_are_left_to_the_command(self, clerk, batch, codes, settings):
        settings.PRINT_PAGE_CODES = 2

        page = upload(clerk, batch, issuing.codes_csv(codes)).content.decode()
        assert "用印票程序打印" in page
        assert codes[0] not in page

    @pytest.mark.parametrize("site", ["", "pingyi", "https://a b", "https://evil.example"])
    def test_a_bad_address_keeps_the_codes_in_the_page(self, clerk, batch, codes, site):
        answer = clerk.post(address(batch), {"codes": " ".join(codes), "site": site, "part": "1"})

        assert answer.status_code == 400
        assert codes[0] in answer.content.decode()
        assert rows() == 0

    def test_the_batch_page_leads_to_it(self, clerk, batch, codes):
        assert address(batch) in clerk.get(reverse("admin:papers", args=[batch.pk])).content.decode()


class TestPairing:
    """One message and one code for each phone."""

    def post(self, client, batch, codes, people=PEOPLE):
        file = {"people": SimpleUploadedFile("people.csv", people.encode())} if people else {}
        return client.post(address(batch), {"codes": " ".join(codes), "site": SITE, "messages": "1", **file})

    def test_gives_the_file_for_the_platform(self, clerk, batch, codes):
        answer = self.post(clerk, batch, codes)

        lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [line[0] for line in lines] == ["手机号", "13800000001", "13800000002"]
        assert [line[1].partition("#")[2] for line in lines[1:]] == codes[:2]
        assert not any(map(is_stored, [*codes, "13800000001"]))

    @pytest.mark.parametrize(
        ("people", "said"),
        [
            ("", "请选择含“手机号”一列的名单"),
            ("姓名,手机号\n张三,138\n", "不是11位手机号"),
            (PEOPLE + "王五,13800000001\n", "手机号与"),
            (PEOPLE + "王五,13800000003\n赵六,13800000004\n", "名单有4人，票号只有3个"),
        ],
    )
    def test_an_unfit_list_is_refused(self, clerk, batch, codes, people, said):
        answer = self.post(clerk, batch, codes, people)

        assert answer.status_code == 400
        assert said in answer.content.decode()
        assert rows() == 0


@pytest.mark.parametrize("name", ["codes", "phones"])
def test_both_lists_have_a_template(clerk, name):
    assert clerk.get(reverse("admin:print-template", args=[name])).content.startswith(b"PK")


def test_nobody_else_prints(client, batch, codes):
    client.force_login(make_user("chief"))

    assert client.get(address(batch)).status_code == 403
    assert client.post(address(batch), {"codes": " ".join(codes), "site": SITE, "part": "1"}).status_code == 403
    assert rows() == 0
