"""The years of the table of holidays, and the hint of a term, on a phone and on a desk."""

from datetime import date

import pytest

from nanchuan_eval.workdays.models import CompleteYear, Holiday
from tests.accountability.factories import make_account, make_case
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.e2e.test_roster import check_admin_page
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/nanchuan_eval/holiday/"


@pytest.mark.parametrize("width", [390, 1280])
def test_a_year_is_declared_complete_from_the_list(open_page, live_server, width):
    Holiday.objects.create(day=date(2027, 1, 1), name="元旦")
    is_phone = width == 390
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("chief"), live_server.url)

    page.goto(LIST)
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"holidays-{width}")
    page.get_by_role("link", name="确认录全").click()  # nothing covers it
    check_admin_page(page, with_axe=is_phone)
    assert page.get_by_text("名称含“春节”的放假日没有录入").is_visible()
    screenshot(page, f"holidays-declare-{width}")
    page.get_by_role("button", name="提请审批").click()

    page.get_by_text("已完成：确认2027年节假日已录全。").wait_for()
    assert CompleteYear.objects.filter(year=2027).exists()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_hint_of_a_term_fits_beside_it(open_page, live_server, width):
    measure = make_case().measures.get()
    is_narrow = width == 320
    page = open_page(width, bypass_csp=is_narrow)
    log_in(page, make_account(), live_server.url)

    page.goto(f"/work/talks/{measure.pk}/")
    check_page(page)
    assert page.get_by_text("2020年节假日尚未确认录全").is_visible()
    page.goto(f"/admin/accountability/case/{measure.case_id}/change/")
    check_admin_page(page, with_axe=is_narrow)
    assert page.get_by_text("2020年节假日尚未确认录全").is_visible()
