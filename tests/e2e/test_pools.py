"""A pool's list in a browser: questions answered in the preview, then the pool replaced."""

import pytest
from django.urls import reverse

from evaluations.pools.services.lists import exclude_person
from evaluations.rounds.rules.lifecycle import RoundState
from tests.departments.roster.files import xlsx
from tests.e2e.conftest import log_in, screenshot
from tests.e2e.test_roster import check_admin_page
from tests.evaluations.pools.test_uploads import DOTTED, HEADER
from tests.factories import NOON, make_department, make_pool, make_round, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PEOPLE = [
    ("其他", "其他第0人", "某厂", "13800000088"),
    ("其他", "其他第1人", "某厂", "13900010003"),
    ("其他", "张三", "公安局 治安大队", "13800000009"),
    ("其他", "李四", "区公安局", "13800000010"),
    *[("市场主体", "王芳", "某公司", f"1390000000{n}") for n in range(2)],
    *DOTTED,
]


def announced_round():
    """A round with three evaluators, of whom the office has excluded one."""
    round_ = make_round(state=RoundState.FROZEN, name="2026年上半年")
    make_department(name="公安局")
    make_pool(round_, groups={"其他": 3})
    entry = round_.pool.get(name="其他第0人")
    exclude_person(entry_id=entry.pk, reason="conflict", note="本人申报", by=make_user("chief"), at=NOON)
    return round_


def workbook(*people):
    return {"name": "名单.xlsx", "mimeType": XLSX, "buffer": xlsx(HEADER, *people)}


@pytest.mark.parametrize("width", [390, 1280])
def test_questions_are_answered_in_the_preview_before_the_pool_is_replaced(open_page, live_server, width):
    round_, is_phone = announced_round(), width == 390
    page = open_page(width, bypass_csp=is_phone)
    log_in(page, make_user("clerk"), live_server.url)

    page.goto(reverse("admin:round-pool", args=[round_.pk]))
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"pools-{width}")
    page.get_by_role("link", name="重新导入定向评议名单库").click()
    screenshot(page, f"pools-upload-{width}")
    page.locator("[name=file]").set_input_files(workbook(*PEOPLE))
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text("是不是评议对象“公安局”的？").wait_for()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"pools-questions-{width}")
    assert not page.get_by_role("button", name="确认导入定向评议名单库").count()

    page.get_by_label("是（列为回避）").check()
    page.get_by_label("是同一人，手机号用工作表“名录”第8行的138****0001").check()
    page.get_by_label("继续不参加抽取").check()
    page.get_by_role("button", name="按回答更新预览").click()
    page.get_by_text("预览已按回答更新").wait_for()
    check_admin_page(page, with_axe=is_phone)
    screenshot(page, f"pools-answered-{width}")
    page.get_by_role("button", name="确认导入定向评议名单库").click()

    page.get_by_text("定向评议名单库已导入7人，其中3人不参加抽取。").wait_for()
    assert round_.pool.get(name="其他第0人").exclusion_note == "本人申报"
    page.goto(reverse("admin:evaluations_poolentry_changelist") + "?q=阿依努尔．买买提")
    assert page.get_by_text("阿依努尔·买买提").count()
