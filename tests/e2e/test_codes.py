"""Batches of codes in a browser: making one and downloading its file."""

import csv

import pytest
from playwright.sync_api import expect

from evaluations.codes.models import Credential
from evaluations.protocol.codes import issue_of, normalize_code
from tests.e2e.conftest import log_in, screenshot
from tests.evaluations.turnout.test_services import make_drawn
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [True, False])
def test_the_file_with_the_codes_is_downloaded_once(open_page, voting, live_server, scripts):
    page = open_page(1280, java_script_enabled=scripts)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(f"/admin/evaluations/round/{voting.pk}/batches/")
    page.get_by_role("link", name="单独生成一批").click()
    page.fill("[name=label]", "信封")
    page.fill("[name=count]", "7")
    page.get_by_role("button", name="单独生成一批").click()

    with page.expect_download() as download:
        page.get_by_role("link", name="下载票号文件").click()

    screenshot(page, "codes-made-1280")
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        codes = [normalize_code(code) for _, code in list(csv.reader(file))[1:]]
    assert {issue_of(voting.key, code) for code in codes} == set(Credential.objects.values_list("issue", flat=True))
    page.get_by_role("link", name="票号批次").last.click()
    expect(page.get_by_role("link", name="信封")).to_be_visible()
    assert codes[0] not in page.content().replace("-", "")


def test_the_pages_of_a_batch_fit_a_phone(open_page, voting, live_server):
    page = open_page(320)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(f"/admin/evaluations/round/{voting.pk}/codes/")
    page.fill("[name=label]", "信封")
    page.fill("[name=count]", "7")
    page.get_by_role("button", name="单独生成一批").click()
    page.get_by_role("link", name="下载票号文件").wait_for()
    batch = Credential.objects.first().batch_id
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert page.evaluate(fits)
    for address in (f"round/{voting.pk}/batches/", f"codebatch/{batch}/papers/", f"codebatch/{batch}/papers/key/"):
        page.goto(f"/admin/evaluations/{address}")
        assert page.evaluate(fits), address


def test_all_strata_are_made_in_one_act_and_each_is_printed_by_itself(open_page, voting, live_server):
    make_drawn(voting, "服务对象", people=6)
    make_drawn(voting, "市场主体", people=5)
    page = open_page(1280)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(f"/admin/evaluations/round/{voting.pk}/codes/together/")
    screenshot(page, "codes-together-1280")
    page.get_by_role("button", name="生成票号").click()
    expect(page.get_by_role("link", name="下载票号文件")).to_have_count(2)

    section = page.locator("section").filter(has_text="·市场主体")
    with page.expect_download() as download:
        section.get_by_role("button", name="第1至5张").click()

    assert download.value.suggested_filename.endswith("-00001-00005.pdf")
    expect(section.get_by_role("status")).to_contain_text("已下载")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        screenshot(page, f"codes-made-together-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
