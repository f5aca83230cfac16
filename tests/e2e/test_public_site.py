"""The front page and the pages that explain the evaluation, on phones and desktops, by day and by night."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from evaluations.codes.models import CodeBatch
from evaluations.rounds.models import Round
from tests.accountability.factories import make_published_round
from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes, make_open_round, make_self_service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = {"front": "/", "how": "/how/", "scoring": "/scoring/", "verify": "/verify/"}


@pytest.fixture
def site(transactional_db):
    """A list that is published, with its cases, and the vote of the next round, marked as a demonstration."""
    make_published_round()
    now = timezone.now()
    round_ = make_open_round(
        name="2026年下半年", is_demo=True, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1)
    )
    make_codes(round_, 9)
    make_self_service(round_)
    return round_


def test_the_public_site_on_every_screen(open_page, site):
    for width, scheme in product((320, 390, 1280), ("light", "dark")):
        page = open_page(width, color_scheme=scheme)
        for name, address in PAGES.items():
            page.goto(address)
            check_page(page)
            screenshot(page, f"site-{name}-{width}-{scheme}")
    page = open_page(320)
    page.goto("/type-size/largest/?next=/")
    for name, address in PAGES.items():
        page.goto(address)
        check_page(page)
        screenshot(page, f"site-{name}-320-largest")


def test_the_button_stands_above_the_fold_of_the_smallest_phone(open_page, site):
    page = open_page(320)
    page.set_viewport_size({"width": 320, "height": 568})
    page.goto("/")

    assert page.get_by_text("演示数据，非真实评议结果").first.is_visible()
    assert bottom(page.get_by_role("link", name="输入票号评议")) <= 568
    assert CodeBatch.objects.filter(is_self_service=True).exists()
    screenshot(page, "site-front-fold")

    Round.objects.filter(pk=site.pk).update(closes_at=timezone.now() - timedelta(hours=1))
    page.goto("/")
    assert page.get_by_role("link", name="输入票号评议").count() == 0


def bottom(locator):
    box = locator.bounding_box()
    return box["y"] + box["height"]
