"""A script gets of a page what it shows; what only a browser's page needs is sent with pages only."""

from datetime import timedelta

import brotli
import pytest
from django.test import Client
from django.utils import timezone

from nanchuan_eval.web.parts import OF_PAGES
from tests.factories import make_codes, make_open_round

pytestmark = pytest.mark.django_db
SCRIPT = {"x-part": "main"}


@pytest.fixture
def code():
    now = timezone.now()
    (code,) = make_codes(make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1)))
    return code


def test_a_script_gets_title_and_main_part(client, code):
    whole = client.post("/ballot/", {"code": code})
    part = client.post("/ballot/", {"code": code}, headers=SCRIPT)

    text = part.content.decode()
    assert text.startswith("<title>选择科室 - ")
    assert text.endswith("</main>")
    assert text.count("<title>") == text.count("<main") == 1
    assert text.count("<input") == whole.content.decode().count("<input")
    assert "<noscript>" not in text
    assert int(part.headers["Content-Length"]) == len(part.content) < len(whole.content)


@pytest.mark.parametrize(("code_sent", "status"), [("x", 400), ("0" * 20, 400)])
def test_so_it_does_of_a_refusal(client, code, code_sent, status):
    part = client.post("/ballot/", {"code": code_sent}, headers=SCRIPT)

    assert part.status_code == status
    assert part.content.startswith(b"<title>")
    assert b'class="errors"' in part.content


def test_without_the_header_the_whole_page_comes(client, code):
    for headers in ({}, {"x-part": "all"}):
        page = client.post("/ballot/", {"code": code}, headers=headers).content.decode()
        assert page.lstrip().startswith("<!DOCTYPE html>")
        assert page.rstrip().endswith("</html>")


def test_no_cache_takes_the_one_for_the_other(client, code):
    for headers in ({}, SCRIPT):
        for answer in (
            client.get("/ballot/", headers=headers),
            client.post("/ballot/", {"code": code}, headers=headers),
        ):
            assert "X-Part" in answer.headers["Vary"]
            assert "no-store" in answer.headers["Cache-Control"]


def test_a_part_is_compressed_and_padded(code):
    browser = Client(headers={"accept-encoding": "br", **SCRIPT})
    parts = [browser.post("/ballot/", {"code": code}).content for _ in range(20)]

    assert len(set(map(len, parts))) > 5
    assert all(brotli.decompress(part).startswith(b"<title>") for part in parts)


def test_a_page_keeps_every_header_and_a_part_those_that_mean_something(client, code, settings):
    settings.SECURE_HSTS_SECONDS = 1
    page, part = client.get("/ballot/", secure=True), client.get("/ballot/", headers=SCRIPT, secure=True)

    assert set(OF_PAGES) - set(page.headers) == set()
    assert set(OF_PAGES) & set(part.headers) == set()
    for name in ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Cache-Control"):
        assert part.headers[name] == page.headers[name]


def test_a_file_has_no_header_of_pages_and_a_missing_one_is_a_page(client):
    file, missing = client.get("/static/js/ballot.js"), client.get("/static/none.js")

    assert set(OF_PAGES) & set(file.headers) == set()
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert missing.status_code == 404
    assert missing.headers["X-Frame-Options"] == "DENY"
    assert "Content-Security-Policy" in missing.headers
