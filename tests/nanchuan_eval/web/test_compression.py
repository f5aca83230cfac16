"""Pages are compressed for visitors only, padded, and never where a cookie may have put a secret into them."""

import gzip
import re

import brotli
import pytest
from django.core import signing
from django.test import Client

from tests.factories import make_codes, make_open_round, make_self_service, make_user

pytestmark = pytest.mark.django_db
PUBLIC = ("/", "/ballot/", "/list/", "/draws/", "/receipt/", "/privacy/", "/suggestions/", "/none")
OPENED = {"gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
def browser():
    return Client(headers={"accept-encoding": "gzip, deflate, br"})


def encoding(answer):
    return answer.headers.get("Content-Encoding")


@pytest.mark.parametrize(("reads", "how"), [("gzip, deflate", "gzip"), ("gzip, deflate, br", "br")])
@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_is_compressed_for_browsers_that_can_read_it(client, path, reads, how):
    plain, packed = client.get(path), client.get(path, headers={"accept-encoding": reads})

    assert encoding(plain) is None
    assert encoding(packed) == how
    assert re.sub(rb"<!--[0-9a-f]*-->$", b"", OPENED[how](packed.content)) == plain.content
    assert len(packed.content) < len(plain.content) / 1.5
    assert int(packed.headers["Content-Length"]) == len(packed.content)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_the_ballot_is_compressed_on_every_page_also_on_one_that_refuses(browser):
    (code,) = make_codes(make_open_round())

    for fields in ({"code": code}, {"code": "x"}):
        assert encoding(browser.post("/ballot/", fields)) == "br"
    assert encoding(browser.post("/ballot/rate/", {"code": code})) == "br"


@pytest.mark.parametrize("reads", ["gzip", "br"])
def test_the_same_page_has_another_length_each_time(client, reads):
    """Random padding: who chooses part of a page's text learns little from its length."""
    lengths = {len(client.get("/ballot/", headers={"accept-encoding": reads}).content) for _ in range(30)}
    assert len(lengths) > 10
    assert max(lengths) - min(lengths) > 30


@pytest.mark.parametrize("role", ["clerk", "auditor", "liaison", "inspector"])
def test_no_page_of_an_account_is_compressed_public_ones_included(browser, role):
    browser.force_login(make_user(role))
    for path in ("/home/", "/account/", "/admin/", *PUBLIC):
        assert encoding(browser.get(path, follow=True)) is None, path


def test_a_page_that_gives_a_token_is_not_compressed_and_no_page_after_it(browser):
    page = browser.get("/login/")
    assert "csrfmiddlewaretoken" in page.content.decode()
    assert encoding(page) is None
    assert encoding(browser.get("/ballot/")) is None


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "__Host-session", "messages", "claimed", "something"])
def test_no_page_is_compressed_for_a_browser_with_a_cookie_that_may_hold_a_secret(browser, cookie):
    browser.cookies[cookie] = "secret"
    for path in PUBLIC:
        answer = browser.get(path)
        assert encoding(answer) is None, path
        assert "Accept-Encoding" not in answer.headers.get("Vary", ""), path


def test_cookies_without_a_secret_do_not_stand_in_the_way(browser):
    make_self_service(make_open_round())
    browser.cookies["typesize"] = "largest"
    browser.cookies["taken"] = signing.dumps("2020H1:1", salt="taken")
    assert encoding(browser.get("/")) == encoding(browser.get("/ballot/")) == "br"


def test_files_are_not_compressed(browser):
    assert encoding(browser.get("/healthz")) is None
    assert encoding(browser.get("/audit-anchors.txt")) is None
