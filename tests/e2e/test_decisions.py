"""Deciding on proposals, on a phone and on a desk: one page for each, several small ones together."""

import pytest
from playwright.sync_api import expect

from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.factories import NOON, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1280])
def test_decisions_lead_from_one_to_the_next(open_page, live_server, settings, width):
    settings.TWO_PERSON_RULE = True
    clerk = make_user("clerk")
    for name in ("价格科", "能源科", "信访科", "规划科"):
        changed = {"fields": {"name": name}, "rows": []}
        approvals.propose("departments.section.edit", make_section(), by=clerk, at=NOON, **changed)
    page = open_page(width, bypass_csp=True)
    log_in(page, make_user("chief"), live_server.url)

    page.goto("/approvals/")
    check_page(page)
    screenshot(page, f"decisions-{width}")
    page.locator(".tasks a").first.click()
    check_page(page)
    screenshot(page, f"decision-{width}")
    page.get_by_role("button", name="同意并办理").click()
    expect(page.get_by_text("还有2件待审批")).to_be_visible()
    page.get_by_role("link", name="同类3件一并审批").click()
    check_page(page)
    screenshot(page, f"decisions-together-{width}")
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_role("button", name="同意并办理选中的事项").click()
    expect(page.get_by_text("已同意并办理2件")).to_be_visible()
    page.get_by_label("退回理由").fill("名称与批复不一致")
    page.get_by_role("button", name="退回提请").click()
    page.wait_for_url("**/home/")

    assert sorted(Approval.objects.values_list("state", flat=True)) == ["approved"] * 3 + ["returned"]
