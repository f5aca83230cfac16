"""The opening in a browser: a scanner's Enter, the check of a group as typed, faults, phone and desktop, no script."""

import pytest
from playwright.sync_api import expect

from evaluations.ballots.models import BallotSpool
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import RoundState
from tests.e2e.conftest import log_in, screenshot
from tests.e2e.handbook import depict
from tests.factories import cast_ballots, make_codes, make_open_round, make_supervisors_key, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE, DESK = 390, 1280


@pytest.fixture
def waiting():
    """A round whose vote is over, and its cards."""
    round_ = make_open_round(sections=1, rulebook={"box_key": "supervisors"})
    cards = make_supervisors_key(round_)
    cast_ballots(round_, make_codes(round_, 3))
    return round_, cards


@pytest.fixture
def at_the_desk(open_page, live_server, waiting):
    """Open the page as a clerk, at a width."""

    def open_(width=DESK, **options):
        page = open_page(width, **options)
        log_in(page, make_user("clerk"), live_server.url)
        page.goto(f"/admin/evaluations/round/{waiting[0].pk}/opening/")
        return page

    return open_


def fits(page):
    """True if nothing has to be scrolled sideways."""
    page.wait_for_load_state()
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def fields(page):
    return page.locator("input.key-card")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_is_accessible_and_looks_right(at_the_desk, waiting, width):
    page = at_the_desk(width)
    fields(page).nth(0).fill(waiting[1][0])
    fields(page).nth(1).fill(waiting[1][1][:12] + "U")

    assert fits(page)
    screenshot(page, f"opening-{width}")
    if width == DESK:
        depict(page, "opening")


@pytest.mark.parametrize("script", [True, False])
def test_the_enter_of_a_scanner_sends_nothing(at_the_desk, waiting, script):
    page = at_the_desk(java_script_enabled=script)

    fields(page).nth(0).press_sequentially("NCBOX1:" + waiting[1][0].replace("-", ""))
    fields(page).nth(0).press("Enter")

    expect(fields(page)).to_have_count(3)
    assert page.locator(".errornote").count() == 0
    if script:
        expect(fields(page).nth(1)).to_be_focused()
        expect(page.locator("#card-0-check")).to_have_text("已输完，校验相符")


def test_a_wrong_group_is_named_while_it_is_typed(at_the_desk, waiting):
    page, card = at_the_desk(), waiting[1][0]
    wrong = card[:12] + ("0" if card[12] != "0" else "1") + card[13:18]

    fields(page).nth(0).press_sequentially(wrong.lower())

    expect(page.locator("#card-0-check")).to_have_text("第3组有误，请对照密钥卡重新输入这一组")
    fields(page).nth(0).fill(card)
    expect(page.locator("#card-0-check")).to_have_text("已输完，校验相符")


def test_three_scanned_cards_open_the_box_and_the_browser_keeps_none(at_the_desk, waiting):
    page, cards = at_the_desk(), waiting[1]
    for at, card in enumerate(cards[:3]):
        fields(page).nth(at).press_sequentially("NCBOX1:" + card.replace("-", ""))
        page.keyboard.press("Enter")
    page.get_by_role("button", name="开箱", exact=True).click()

    expect(page.locator("h1")).to_contain_text("开箱记录")
    assert Round.objects.get().state == RoundState.SEALED
    assert fits(page)
    screenshot(page, "opening-record-1280")
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('staff-draft-'))") == []
    page.go_back()
    assert not any(card in page.content() for card in cards)


def test_differences_are_told_and_accepted_without_typing_the_cards_again(at_the_desk, waiting):
    BallotSpool.objects.filter(pk=BallotSpool.objects.first().pk).update(sealed=b"\x02")
    page = at_the_desk(PHONE)
    for at, card in enumerate(waiting[1][:3]):
        fields(page).nth(at).fill(card)
    page.get_by_role("button", name="开箱", exact=True).click()

    expect(page.locator("#differences")).to_contain_text("无法解密")
    assert fits(page)
    screenshot(page, "opening-differences-390")
    page.get_by_label("接受的差异处数").fill("1")
    page.get_by_label("接受差异的理由").fill("查明为磁盘故障")
    page.get_by_role("button", name="开箱", exact=True).click()

    expect(page.locator("h1")).to_contain_text("开箱记录")
