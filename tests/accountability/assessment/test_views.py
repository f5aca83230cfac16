"""The year's assessment as a page and a workbook."""

import io

import pytest
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_counted_round

pytestmark = pytest.mark.django_db


def login(client):
    client.force_login(make_account(Role.PERSONNEL))


def text_of(response):
    return response.content.decode()


def test_the_year_is_shown_and_exported_with_the_same_digest(client):
    round_ = make_counted_round()
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    login(client)

    page = client.get("/personnel/assessment/2020/")
    book_ = client.post("/personnel/assessment/2020/export/").content

    digest = page.context["assessment"].digest
    assert digest in text_of(page)
    assert digest in " ".join(str(c) for row in load_workbook(io.BytesIO(book_)).active.values for c in row)
    assert AuditEntry.objects.get(action="acc.assess").detail["digest"] == digest
    assert client.get("/personnel/assessment/2020/").context["assessment"].digest == digest


def test_a_year_without_rounds_is_not_exported(client):
    login(client)

    assert client.post("/personnel/assessment/1999/export/").status_code == 404
    assert "没有上榜科室" in text_of(client.get("/personnel/assessment/1999/"))


@pytest.mark.parametrize("year", [0, 10000, 999999999, "9" * 40])
def test_an_impossible_year_is_not_found(client, year):
    login(client)

    assert client.get(f"/personnel/assessment/{year}/").status_code == 404
