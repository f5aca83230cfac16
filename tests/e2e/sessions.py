"""Sessions in a browser: real log-ins, idle time, drafts; shared by the tests of both."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.permissions.policy import OPERATOR, Role
from nanchuan_eval.users.models import User

PASSWORD = "Blue-river-41"
RESTORED = "已恢复上次填写、尚未提交的内容"
NOT_DONE = "刚才提交的内容未办理"
DRAFTS = "Object.keys(localStorage).filter(name => name.startsWith('staff-draft-')).length"


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
    """Wait in this process: the CSP of a page forbids the polling of `wait_for_function`."""
    for _ in range(200):
        if page.evaluate(DRAFTS) == count:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{page.evaluate(DRAFTS)} drafts instead of {count}")


def change_page(section):
    return f"/admin/departments/section/{section.pk}/change/"


def check_additions(page, *, with_axe):
    """Assert no serious accessibility fault of what is added to pages, and no sideways scrolling."""
    page.wait_for_load_state()
    violations = Axe().run(page, context=[".session", ".draft"]).response["violations"] if with_axe else []
    serious = [v for v in violations if v["impact"] in {"serious", "critical"}]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
