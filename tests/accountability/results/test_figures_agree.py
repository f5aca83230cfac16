"""The figures of a round's ballots are the same wherever they stand, also where a ballot says too little to count."""

import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.ballot_form.rules.votes import Origin
from evaluations.ballots.models import Ballot
from evaluations.publication.documents import count_record, notice_document, published_versions
from evaluations.publication.files import notice_pdf
from evaluations.rounds.models import Round, RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.scoring.method import Channel
from evaluations.sealing.services import opening as sealing
from evaluations.tally.services.tally import tally_round
from evaluations.turnout.queries import COLUMNS, COLUMNS_EXPLAINED
from tests.evaluations.publication.test_documents import text_of
from tests.factories import CLOCK, NOON, cast_ballots, make_codes, make_open_round, make_user
from tests.pages import compact

pytestmark = [pytest.mark.django_db, pytest.mark.pdftext]
COUNTED, TOLD = NOON + timedelta(days=2), NOON + timedelta(days=3)
# 定向 and 其他 have a ballot each that answers too little for every section; one code of 定向 was not used.
FIGURES = [["定向评议", "9", "8", "7", "7"], ["抽样评议", "0", "0", "0", "0"], ["其他评议", "7", "7", "6", "6"]]


@pytest.fixture
def published():
    round_ = make_open_round(sections=2, rulebook={"min_lines": 1, "min_drawn_lines": 1, "objection_workdays": 0})
    cast_ballots(round_, make_codes(round_, 9)[:8])
    cast_ballots(round_, make_codes(round_, 7, channel=Channel.OTHER, origin=Origin.HALL))
    sealing.seal_round(round_id=round_.pk, by=CLOCK, at=round_.closes_at)
    for channel in (Channel.TARGETED, Channel.OTHER):
        ballot = Ballot.objects.filter(round=round_, channel=channel).first()
        ballot.ratings.update(cold=None, lazy=None, buck_passing=None)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=COUNTED)
    round_.flags.all().delete()
    round_.results.update(main_problems="电话无人接听")
    Round.objects.filter(pk=round_.pk).update(state=RoundState.REVIEW)
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=COUNTED)
    publish_and_start(round_id=round_.pk, by=make_user("commission"), at=TOLD)
    return Round.objects.get(pk=round_.pk)


def cells(page):
    """Every table of a page as its rows of plain texts."""
    tables = re.findall(r"<table.*?</table>", compact(page), re.DOTALL)
    rows = [re.findall(r"<tr[^>]*>(.*?)</tr>", table) for table in tables]
    return [[re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table] for table in rows]


def test_page_notice_record_workbook_and_desk_agree(client, published):
    version = published_versions(published.key)[0]
    sheet = load_workbook(io.BytesIO(top10_workbook(published)))["评议票数"]
    table = [list(COLUMNS.values()), *FIGURES]
    notice = text_of(notice_pdf(version.publication))
    staff = make_user("commission")

    assert notice_document(version.publication)["channels"] == FIGURES
    assert count_record(published)["channels"] == FIGURES
    assert [[str(cell.value) for cell in row] for row in sheet.iter_rows()][-4:] == table
    assert all("".join(row) in notice for row in table)
    for address in (f"/list/{published.key}/", f"/list/{published.key}/1/notice.html"):
        page = client.get(address).content.decode()
        assert table in cells(page), address
        assert COLUMNS_EXPLAINED in page
    client.force_login(staff)
    desk = client.get(reverse("accountability:commission-count", args=[published.key])).content.decode()
    assert table in cells(desk)
    client.force_login(make_user("chief"))
    desk = client.get(reverse("admin:evaluations_round_change", args=[published.pk])).content.decode()
    assert [
        row[:5] for row in next(rows for rows in cells(desk) if rows[1:] and rows[1][0] == "定向评议")[1:]
    ] == FIGURES


def test_what_a_notice_says_was_counted_is_what_its_table_adds_up_to(published):
    notice = notice_document(published_versions(published.key)[0].publication)
    assert "计票13张" in notice["basis"][0]
    assert sum(int(row[-1]) for row in notice["channels"]) == 13
