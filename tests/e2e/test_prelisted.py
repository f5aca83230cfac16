"""The address in an evaluator's message ticks the sections they dealt with, and tells the server nothing of it."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def ticked(page):
    return page.eval_on_selector_all("input[name=section]:checked", "boxes => boxes.map(box => box.value)")


def test_the_listed_sections_are_chosen_once_and_may_be_taken_back(open_page, voting):
    page, (code,), asked = open_page(390), make_codes(voting), []
    first, second, *_ = voting.sections.values_list("code", flat=True)
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    page.goto(f"/ballot/#{code}.{second},{first},D99-99")
    expect(page.locator("#code")).to_have_value(code)
    expect(page.locator("#code-hint")).to_contain_text("已由二维码或者短信链接填入的，不必输入")
    assert "#" not in page.url
    page.locator("main button.primary").click()
    expect(page.locator(".told")).to_contain_text("打开的链接中列有2个科室，已经勾选")
    assert "记录" not in page.locator(".told").inner_text()  # anybody can write sections behind a code
    assert sorted(ticked(page)) == sorted([first, second])
    assert page.locator("#chips li").count() == 2
    assert not [each for each in asked if first in each or second in each or "D99-99" in each]
    check_page(page)
    screenshot(page, "ballot-prelisted")

    page.locator(f"#sections input[value='{first}']").uncheck()
    page.locator("main .sticky button.primary").click()
    page.locator("input[name=from]").wait_for(state="attached")
    page.go_back()
    page.locator("#filter").wait_for()
    assert ticked(page) == [second]
    assert page.evaluate("window.ballotList.length") == 0


def test_another_code_in_the_tab_gets_none_of_them(open_page, voting):
    page, (code, other) = open_page(390), make_codes(voting, 2)
    page.goto(f"/ballot/#{code}.{voting.sections.first().code}")
    page.locator("#code").click()
    page.wait_for_function("() => Boolean(window.ballotWalk)")
    page.fill("#code", other)
    page.locator("main button.primary").click()
    page.locator("#filter").wait_for()
    assert ticked(page) == []
    assert page.locator(".told").count() == 0
