"""Personnel ask about promotion freezes in a browser, one person, a unit, a list of names."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from accountability.promotion_freezes.models import PromotionFreeze
from departments.models import Department
from evaluations.rounds.models import RoundSection
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_case
from tests.e2e.conftest import check_page, log_in, screenshot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FROZEN = [
    ("D01-01", "公安局", "车管所", "陈刚"),
    ("D01-02", "公安局", "户政科", ""),
    ("D02-01", "税务局", "办税厅", "阿依努尔·买买提"),
]
PEOPLE = [
    ["陈 刚", "区公安局"],
    ["阿依努尔・买买提", "税务局"],
    ["陈钢", "公安局"],
    ["李明", ""],
    ["张𬭎", "财政局"],
]
ASKED = {
    "frozen": ({"姓名": "陈　刚", "单位": "南川区公安局"}, "陈 刚（南川区公安局）：影响期内"),
    "check": ({"姓名": "阿依努尔•买买提", "单位": ""}, "阿依努尔•买买提：请核对"),
    "check-many": ({"姓名": "陈钢", "单位": "公安局治安管理支队"}, "陈钢（公安局治安管理支队）：请核对"),
    "free": ({"姓名": "李明", "单位": "财政局"}, "李明（财政局）：无影响期"),
    "month": ({"姓名": "陈刚", "单位": "公安局", "拟任用日期": "{year}年{month}月"}, "陈刚（公安局）：请核对"),
    "unit": ({"单位": "公安"}, "公安：影响期内（2人）"),
    "unit-unknown": ({"单位": "西城街道办事处"}, "西城街道办事处：请核对"),
    "wrong": ({"姓名": "陈刚", "拟任用日期": "下个月"}, "“下个月”不是日期"),
}


@pytest.fixture
def register(transactional_db):
    """Freezes that end within a month: two of one unit, one of them without a name, and one with a dotted name."""
    round_, today = make_bare_round(), timezone.localdate()
    last = today.replace(day=1) + timedelta(days=40)
    for code, unit, section, name in FROZEN:
        case = make_case(round_, code)
        RoundSection.objects.filter(pk=case.result.section_id).update(department_name=unit, name=section)
        Department.objects.filter(code=code[:3]).update(name=unit)
        post = f"{unit}{section}主要负责人"
        dates = {"starts_on": today - timedelta(days=60), "ends_on": last.replace(day=20)}
        PromotionFreeze.objects.create(case=case, person_name=name, post=post, **dates)
    Department.objects.filter(code="D01").update(short_names="公安、警察局")
    Department.objects.create(code="D03", name="财政局", kind="administrative")
    return last


@pytest.mark.parametrize("width", [390, 1280])
def test_personnel_ask_about_people_and_units(open_page, live_server, register, width):
    page = open_page(width)
    log_in(page, make_account(Role.PERSONNEL), live_server.url)

    for name, (typed, shown) in ASKED.items():
        page.goto("/personnel/")
        for label, text in typed.items():
            page.get_by_label(label).fill(text.format(year=register.year, month=register.month))
        page.get_by_role("button", name="查询影响期").click()
        page.get_by_text(shown).first.wait_for()
        check_page(page)
        screenshot(page, f"personnel-{name}-{width}")


def list_of(*rows):
    workbook, target = Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(target)
    return {"name": "名单.xlsx", "mimeType": "application/octet-stream", "buffer": target.getvalue()}


@pytest.mark.parametrize("width", [390, 1280])
def test_personnel_ask_about_a_list(open_page, live_server, register, width):
    page = open_page(width)
    log_in(page, make_account(Role.PERSONNEL), live_server.url)
    page.goto("/personnel/many/")

    page.get_by_label("名单").set_input_files(list_of(["拟任人选"], ["姓　名", "工作单位"], *PEOPLE, ["", "公安局"]))
    page.get_by_role("button", name="批量查询影响期").click()
    page.get_by_text("“姓名”为空").first.wait_for()
    check_page(page)
    screenshot(page, f"personnel-list-refused-{width}")
    page.get_by_label("名单").set_input_files(list_of(["姓　名", "工作单位"], *PEOPLE))
    page.get_by_role("button", name="批量查询影响期").click()
    page.get_by_text("共5人：影响期内2人，请核对2人，无影响期1人").wait_for()
    check_page(page)
    screenshot(page, f"personnel-list-{width}")
    with page.expect_download() as answers:
        page.get_by_role("button", name="下载全部查询结果").click()

    given = io.BytesIO(answers.value.path().read_bytes())
    assert answers.value.suggested_filename.startswith("影响期查询结果")
    verdicts = [row[4].value for row in load_workbook(given).active if isinstance(row[0].value, int)]
    assert verdicts == ["影响期内", "影响期内", "请核对", "请核对", "无影响期"]
