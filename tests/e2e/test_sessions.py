"""A staff form outlives the end of the session in a browser: warned before, there again as typed after the log-in."""

from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from departments.models import Section, Tenure
from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.permissions.policy import OPERATOR, Role
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from tests.e2e.conftest import screenshot
from tests.factories import make_codes, make_open_round, make_section, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "Blue-river-41"
RESTORED = "已恢复上次填写、尚未提交的内容"
DRAFTS = "Object.keys(localStorage).filter(name => name.startsWith('staff-draft-')).length"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_account(username, role=Role.CHIEF):
    account = User(username=username, name=f"{username}甲", role=role, person_code=f"N-{username}")
    return accounts.create_account(account, password=PASSWORD, by=OPERATOR, at=timezone.now())


def sign_in(page, username, address=None):
    """Log in on the page shown, or at an address."""
    if address:
        page.goto(address)
    page.get_by_label("账号").fill(username)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.locator("#session").wait_for(state="attached")


def let_idle(minutes=15):
    """Set the last request of every session back."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        session["seen"] = session["seen"] - minutes * 60
        session.save()


def wait_for_drafts(page, count=1):
    page.wait_for_function(f"{DRAFTS} === {count}")


def change_page(section):
    return f"/admin/departments/section/{section.pk}/change/"


def check(page, *, with_axe):
    """Assert no serious accessibility fault of what is added to pages, and no sideways scrolling."""
    violations = Axe().run(page, context=[".session", ".draft"]).response["violations"] if with_axe else []
    serious = [v for v in violations if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


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

    page.get_by_text("刚才提交的内容未办理").wait_for()
    page.locator("#drafts-kept").wait_for()
    screenshot(page, f"session-log-in-{width}")
    sign_in(page, "lihua")

    page.get_by_text(RESTORED).wait_for()
    screenshot(page, f"session-restored-admin-{width}")
    check(page, with_axe=with_axe)
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
    sign_in(page, "lihua", f"/login/?next=/admin/nanchuan_eval/approval/{approval.pk}/change/")
    page.get_by_label("退回理由").fill("名称与批复不一致")
    wait_for_drafts(page)
    let_idle()
    page.get_by_role("button", name="退回提请").click()
    page.get_by_text("刚才提交的内容未办理").wait_for()
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
    check(page, with_axe=with_axe)
    let_idle(13)
    page.get_by_role("button", name="继续使用").click()
    warning.wait_for(state="hidden")
    assert page.locator("#id_name").input_value() == "价格管理科"
    assert page.evaluate("document.activeElement.id") == "id_name"
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
    check(page, with_axe=False)
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
    sign_in(page, "lihua", "/login/?next=/admin/departments/section/import/")
    (tmp_path / "名录.csv").write_text("x", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(tmp_path / "名录.csv")
    wait_for_drafts(page)
    let_idle()
    page.get_by_role("button", name="上传并预览").click()
    page.get_by_text("刚才提交的内容未办理").wait_for()
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


def test_without_scripts_pages_and_log_in_say_what_is_lost(open_page):
    make_account("lihua")
    section = make_section()
    page = open_page(390, java_script_enabled=False)
    sign_in(page, "lihua", f"/login/?next={change_page(section)}")
    assert page.locator("noscript p").is_visible()
    page.locator("#id_name").fill("价格管理科")
    let_idle()
    page.locator("input[name=_save]").click()
    assert page.get_by_text("刚才提交的内容未办理").is_visible()
    assert page.locator("noscript p").is_visible()
    screenshot(page, "session-without-scripts-390")
