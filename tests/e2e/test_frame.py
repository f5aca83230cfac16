"""The page 办件与名单 on a desk and on a phone."""

import pytest
from django.urls import reverse

from tests.e2e.conftest import log_in, screenshot
from tests.e2e.test_roster import check_admin_page
from tests.evaluations.service_records.factories import make_clients, make_records
from tests.factories import make_round, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_figures_are_readable_and_fit_the_window(open_page, live_server, width):
    round_, is_phone = make_round(name="2026年上半年", rulebook={"client_batch_min": 5}), width == 390
    for number, people in enumerate((6, 3, 8, 5, 12, 7, 9)):
        section = make_section(name=f"综合服务窗口第{number}科")
        clients = make_clients(section, people)
        make_records(section, *clients[:2], None)
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(reverse("admin:round-frame", args=[round_.pk]))
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"frame-{width}")
    page.locator("[name=q]").fill("第1科")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    assert page.locator("#frame tbody tr").count() == 1
