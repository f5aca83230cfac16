"""The end of a session in a browser: warned of, put off, and the way back through log-in and second factor."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from departments.models import Section
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from tests.e2e.conftest import screenshot
from tests.e2e.sessions import (
    NOT_DONE,
    RESTORED,
    change_page,
    check_additions,
    let_idle,
    make_account,
    sign_in,
    wait_for_drafts,
)
from tests.factories import make_section

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_second_factor_comes_in_between(open_page, settings):
    account = make_account("lihua")
    settings.REQUIRE_OTP = True
    before = timezone.now() - timedelta(minutes=2)
    factor = second_factor.begin_enrolment(by=account)
    second_factor.confirm_enrolment(code=second_factor.current_code(factor, before), by=account, at=before)
    section = make_section()
    page = open_page(390)

    def enter_code():
        page.get_by_label("动态口令").fill(second_factor.current_code(factor, timezone.now()))
        page.get_by_role("button", name="验证并登录").click()

    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    enter_code()
    page.locator("#id_name").fill("价格管理科")
    wait_for_drafts(page)
    let_idle()
    SecondFactor.objects.update(last_step=0)  # the next code is a minute away
    page.locator("input[name=_save]").click()
    sign_in(page, "lihua")
    enter_code()

    page.get_by_text(RESTORED).wait_for()
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()
    assert Section.objects.get().name == "价格管理科"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_warning_comes_before_the_limit_and_going_on_loses_nothing(open_page, width):
    make_account("lihua")
    section = make_section()
    with_axe = width == 390
    page = open_page(width, bypass_csp=with_axe)
    page.clock.install()
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("价格管理科")
    wait_for_drafts(page)
    page.clock.fast_forward("12:50")
    warning = page.locator("#session-idle")
    assert not warning.is_visible()

    page.clock.fast_forward("00:15")
    warning.wait_for()
    screenshot(page, f"session-warning-admin-{width}")
    check_additions(page, with_axe=with_axe)
    let_idle(13)
    page.get_by_role("button", name="继续使用").click()
    warning.wait_for(state="hidden")
    assert page.locator("#id_name").input_value() == "价格管理科"
    expect(page.locator("#id_name")).to_be_focused()
    let_idle(14)
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
def test_after_the_limit_the_page_says_so_and_leads_to_the_log_in(open_page, width):
    make_account("lihua", Role.COMMISSION)
    page = open_page(width)
    page.clock.install()
    sign_in(page, "lihua", "/login/?next=/work/objections/")
    page.clock.fast_forward("13:30")
    page.locator("#session-idle").wait_for()
    screenshot(page, f"session-warning-own-{width}")
    page.clock.fast_forward("01:31")
    page.locator("#session-over").wait_for()
    screenshot(page, f"session-over-{width}")
    check_additions(page, with_axe=False)
    let_idle()
    page.get_by_role("link", name="重新登录").click()
    page.get_by_text("超过15分钟未操作").wait_for()
    sign_in(page, "lihua")
    page.wait_for_url("**/work/objections/")


def test_the_longest_log_in_is_warned_of_without_a_way_to_go_on(open_page, settings):
    settings.IDLE_MINUTES = 10_000
    make_account("lihua")
    page = open_page(390)
    page.clock.install()
    sign_in(page, "lihua", "/login/?next=/admin/")
    page.clock.fast_forward("07:58:30")
    page.locator("#session-full").wait_for()
    assert not page.get_by_role("button", name="继续使用").is_visible()
    screenshot(page, "session-full-390")


def test_going_on_in_one_tab_counts_for_the_other(open_page):
    make_account("lihua")
    page = open_page(1280)
    page.context.clock.install()
    sign_in(page, "lihua", "/login/?next=/admin/")
    other = page.context.new_page()
    other.goto("/admin/")
    page.context.clock.fast_forward("13:30")
    for tab in (other, page):
        tab.locator("#session-idle").wait_for()
    other.get_by_role("button", name="继续使用").click()
    page.context.clock.fast_forward("00:02")
    page.locator("#session-idle").wait_for(state="hidden")


def test_without_scripts_pages_and_log_in_say_what_is_lost(open_page):
    make_account("lihua")
    section = make_section()
    page = open_page(390, java_script_enabled=False)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    assert page.locator("noscript p").is_visible()
    page.locator("#id_name").fill("价格管理科")
    let_idle()
    page.locator("input[name=_save]").click()
    assert page.get_by_text(NOT_DONE).is_visible()
    assert page.locator("noscript p").is_visible()
    screenshot(page, "session-without-scripts-390")
