"""Sections stand in one order wherever they are listed: by place, and vetoed ones have the first places."""

import io

import pytest
from openpyxl import load_workbook

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.models import Case
from accountability.results.queries.results import read_result, read_unit
from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.publication.documents import count_record, published_versions
from evaluations.tally.models import Veto
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_bare_round, make_result, make_tally

pytestmark = pytest.mark.django_db
NAMES = ["第D01-03科", "第D01-04科", "第D01-02科", "第D01-01科"]


@pytest.fixture
def round_():
    """Four sections; two are vetoed after the count, which makes their rows the last but their places the first."""
    round_ = make_bare_round()
    for code, rank in (("D01-01", 4), ("D01-02", 3)):
        make_result(round_, code, rank=rank)
    for code, rank in (("D01-04", 2), ("D01-03", 1)):
        section = make_result(round_, code, rank=rank, label="一票否决").section
        Veto.objects.create(round=round_, section=section, decision="〔2020〕1号", decided_on=NOON, facts="查实")
    make_result(round_, "D01-05", rank=None)
    make_tally(round_)
    return round_


def in_order(text):
    """Return the names in the order in which they first stand in a text."""
    assert all(name in text for name in NAMES)
    return sorted(NAMES, key=text.index)


def test_in_the_commissions_result(round_):
    result = read_result(round_)

    assert [line.section.name for line in result.listed] == NAMES
    assert [line.section.name for line in result.ranked] == NAMES
    assert [line.section.name for line in read_unit("D01")[0][2]] == [*NAMES, "第D01-05科"]


def test_on_the_commissions_pages(round_, client):
    client.force_login(make_account())
    page = client.get("/commission/2020H1/").content.decode()
    _, top, everything = page.split('id="top"')[0], *page.split('id="top"')[1].split('id="all"')

    assert in_order(top) == NAMES
    assert in_order(everything) == NAMES
    assert in_order(client.get("/commission/2020H1/pictures/").content.decode()) == NAMES


def test_in_the_workbook(round_):
    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    for sheet in ("前十名", "科室排名"):
        cells = [str(cell) for row in book[sheet].iter_rows(values_only=True) for cell in row if cell in NAMES]
        assert cells == NAMES, sheet


def test_in_the_count_record_and_on_the_list_and_in_what_follows_it(round_, client):
    assert [row[2] for row in count_record(round_)["listed"]] == NAMES

    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)

    assert [entry["section"] for entry in published_versions("2020H1")[0].entries] == NAMES
    assert [case.result.section.name for case in Case.objects.order_by("pk")] == NAMES
    assert in_order(client.get("/rectification/2020H1/").content.decode()) == NAMES
    client.force_login(make_account(Role.PERSONNEL, name="王科员"))
    assert in_order(client.get("/personnel/places/2020H1/").content.decode()) == NAMES
