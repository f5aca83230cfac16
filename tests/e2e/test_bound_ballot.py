"""A ballot bound to a section in a browser: nothing typed is lost on the way back, by a reload or in another tab."""

import json

import pytest
from playwright.sync_api import expect

from evaluations.ballots.models import BallotSpool
from tests.e2e.conftest import check_page
from tests.evaluations.codes.bound import make_bound_codes
from tests.factories import make_codes, waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEPT = "() => window.ballot && ballot.hasContent() && ballot.isKept()"


@pytest.fixture
def bound(voting):
    """The second section of the round and codes bound to it."""
    section = voting.sections.all()[1]
    return section, make_bound_codes(voting, {section.code: 20})[section.code]


def enter(page, code):
    page.goto("/ballot/")
    page.fill("#code", code)
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("您在这里办过事").wait_for()


def rate(page, section, level="1"):
    for indicator in ("cold", "lazy", "buck_passing", "disorderly", "greedy"):
        page.locator(f"input[name='{section.code}.{indicator}'][value='{level}']").check(force=True)
    page.wait_for_function(KEPT)


def checked(page, section, level="1"):
    expect(page.locator(f"input[name='{section.code}.greedy'][value='{level}']")).to_be_checked()


def test_leads_to_the_receipt_by_back_and_reload_without_losing_an_answer(open_page, bound):
    section, codes = bound
    page = open_page()
    enter(page, codes[0])
    check_page(page)
    expect(page.get_by_text("第 2 步，共 3 步")).to_be_visible()
    rate(page, section)
    page.reload()
    checked(page, section)
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    page.go_back()
    checked(page, section)
    page.go_forward()
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    check_page(page)
    expect(page.get_by_text("重选科室")).to_have_count(0)
    page.get_by_role("button", name="提交评议票").click()
    page.locator("[data-done]").wait_for()

    assert [[line["section"] for line in json.loads(row.vote)["lines"]] for row in waiting_ballots()] == [
        [section.code]
    ]


def test_goes_on_in_another_tab_or_is_deleted_there(open_page, bound):
    section, codes = bound
    page = open_page()
    enter(page, codes[0])
    rate(page, section)

    other = page.context.new_page()
    enter(other, codes[0])
    other.get_by_text("本设备上有这个票号尚未提交的评议内容，已经恢复").wait_for()
    checked(other, section)
    other.get_by_role("button", name="删除并重新填写").click()
    expect(other.locator("input[type=radio]:checked")).to_have_count(0)
    rate(other, section, level="0")
    other.get_by_role("button", name="下一步：核对评议内容").click()
    other.get_by_role("heading", name="请核对您的评议").wait_for()

    assert not BallotSpool.objects.exists()


def test_keeps_nothing_on_the_device_before_something_is_typed(open_page, bound):
    page = open_page()
    enter(page, bound[1][0])

    assert page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('ballot-draft-'))") == []


def test_opens_under_the_corrected_code_when_another_was_typed(open_page, bound, voting):
    section, codes = bound
    page, plain = open_page(), make_codes(voting)[0]
    page.goto("/ballot/")
    page.fill("#code", plain)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    page.locator("input[name=section]").first.check()
    page.goto(f"/ballot/#{codes[0]}")
    page.reload()
    page.fill("#code", codes[0])
    page.get_by_role("button", name="下一步").click()

    page.get_by_text(f"本票评议：{section}").wait_for()
    rate(page, section)
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.get_by_role("heading", name="请核对您的评议").wait_for()
