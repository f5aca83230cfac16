"""The roster in the admin site: a merger from the list to the successor's lineage."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from departments.models import Section, SectionChange
from departments.roster.services import import_roster
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from tests.departments.roster.files import roster
from tests.e2e.conftest import log_in, screenshot
from tests.factories import NOON, make_department, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/departments/section/"


def check_admin_page(page, *, with_axe):
    """Assert no serious accessibility fault in the content, and no sideways scrolling."""
    page.wait_for_load_state()
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


@pytest.mark.parametrize("width", [390, 1280])
def test_a_unit_is_merged_from_its_page_and_its_names_lead_to_the_other(open_page, live_server, width):
    office = make_department(name="发改委", short_names="发展改革委")
    grain = make_department(name="粮食局", short_names="粮食、粮储局", former_names="粮油局")
    make_section(department=grain, name="仓储科")
    is_phone = width == 390
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("chief"), live_server.url)

    page.goto("/admin/departments/department/")
    screenshot(page, f"units-list-{width}")
    page.goto(f"/admin/departments/department/{grain.pk}/change/")
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"unit-form-{width}")
    page.get_by_role("link", name="单位合并").click()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"unit-merge-{width}")
    page.get_by_label("并入单位").select_option(label="发改委")
    page.get_by_role("button", name="下一步").click()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"unit-merge-told-{width}")
    page.get_by_role("button", name="确认单位合并").click()

    page.get_by_text("已办理单位合并：粮食局。").wait_for()
    office.refresh_from_db()
    assert office.former_names == "粮食局、粮食、粮储局、粮油局"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_roster_is_uploaded_asked_about_and_confirmed(open_page, live_server, tmp_path, width):
    import_roster(rows=read_rows(roster(), "名录.xlsx"), by=OPERATOR, at=NOON)
    (tmp_path / "faulty.xlsx").write_bytes(roster((0, "服务类型", "审批"), (1, "科室", "")))
    (tmp_path / "renamed.xlsx").write_bytes(roster((0, "科室负责人", "张三丰"), (1, "科室", "能源和环境科")))
    is_phone = width == 390
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("chief"), live_server.url)

    page.goto(LIST)
    page.get_by_role("link", name="导入名录").click()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-upload-{width}")
    page.set_input_files("input[type=file]", tmp_path / "faulty.xlsx")
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text("有2处问题，没有导入任何内容").wait_for()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-errors-{width}")

    page.get_by_role("link", name="重新上传").click()
    page.set_input_files("input[type=file]", tmp_path / "renamed.xlsx")
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text("1个科室的负责人姓名与现有登记不同").wait_for()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-question-{width}")
    page.get_by_label("更正登记").check()
    page.get_by_role("button", name="按回答更新预览").click()
    page.get_by_text("预览已按回答更新").wait_for()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"roster-preview-{width}")
    page.get_by_role("button", name="确认导入名录").click()

    page.get_by_text("名录已导入：新增0个科室，变更2个，未变1个。").wait_for()
    assert Section.objects.with_heads().get(code="D01-01").serving == "张三丰"
