"""The pages of the sample audit on a phone and at the desk."""

import pytest

from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.evaluations.sample_audit.rounds import compared, differs, drawn, make_counted_round
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE, DESK = 390, 1280


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_staffs_pages_fit(open_page, live_server, width):
    round_ = make_counted_round()
    audit = drawn(round_)
    first, last = audit.ballots.exclude(sheet=None)
    differs(round_, first)
    page = open_page(width)
    log_in(page, make_user("clerk"), live_server.url)

    for name, path in (("sample", f"{round_.pk}/sample/"), ("sample-sheet", f"sample-ballot/{last.pk}/")):
        page.goto(f"/admin/evaluations/round/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        screenshot(page, f"{name}-{width}")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_public_page_is_accessible_and_fits(open_page, width):
    round_ = make_counted_round()
    compared(round_, drawn(round_))
    Round.objects.update(state=RoundState.PUBLISHED)
    page = open_page(width)

    page.goto(f"/list/{round_.key}/sample/")

    check_page(page)
    page.locator("summary").click()
    screenshot(page, f"public-sample-{width}")
