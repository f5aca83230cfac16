"""Keying paper ballots in a browser, with the keyboard alone."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from evaluations.codes.models import CodeBatch
from evaluations.paper_ballots import services as paper_ballots
from evaluations.paper_ballots.models import PaperSheet
from tests.e2e.conftest import log_in, screenshot
from tests.e2e.handbook import depict
from tests.factories import cast_ballots, make_codes, make_open_round, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Keys a practised clerk presses on the number pad in two minutes: a little over three a second.
KEYS_IN_TWO_MINUTES = 380


@pytest.fixture
def batch(transactional_db):
    return keyable(sections=105)


def keyable(**fields):
    """A batch of an open round with a slip that waits for its sheet."""
    now = timezone.now()
    round_ = make_open_round(opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1), **fields)
    slip, *_ = make_codes(round_, 20)
    batch = CodeBatch.objects.get()
    paper_ballots.register_slips(batch_id=batch.pk, typed=[slip], by=make_user("clerk"), at=now)
    return batch


def test_a_ballot_of_105_lines_takes_fewer_keys_than_two_minutes_allow(open_page, batch, live_server):
    page = open_page(1280)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(f"/admin/evaluations/codebatch/{batch.pk}/papers/key/")
    pressed = 0

    def press(keys):
        nonlocal pressed
        for key in keys:
            page.keyboard.press(key)
            pressed += 1

    press(["1", "Enter"])
    for line in range(105):
        if line % 15 == 0:
            press("20100")
            press(["1", "Enter"])
        elif line % 5 == 0:
            press("01x00")
        else:
            press(["0", "Enter"])
    screenshot(page, "keying-1280")
    depict(page, "paper-keying")
    press(["Enter"])
    page.get_by_text("第1号票已录入").wait_for()

    lines = json.loads(PaperSheet.objects.get().first)["vote"]["lines"]
    assert len(lines) == 105
    assert lines[0]["manifestations"] == ["COLD-1"]
    assert pressed <= KEYS_IN_TWO_MINUTES


def test_ticks_are_asked_for_from_the_level_that_the_round_calls_severe(transactional_db, open_page, live_server):
    batch = keyable(sections=2, rulebook={"severe_from": 3})
    page = open_page(1280)
    log_in(page, make_user("clerk"), live_server.url)
    page.goto(f"/admin/evaluations/codebatch/{batch.pk}/papers/key/")
    focused = page.locator("input:focus")

    page.keyboard.type("1\n20102")
    assert focused.get_attribute("class") == "keys"
    page.keyboard.type("00300")
    assert focused.get_attribute("class") == "ticks"


def test_the_batch_page_and_the_monitor_open(open_page, batch, live_server):
    with patch("tests.factories.NOON", timezone.now()):
        cast_ballots(batch.round, make_codes(batch.round, 8))
    page = open_page(1280)
    log_in(page, make_user("clerk"), live_server.url)
    for name, address in (("papers", f"codebatch/{batch.pk}/papers/"), ("monitor", f"round/{batch.round_id}/monitor/")):
        page.goto(f"/admin/evaluations/{address}")
        screenshot(page, f"{name}-1280")
        assert page.locator("h1").count() == 1
