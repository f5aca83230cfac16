"""Public, commission and staff pages of a finished round in a browser."""

import pytest
from django.core.management import call_command

from nanchuan_eval.users.models import User
from tests.accountability.factories import make_demonstrations_small
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.factories import make_manifestations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def finished(transactional_db, tmp_path, monkeypatch):
    """A small demonstration round, with lower thresholds to match."""
    make_manifestations()
    make_demonstrations_small(monkeypatch)
    call_command("demo", "--no-serve", "--decide", "--ballots", 60, "--out", tmp_path)


def test_the_pages_of_a_finished_round_are_accessible(open_page, finished, live_server):
    public = ["/", "/list/", "/list/2020H1/", "/draws/", "/draws/2020H1-counted-1/", "/receipt/", "/login/", "/ballot/"]
    for width in (390, 1280):
        page = open_page(width)
        for path in public:
            page.goto(path)
            check_page(page)
        page.goto("/list/2020H1/")
        screenshot(page, f"list-{width}")
    page = open_page(1280)
    log_in(page, User.objects.get(username="jiwei"), live_server.url)
    page.goto("/commission/")
    check_page(page)
    screenshot(page, "commission-1280")
    page = open_page(1280)
    log_in(page, User.objects.get(username="chief"), live_server.url)
    page.goto("/admin/evaluations/round/")
    page.get_by_role("link", name="2020年上半年").click()
    screenshot(page, "round-1280")
    assert page.locator(".stepper li").count() == 9
