"""What is typed into a staff form is there again: after the log-in, for the same account, until it is accepted."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from departments.models import Section, Tenure
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions.policy import Role
from tests.accountability.inspections.factories import make_visit
from tests.e2e.conftest import check_page, screenshot
from tests.e2e.sessions import (
    DRAFTS,
    NOT_DONE,
    PASSWORD,
    RESTORED,
    change_page,
    check_additions,
    let_idle,
    make_account,
    sign_in,
    wait_for_drafts,
)
from tests.factories import make_codes, make_open_round, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def type_into_the_section(page):
    """Change fields of each kind, one row, and add two rows."""
    page.locator("#id_name").fill("价格管理科")
    page.locator("#id_service_kind").select_option("enforcement")
    page.locator("#id_is_active").uncheck()
    page.locator("#id_tenures-0-ends_on").fill("2020-05-31")
    for row, (name, since) in enumerate((("科长丁", "2020-06-01"), ("科长戊", "2020-07-01")), start=1):
        page.locator("#tenures-group .add-row a").click()
        page.locator(f"#id_tenures-{row}-name").fill(name)
        page.locator(f"#id_tenures-{row}-starts_on").fill(since)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_form_of_the_admin_with_its_rows_is_there_again_as_typed(open_page, width):
    make_account("lihua")
    section = make_section(head="科长丙", name="价格科")
    with_axe = width == 390  # axe inserts styles, which the CSP forbids
    page = open_page(width, bypass_csp=with_axe)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")

    type_into_the_section(page)
    wait_for_drafts(page)
    let_idle()
    page.locator("input[name=_save]").click()

    page.get_by_text(NOT_DONE).wait_for()
    page.locator("#drafts-kept").wait_for()
    screenshot(page, f"session-log-in-{width}")
    sign_in(page, "lihua")

    page.get_by_text(RESTORED).wait_for()
    screenshot(page, f"session-restored-admin-{width}")
    check_additions(page, with_axe=with_axe)
    assert page.locator("#id_name").input_value() == "价格管理科"
    assert page.locator("#id_service_kind").input_value() == "enforcement"
    assert not page.locator("#id_is_active").is_checked()
    assert page.locator("#id_tenures-TOTAL_FORMS").input_value() == "3"
    assert page.locator("#id_tenures-2-name").input_value() == "科长戊"
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()

    section.refresh_from_db()
    assert (section.name, section.service_kind, section.is_active) == ("价格管理科", "enforcement", False)
    assert list(section.tenures.values_list("name", "starts_on", "ends_on")) == [
        ("科长丙", date(2019, 1, 1), date(2020, 5, 31)),
        ("科长丁", date(2020, 6, 1), None),
        ("科长戊", date(2020, 7, 1), None),
    ]
    wait_for_drafts(page, 0)


def test_the_note_of_an_approval_is_there_again_though_its_address_takes_forms_only(open_page, settings):
    settings.TWO_PERSON_RULE = True
    make_account("lihua")
    section = make_section()
    changed = {"name": [section.name, "价格科"]}
    approval = approvals.propose(
        "departments.section.edit", section, by=make_user("clerk"), at=timezone.now(), fields=changed, rows=[]
    )
    page = open_page(390)
    sign_in(page, "lihua", f"/login/?next=/approvals/{approval.pk}/")
    page.get_by_label("退回理由").fill("名称与批复不一致")
    wait_for_drafts(page)
    let_idle()
    page.get_by_role("button", name="退回提请").click()
    page.get_by_text(NOT_DONE).wait_for()
    sign_in(page, "lihua")

    page.get_by_text(RESTORED).wait_for()
    screenshot(page, "session-restored-note-390")
    page.get_by_role("button", name="退回提请").click()
    page.wait_for_load_state()
    assert Approval.objects.get().note == "名称与批复不一致"
    page.goto("/admin/")
    wait_for_drafts(page, 0)


def test_nobody_else_at_the_same_browser_sees_it(open_page):
    for username in ("lihua", "wangmin"):
        make_account(username)
    section = make_section()
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("机密名称")
    wait_for_drafts(page)
    assert "机密名称" not in page.evaluate("JSON.stringify(localStorage)")
    let_idle()
    page.locator("input[name=_save]").click()

    sign_in(page, "wangmin")
    page.wait_for_url(f"**{change_page(section)}")
    page.wait_for_timeout(500)
    assert page.locator("#id_name").input_value() == section.name
    assert page.get_by_text(RESTORED).count() == 0
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/")

    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.get_by_text(RESTORED).wait_for()
    assert page.locator("#id_name").input_value() == "机密名称"
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/")
    assert page.evaluate(DRAFTS) == 0


def test_an_expired_copy_is_gone(open_page, settings):
    settings.DRAFT_HOURS = 3
    make_account("lihua")
    section = make_section()
    page = open_page(1280)
    page.clock.install()
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("价格管理科")
    wait_for_drafts(page)

    page.clock.fast_forward("02:59:00")
    page.goto(change_page(section))
    page.get_by_text(RESTORED).wait_for()
    page.clock.fast_forward("00:02:00")
    page.goto(change_page(section))
    page.wait_for_timeout(500)
    assert page.locator("#id_name").input_value() == section.name
    assert page.evaluate(DRAFTS) == 0


def test_ballot_codes_are_not_kept_and_the_reason_beside_them_is(open_page):
    make_account("lihua")
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    code, *_ = make_codes(round_, 2)
    batch = round_.batches.get()
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next=/admin/evaluations/codebatch/{batch.pk}/void/")
    page.get_by_label("票号").fill(code)
    page.wait_for_timeout(500)
    assert page.evaluate(DRAFTS) == 0
    page.get_by_label("理由").fill("退信")
    wait_for_drafts(page)
    page.reload()

    page.get_by_text(RESTORED).wait_for()
    assert page.get_by_label("理由").input_value() == "退信"
    assert page.get_by_label("票号").input_value() == ""


def test_a_file_is_named_as_to_be_chosen_again(open_page, tmp_path):
    make_account("lihua")
    page = open_page(390)
    sign_in(page, "lihua", "/login/?next=/admin/lists/roster/")
    (tmp_path / "名录.csv").write_text("x", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(tmp_path / "名录.csv")
    wait_for_drafts(page)
    let_idle()
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text(NOT_DONE).wait_for()
    sign_in(page, "lihua")

    page.get_by_text("上次选择的文件“名录.csv”不能暂存，请重新选择。").wait_for()
    screenshot(page, "session-file-390")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_but_shown(open_page):
    make_account("lihua")
    section = make_section(name="价格科")
    page = open_page(390)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("价格管理科")
    page.locator("#id_tenures-0-name").fill("科长己")
    wait_for_drafts(page)
    page.wait_for_timeout(300)
    Section.objects.filter(pk=section.pk).update(name="物价科")
    Tenure.objects.all().delete()
    Tenure.objects.create(section=section, name="科长丙", starts_on=date(2020, 1, 1))
    page.reload()

    page.get_by_text("本页内容已有变化").wait_for()
    screenshot(page, "session-conflict-390")
    assert page.locator("#id_name").input_value() == "物价科"
    assert page.locator("#id_tenures-0-name").input_value() == "科长丙"
    assert page.locator(".draft dd").all_text_contents() == ["价格管理科", "科长己"]
    page.get_by_role("button", name="不再提示").click()
    page.locator(".draft").wait_for(state="hidden")
    assert page.evaluate(DRAFTS) == 0


def test_a_form_with_faults_keeps_its_draft_silently_until_it_is_accepted(open_page):
    make_account("lihua")
    section = make_section()
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("价格管理科")
    page.locator("#id_tenures-0-ends_on").fill("2018-01-01")
    page.locator("input[name=_save]").click()
    page.locator(".errornote").wait_for()
    page.wait_for_timeout(500)
    assert page.locator(".draft").count() == 0
    page.locator("#id_tenures-0-ends_on").fill("2020-01-01")
    page.wait_for_timeout(300)
    let_idle()
    page.locator("input[name=_save]").click()
    sign_in(page, "lihua")

    page.get_by_text(RESTORED).wait_for()
    assert page.locator("#id_name").input_value() == "价格管理科"
    assert page.locator("#id_tenures-0-ends_on").input_value() == "2020-01-01"
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()
    wait_for_drafts(page, 0)


def test_a_form_of_two_steps_is_forgotten_after_the_second(open_page):
    make_account("lihua")
    section = make_section(name="价格科")
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next=/admin/departments/section/reform/rename/%3Fids={section.pk}")
    page.get_by_label("新名称").fill("价格管理科")
    wait_for_drafts(page)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="确认更名").wait_for()
    assert page.locator(".draft").count() == 0
    let_idle()
    page.get_by_role("button", name="确认更名").click()
    page.get_by_text(NOT_DONE).wait_for()
    sign_in(page, "lihua")

    page.get_by_text(RESTORED).wait_for()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="确认更名").click()
    page.get_by_text("已办理更名").wait_for()
    wait_for_drafts(page, 0)


def test_a_visit_saved_too_late_is_there_again_on_the_phone(open_page):
    visit = make_visit()
    inspector = visit.inspectors.first()
    inspector.set_password(PASSWORD)
    inspector.save()
    page = open_page(390)
    sign_in(page, inspector.username, f"/login/?next=/inspection/{visit.pk}/")
    page.get_by_label("地点、窗口").fill("3号窗口")
    page.locator("input[name=method]").last.check()
    wait_for_drafts(page)
    let_idle()
    page.get_by_role("button", name="保存暗访记录（可多次保存）").click()
    page.get_by_text(NOT_DONE).wait_for()
    sign_in(page, inspector.username)

    page.get_by_text(RESTORED).wait_for()
    screenshot(page, "session-restored-visit-390")
    check_page(page)
    page.get_by_role("button", name="保存暗访记录（可多次保存）").click()
    page.get_by_text("已保存。").wait_for()
    visit.refresh_from_db()
    assert visit.place == "3号窗口"
    wait_for_drafts(page, 0)


def test_a_sheet_being_keyed_is_kept_though_the_browser_must_not_suggest(open_page):
    make_account("lihua", Role.CLERK)
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    make_codes(round_, 2)
    batch = round_.batches.get()
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next=/admin/evaluations/codebatch/{batch.pk}/papers/key/")
    page.locator("input.keys").first.fill("0120")
    wait_for_drafts(page)
    page.reload()
    page.get_by_text(RESTORED).wait_for()
    assert page.locator("input.keys").first.input_value() == "0120"


def test_a_page_left_open_during_another_log_in_is_refused_and_its_form_is_there_again(open_page):
    make_account("lihua")
    section = make_section()
    page = open_page(1280)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    page.locator("#id_name").fill("价格管理科")
    wait_for_drafts(page)
    let_idle()
    other = page.context.new_page()
    sign_in(other, "lihua", "/login/?next=/admin/")

    page.locator("input[name=_save]").click()
    page.get_by_text("页面已过期，请返回上一页，刷新后重新提交").wait_for()
    page.go_back()
    page.reload()
    page.get_by_text(RESTORED).wait_for()
    page.locator("input[name=_save]").click()
    page.locator(".messagelist .success").wait_for()
    assert Section.objects.get().name == "价格管理科"
