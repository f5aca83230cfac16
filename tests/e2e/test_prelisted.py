"""The address in an evaluator's message ticks the sections they dealt with, and tells the server nothing of it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_codes, make_open_round

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def voting():
    now = timezone.now()
    return make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))


def _ticked(page):
    return page.eval_on_selector_all("input[name=section]:checked", "boxes => boxes.map(box => box.value)")


def test_the_listed_sections_are_chosen_once_and_may_be_taken_back(page, live_server, voting):
    code, asked = make_codes(voting)[0], []
    first, second, _ = voting.sections.values_list("code", flat=True)
    page.on("request", lambda request: asked.append(f"{request.url}\n{request.post_data or ''}"))
    page.goto(f"{live_server.url}/ballot/#{code}.{second},{first},D99-99")
    expect(page.locator("#code")).to_have_value(code)
    assert "#" not in page.url
    page.locator("main button.primary").click()
    expect(page.locator(".told")).to_contain_text("已按办件记录选好您办过事的2个科室")
    assert sorted(_ticked(page)) == sorted([first, second])
    assert not [each for each in asked if first in each or second in each or "D99-99" in each]
    assert page.locator("#chips li").count() == 2

    page.uncheck(f"input[value='{first}']", force=True)
    page.locator("main .sticky button.primary").click()
    page.locator("h1", has_text="评议").wait_for()
    page.go_back()
    page.locator("#filter").wait_for()
    assert _ticked(page) == [second]


def test_another_code_in_the_tab_gets_none_of_them(page, live_server, voting):
    code, other = make_codes(voting, 2)
    section = voting.sections.values_list("code", flat=True)[0]
    page.goto(f"{live_server.url}/ballot/#{code}.{section}")
    page.fill("#code", other)
    page.locator("main button.primary").click()
    page.locator("#filter").wait_for()
    assert _ticked(page) == []
    assert page.locator(".told").count() == 0
