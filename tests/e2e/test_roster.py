"""The roster in the admin site: a merger from the list to the successor's lineage."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from departments.models import Section, SectionChange
from tests.e2e.conftest import log_in, screenshot
from tests.factories import make_department, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/departments/section/"


def check_admin_page(page, *, with_axe):
    """Assert no serious accessibility fault in the content, and no sideways scrolling."""
    violations = Axe().run(page, context="#content").response["violations"] if with_axe else []
    serious = [v for v in violations if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


@pytest.mark.parametrize("width", [390, 1280])
def test_sections_chosen_in_the_list_are_merged_and_the_successor_shows_its_lineage(open_page, live_server, width):
    office = make_department(name="发改委")
    for name in ("价格科", "收费科", "能源科"):
        make_section(department=office, name=name)
    # Axe inserts styles, which the CSP of the admin site forbids: one run with axe, one under the CSP.
    is_phone = width == 390
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("chief"), live_server.url)

    page.goto(LIST)
    screenshot(page, f"roster-list-{width}")
    page.locator("tr", has_text="价格科").locator("input[type=checkbox]").check()
    page.locator("tr", has_text="收费科").locator("input[type=checkbox]").check()
    page.select_option("select[name=action]", label="合并所选的科室")
    page.click("button[name=index]")
    check_admin_page(page, with_axe=is_phone)
    page.get_by_label("并入").select_option(label="新设科室（在下面填写代码和名称）")
    page.get_by_label("新设科室的代码").fill("D01-09")
    page.get_by_label("新设科室的名称").fill("价费科")
    page.get_by_role("button", name="下一步").click()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-merge-{width}")
    page.get_by_role("button", name="返回修改").click()
    assert page.get_by_label("新设科室的名称").input_value() == "价费科"
    assert not SectionChange.objects.exists()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="确认合并").click()

    page.get_by_text("已办理合并").wait_for()
    assert page.url.endswith(f"{LIST}{Section.objects.get(code='D01-09').pk}/change/")
    assert page.locator(".lineage ol li").count() == 2
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-lineage-{width}")
