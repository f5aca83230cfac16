"""What a ballot costs a citizen: taps, pages and bytes at the deployed site; and its pages on every screen."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from bench.ballot import cast_one
from bench.phone import Phone
from bench.site import make_district_round, served
from evaluations.ballots.models import BallotSpool
from tests.e2e.boxes import check_boxes
from tests.e2e.conftest import check_page
from tests.evaluations.codes.bound import make_bound_codes
from tests.factories import make_codes, make_open_round, waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Bytes over the wire: compressed bodies and the heads of all answers as HTTP/1.1 has them (300 to 700 each).
FIRST_PAGE, BALLOT, BOUND_BALLOT = 12_000, 30_000, 26_000


def test_a_ballot_of_one_section_costs_ten_taps_and_few_bytes(chromium, transactional_db):
    """The site as it is deployed: compressed pages and files, nothing in the browser's cache."""
    codes = make_codes(make_district_round(), 3)
    with served() as address:
        with Phone(chromium, address) as phone:
            cast_one(phone, codes[0], sections=1, shortcut=False)
        assert [page.name for page in phone.pages] == ["code", "sections", "rate", "review", "done"]
        assert phone.taps <= 10
        assert phone.pages[0].received <= FIRST_PAGE, phone.pages[0].bytes_of
        assert phone.received <= BALLOT, [page.bytes_of for page in phone.pages]
        assert phone.faults == []

        with Phone(chromium, address) as phone:
            cast_one(phone, codes[1], sections=1, shortcut=True)
        assert phone.taps <= 7

        with Phone(chromium, address, java_script=False) as phone:
            cast_one(phone, codes[2], sections=1, shortcut=False)
        assert phone.taps <= 10
        assert phone.received <= BALLOT, [page.bytes_of for page in phone.pages]
    assert BallotSpool.objects.count() == 3


def test_a_ballot_bound_to_a_section_costs_eight_taps_and_a_page_less(chromium, transactional_db):
    round_ = make_district_round()
    ((section, codes),) = make_bound_codes(round_, {round_.sections.all()[50].code: 20}).items()
    with served() as address:
        with Phone(chromium, address) as phone:
            cast_one(phone, codes[0], sections=1, shortcut=False, is_bound=True)
        assert [page.name for page in phone.pages] == ["code", "rate", "review", "done"]
        assert phone.taps <= 8
        assert phone.received <= BOUND_BALLOT, [page.bytes_of for page in phone.pages]
        assert phone.faults == []

        with Phone(chromium, address) as phone:
            cast_one(phone, codes[1], sections=1, shortcut=True, is_bound=True)
        assert phone.taps <= 5

        with Phone(chromium, address, java_script=False) as phone:
            cast_one(phone, codes[2], sections=1, shortcut=False, is_bound=True)
        assert phone.taps <= 8
    assert [json.loads(row.vote)["lines"][0]["section"] for row in waiting_ballots()] == [section] * 3


def check_width(page):
    """What can be asked where no script runs, axe's neither."""
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


@pytest.mark.parametrize("java_script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("sections", [1, 2, 13], ids=["bound", "cards", "table"])
def test_every_page_of_the_ballot_fits_every_screen(chromium, live_server, sections, java_script):
    """In light and dark, in every size of type; two sections are rated one by one, thirteen in tables."""
    is_bound = sections == 1
    now = timezone.now()
    round_ = make_open_round(sections=13, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    code, *_ = next(iter(make_bound_codes(round_).values())) if is_bound else make_codes(round_)
    seen = set()

    def look(name):
        if name in seen:
            return
        seen.add(name)
        check_boxes(phone.page)
        for width in (320, 390, 1280):
            phone.page.set_viewport_size({"width": width, "height": 844})
            for scheme in ("light", "dark"):
                phone.page.emulate_media(color_scheme=scheme)
                check_page(phone.page) if java_script else check_width(phone.page)

    with Phone(chromium, live_server.url, java_script=java_script) as phone:
        cast_one(phone, code, sections=sections, shortcut=True, look=look, is_bound=is_bound)

    assert seen == {"code", "rate", "review", "done"} | ({"sections"} if not is_bound else set())
    assert phone.faults == []
