"""Returns of drawn clients on the monitoring page, and the published response, on a phone and on a desktop."""

import pytest
from django.urls import reverse

from evaluations.publication.models import Publication
from nanchuan_eval.core.canonical import canonical_json, sha256_hex
from tests.e2e.boxes import check_boxes
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.evaluations.turnout.clients import client_vote, return_ballots
from tests.evaluations.turnout.test_response import TOLD
from tests.factories import NOON, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_returns_of_drawn_clients_fit_every_screen(open_page, live_server, time_machine):
    time_machine.move_to(NOON)
    draw = client_vote(40, 40, 9, 3)
    return_ballots(draw, 9, 3, 7, 0)
    chief = make_user("chief")

    for width in (390, 1280):
        page = open_page(width)
        log_in(page, chief, live_server.url)
        page.goto(reverse("admin:round-monitor", args=[draw.round_id]))
        page.get_by_role("button", name="启动追加抽取").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        screenshot(page, f"returns-{width}")


def test_the_published_response_fits_every_screen(open_page, live_server):
    draw = client_vote(9)
    content = canonical_json({"response": TOLD})
    Publication.objects.create(
        round=draw.round,
        version=1,
        content=content.decode(),
        content_sha256=sha256_hex(content),
        published_at=NOON,
        approved_by=make_user("commission"),
    )

    for width in (320, 1280):
        page = open_page(width)
        page.goto(reverse("response", args=[draw.round.key]))
        check_page(page)
        check_boxes(page)
        screenshot(page, f"response-{width}")
