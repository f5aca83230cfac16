"""The handbook's pages: open to everybody, found from the page they explain, searched, printed."""

import re

import pytest
from django.urls import reverse

from nanchuan_eval.handbook.pages import chapter, handbook
from tests.factories import make_round, make_user
from tests.pages import page_in

pytestmark = pytest.mark.django_db


def test_everybody_reads_it_with_the_one_query_of_the_footer(client):
    page_in(client, "/help/", queries=1, shows="从安装到开启评议")
    page_in(client, "/help/codes/", queries=1, shows="生成票号")
    page_in(client, "/help/whole/", queries=1, shows="目录")


def test_an_unknown_page_is_not_found(client):
    assert client.get("/help/nothing/").status_code == 404


def test_it_is_searched(client):
    found = client.get("/help/", {"q": "签名码 重发"}).content.decode()

    assert "找到" in found
    assert "/help/draws/#draws-4" in found
    assert "没有找到" in client.get("/help/", {"q": "绝无此词"}).content.decode()


def test_what_is_typed_is_shown_as_text(client):
    assert "<b>x" not in client.get("/help/", {"q": "<b>x"}).content.decode()


@pytest.mark.parametrize(
    ("word", "address", "slug"),
    [
        ("clerk", "/home/", "first-round"),
        ("clerk", "/admin/evaluations/round/", "rounds"),
        ("clerk", "/admin/departments/section/", "roster"),
        ("chief", "/approvals/", "approvals"),
        ("sysadmin", "/admin/nanchuan_eval/backup/", "backups"),
        ("personnel", "/personnel/", "freezes"),
        ("inspector", "/inspection/", "inspections"),
    ],
)
def test_the_header_leads_to_the_page_that_explains_this_one(client, word, address, slug):
    client.force_login(make_user(word))

    assert f'<a href="/help/{slug}/">帮助</a>' in client.get(address).content.decode()


def test_a_page_of_a_round_is_explained_too(client):
    client.force_login(make_user("clerk"))
    round_ = make_round()
    page = client.get(reverse("admin:round-pool", args=[round_.pk])).content.decode()

    assert '<a href="/help/pools/">帮助</a>' in page


def test_an_account_sees_its_own_header_also_before_the_second_factor(client, settings):
    settings.REQUIRE_OTP = True
    client.force_login(make_user("clerk"))

    page = client.get("/help/log-in/")

    assert page.status_code == 200
    assert "评议工作台" in page.content.decode()


def test_the_log_in_page_leads_to_help(client):
    assert "/help/log-in/" in client.get("/login/").content.decode()


def test_the_whole_handbook_has_every_page_once_and_unique_anchors(client):
    text = client.get("/help/whole/").content.decode()
    anchors = re.findall(r'\sid="([^"]+)"', text)

    assert len(anchors) == len(set(anchors))
    assert {page.slug for page in handbook()} <= set(anchors)
    assert set(re.findall(r'href="#([\w-]+)"', text)) <= set(anchors)


def test_links_lead_to_pages_alone_and_to_chapters_together():
    assert 'href="/help/approvals/"' in chapter("first-round").html
    assert 'href="#approvals"' in chapter("first-round", is_whole=True).html


def test_an_account_reads_it_with_the_queries_of_its_session(client):
    client.force_login(make_user("clerk"))

    page_in(client, "/help/codes/", queries=2, shows="评议工作台")
