"""The pages after publication in a browser, on a phone and on a desktop."""

import pytest
from django.core.management import call_command

from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.rectifications.models import Rectification
from accountability.talks.models import Talk
from nanchuan_eval.users.models import User
from tests.accountability.factories import make_demonstrations_small
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.factories import make_manifestations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def followed(transactional_db, tmp_path, monkeypatch):
    """The demonstration round with its cases."""
    make_manifestations()
    make_demonstrations_small(monkeypatch)
    call_command("demo", "--no-serve", "--decide", "--ballots", 60, "--out", tmp_path)


def pages_of(username):
    row = Rectification.objects.order_by("case__result__rank").first()
    plan, talk = InspectionPlan.objects.get(), Talk.objects.first()
    rectification = f"/work/rectifications/{row.pk}/"
    item = row.items.last()
    order, visit = Order.objects.first(), Inspection.objects.filter(state="assigned").first()
    liaison = User.objects.get(role="L", unit_code=row.unit_code).username
    pages = {
        "": ["/rectification/", "/suggestions/", "/privacy/request/", "/"],
        "jiwei": ["/work/", f"/work/talks/{talk.measure_id}/", "/work/leads/", "/work/objections/", rectification],
        "chief": ["/work/", "/work/rectifications/", rectification, "/inspection/plans/"],
        "chief2": [f"/inspection/plans/{plan.pk}/", *([f"/work/orders/{order.pk}/"] if order else [])],
        "liaison": ["/work/", "/unit/", f"/work/items/{item.pk}/report/", "/work/objections/file/"],
        "inspector": ["/inspection/", *([f"/inspection/{visit.pk}/"] if visit else [])],
        "personnel": ["/work/", "/personnel/", "/personnel/many/", "/personnel/assessment/"],
    }
    return liaison if username == "liaison" else username.rstrip("2"), pages[username]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_page_after_publication_is_accessible(open_page, followed, live_server, width):
    for who in ("", "jiwei", "chief", "chief2", "liaison", "inspector", "personnel"):
        username, paths = pages_of(who)
        page = open_page(width)
        if username:
            log_in(page, User.objects.get(username=username), live_server.url)
        for path in paths:
            page.goto(path)
            check_page(page)
            screenshot(page, f"after-{who}-{path.strip('/').replace('/', '-')}-{width}")


def test_a_visit_is_kept_on_the_phone_while_the_network_is_down(open_page, followed, live_server):
    visit = Inspection.objects.filter(state="assigned").first()
    page = open_page(390)
    log_in(page, User.objects.get(username="inspector"), live_server.url)
    page.goto(f"/inspection/{visit.pk}/")

    page.route("**/inspection/**", lambda route: route.abort())
    page.get_by_label("地点、窗口").fill("3号窗口")
    page.get_by_role("button", name="保存暗访记录（可多次保存）").click()
    page.get_by_text("网络中断，内容已保存在本机").wait_for()
    page.unroute("**/inspection/**")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_text("已保存。").wait_for()

    visit.refresh_from_db()
    assert visit.place == "3号窗口"
    assert page.evaluate("localStorage.length") == 0
