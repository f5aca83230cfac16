"""Tables and long choices of the staff's pages in a browser, with and without JavaScript."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from accountability.inspections.rules import InspectionState
from accountability.rectifications.rules import RectificationState
from evaluations.rounds.models import RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    make_account,
    make_bare_round,
    make_case,
    make_inspection,
    make_plan,
    make_rectification,
    make_round_section,
)
from tests.e2e.conftest import check_page, log_in, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = ["张三科", "婚姻登记处", "不动产登记中心", "殡仪馆", "车辆管理所", "医保窗口", "户籍室"]


@pytest.fixture
def rectifications(transactional_db):
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    for n, name in enumerate(NAMES, 1):
        case = make_case(round_, f"D{n:02}-01")
        RoundSection.objects.filter(pk=case.result.section_id).update(name=name, department_name="南川区民政局")
        make_rectification(case, RectificationState.AWAITED if n % 2 else RectificationState.RUNNING)


def first_column(page):
    return [text.removeprefix("南川区民政局") for text in page.locator("tbody th a").all_inner_texts()]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scripts", [True, False])
def test_a_table_is_sorted_searched_filtered_and_exported(open_page, live_server, rectifications, width, scripts):
    page = open_page(width, java_script_enabled=scripts)
    log_in(page, make_account(Role.CHIEF), live_server.url)
    page.goto("/work/rectifications/")
    if scripts:
        check_page(page)
        screenshot(page, f"table-{width}")
    if width == 390:
        page.locator("select[name=sort]").select_option("单位、科室，升序")
        page.get_by_role("button", name="查找").click()
    else:
        page.locator("thead").get_by_role("link", name="单位、科室").click()
        assert page.locator("thead th").nth(2).get_attribute("aria-sort") == "ascending"
    expected = ["殡仪馆", "不动产登记中心", "车辆管理所", "户籍室", "婚姻登记处", "医保窗口", "张三科"]
    assert first_column(page) == expected

    page.locator("select[name=state]").select_option("整改中")
    page.locator("input[type=search]").fill("hydjc")
    page.get_by_role("button", name="查找").click()
    assert first_column(page) == ["婚姻登记处"]
    assert "共1条（全部7条）" in page.locator(".count").inner_text()
    if scripts:
        check_page(page)
        screenshot(page, f"table-narrowed-{width}")
    with page.expect_download() as download:
        page.get_by_role("button", name="导出本表").click()
    sheet = load_workbook(BytesIO(download.value.path().read_bytes())).active
    assert "婚姻登记处" in str(sheet.cell(sheet.max_row, 3).value)


@pytest.mark.parametrize("width", [390, 1280])
def test_an_inspector_finds_what_is_still_to_be_visited_on_a_phone_too(open_page, live_server, transactional_db, width):
    inspectors = [make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)]
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    plan = make_plan(round_)
    for n, name in enumerate(NAMES, 1):
        section = make_round_section(round_, f"D{n:02}-01", name=name, department_name="南川区民政局")
        state = InspectionState.SUBMITTED if n % 2 else InspectionState.ASSIGNED
        make_inspection(section, plan=plan, inspectors=inspectors, state=state)
    page = open_page(width)
    log_in(page, inspectors[0], live_server.url)
    page.goto("/inspection/")
    check_page(page)
    screenshot(page, f"own-visits-{width}")
    assert first_column(page)[:3] == ["婚姻登记处", "殡仪馆", "医保窗口"]

    page.locator("select[name=state]").select_option("已派员")
    page.get_by_role("button", name="查找").click()
    rows = page.locator("main :is(li, tr)").filter(has_text="已派员")
    assert rows.locator("a[href^='/inspection/']").count() == 3


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_choice_is_narrowed_by_typing_with_the_keyboard(open_page, live_server, transactional_db, width):
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    for n in range(1, 21):
        make_round_section(round_, f"D01-{n:02}", name="不动产登记中心" if n == 20 else f"第{n}科")
    page = open_page(width)
    log_in(page, make_account(Role.COMMISSION), live_server.url)
    page.goto("/work/leads/receive/")
    field, choice = page.get_by_label("查找科室"), page.locator("select[name=section]")
    field.focus()
    page.keyboard.type("第1")
    assert choice.locator("option").count() == 1 + 11
    assert "找到11项" in page.locator(".narrowed").inner_text()
    check_page(page)
    screenshot(page, f"narrowed-choice-{width}")
    field.fill("bdc")
    assert choice.locator("option:checked").inner_text().endswith("不动产登记中心")
    page.keyboard.press("Enter")
    assert choice.evaluate("select => select === document.activeElement")
    field.fill("没有")
    assert choice.input_value() == ""
    assert "没有找到" in page.locator(".narrowed").inner_text()


def test_without_scripts_a_long_choice_is_a_plain_list(open_page, live_server, transactional_db):
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    for n in range(1, 21):
        make_round_section(round_, f"D01-{n:02}")
    page = open_page(390, java_script_enabled=False)
    log_in(page, make_account(Role.COMMISSION), live_server.url)
    page.goto("/work/leads/receive/")
    assert page.locator("select[name=section] option").count() == 1 + 20
    assert page.locator(".narrows").count() == 0
