"""The pages after publication in a browser, on a phone and on a desktop."""

from itertools import product
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.urls import Resolver404, resolve

from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.objections.models import Objection
from accountability.rectifications.models import Rectification
from accountability.rectifications.rules import RectificationState
from accountability.talks.models import Talk
from evaluations.rounds.models import Round
from nanchuan_eval.users.models import User
from tests.accountability.factories import make_bare_round, make_case, make_demonstrations_small, make_rectification
from tests.e2e.boxes import check_boxes
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.e2e.handbook import depict
from tests.factories import make_manifestations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EARLIER = "2015H1"  # a round whose unit has reported: its rectification may be rated
# Public addresses that are pages; those of an open ballot are looked at while one is filled in.
PUBLIC = {
    *("front-page", "how-to-take-part", "how-to-verify", "scoring", "scoring-of-round", "privacy", "privacy-request"),
    *("lists", "public-list", "recount-check", "public-sample", "response", "proofs", "boxes", "box", "draws", "draw"),
    *("open-data", "open-data-round"),
    *("receipt-check", "ballot", "results", "results-round", "follow-up", "suggestions", "suggestion-status"),
}
# There are as many draws as purposes, each with its own tables.
MOST_OF_A_KIND = 5


@pytest.fixture
def followed(transactional_db, tmp_path, monkeypatch):
    """The demonstration round with its cases."""
    make_manifestations()
    make_demonstrations_small(monkeypatch)
    call_command("demo", "--no-serve", "--decide", "--ballots", 60, "--earlier", 0, "--out", tmp_path)
    make_rectification(make_case(make_bare_round(EARLIER, state="published")), RectificationState.REPORTED)


def pages_of(username):
    row = Rectification.objects.exclude(case__result__round__key=EARLIER).order_by("case__result__rank").first()
    plan, talk = InspectionPlan.objects.order_by("pk").first(), Talk.objects.first()
    rectification = f"/work/rectifications/{row.pk}/"
    item = row.items.last()
    rateable = f"/rectification/cases/{Rectification.objects.get(case__result__round__key=EARLIER).case_id}/rate/"
    order, visit = Order.objects.first(), Inspection.objects.filter(state="assigned").first()
    liaison = User.objects.get(role="L", unit_code=row.unit_code).username
    pages = {
        "": [
            *("/rectification/", rateable, "/suggestions/", "/suggestions/status/", "/box/"),
            *("/privacy/", "/privacy/request/", "/nowhere/", "/"),
        ],
        "jiwei": ["/home/", f"/work/talks/{talk.measure_id}/", "/work/leads/", "/work/objections/", rectification],
        "chief": ["/home/", "/work/rectifications/", rectification, "/inspection/plans/", "/work/remarks/"],
        "chief2": [f"/inspection/plans/{plan.pk}/", *([f"/work/orders/{order.pk}/"] if order else [])],
        "liaison": ["/home/", "/unit/", f"/work/items/{item.pk}/report/", "/work/objections/file/"],
        "inspector": ["/inspection/", *([f"/inspection/{visit.pk}/"] if visit else [])],
        "personnel": [
            *("/home/", "/personnel/", "/personnel/many/", "/personnel/assessment/", "/personnel/assessment/record/"),
        ],
    }
    return liaison if username == "liaison" else username.rstrip("2"), pages[username]


def test_every_page_after_publication_is_accessible(open_page, followed, live_server):
    everybody = ("", "jiwei", "chief", "chief2", "liaison", "inspector", "personnel")
    for width, who in product((320, 390, 1280), everybody):  # one demonstration for all
        username, paths = pages_of(who)
        page = open_page(width)
        if username:
            log_in(page, User.objects.get(username=username), live_server.url)
        for path in paths:
            page.goto(path)
            check_page(page)
            screenshot(page, f"after-{who}-{path.strip('/').replace('/', '-')}-{width}")
    look_at_public_pages(open_page(320))


def test_the_handbook_shows_the_pages_after_the_count(open_page, followed, live_server):
    key = Round.objects.exclude(key=EARLIER).filter(state="published").get().key
    row = Rectification.objects.exclude(case__result__round__key=EARLIER).order_by("case__result__rank").first()
    visit = Inspection.objects.filter(state="assigned").first()
    talk, objection = Talk.objects.order_by("pk").first(), Objection.objects.order_by("pk").first()
    for name, username, path, width in (
        ("count-record", "clerk", f"/commission/{key}/count/", 1280),
        ("commission", "jiwei", f"/commission/{key}/", 1280),
        ("objection", "jiwei", f"/work/objections/{objection.pk}/", 1280),
        ("talk", "jiwei", f"/work/talks/{talk.measure_id}/", 1280),
        (
            "rectification",
            User.objects.get(role="L", unit_code=row.unit_code).username,
            f"/work/rectifications/{row.pk}/",
            1280,
        ),
        ("visit", "inspector", f"/inspection/{visit.pk}/", 390),
        ("assessment", "personnel", "/personnel/assessment/record/", 1280),
        ("personnel", "personnel", "/personnel/", 1280),
    ):
        page = open_page(width)
        log_in(page, User.objects.get(username=username), live_server.url)
        page.goto(path)
        depict(page, name)


def look_at_public_pages(page):
    """Every public page that links lead to from the front page: nothing leaves it at 320 px in any size of type."""
    waiting = ["/"]
    for path in waiting:  # it grows
        page.goto(path)
        for found in page.locator("a[href^='/']").evaluate_all("links => links.map(link => link.pathname)"):
            of_a_kind = sum(name_of(other) == name_of(found) for other in waiting)
            if found not in waiting and name_of(found) in PUBLIC and of_a_kind < MOST_OF_A_KIND:
                waiting.append(found)
        page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true; })")
        check_boxes(page)
    assert {name_of(path) for path in waiting} == PUBLIC


def name_of(path):
    """The name of an address, or an empty text for files."""
    try:
        return resolve(urlsplit(path).path).url_name
    except Resolver404:
        return ""


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
