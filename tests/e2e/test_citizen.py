"""A citizen votes in a browser: on a phone, without JavaScript, with the keyboard alone."""

import pytest

from evaluations.models import BallotSpool
from evaluations.rules.codes import format_code
from tests.e2e.conftest import check_page, picture
from tests.factories import make_codes, make_self_service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def answer_all(page, word="没有"):
    for group in page.locator("fieldset.question").all():
        group.get_by_text(word, exact=True).first.click()


def vote(page, code, *, look=lambda page, name: None):
    """Walk the five pages, looking at each."""
    page.goto("/ballot/")
    look(page, "1-code")
    page.fill("#code", code)
    page.click("main button.primary")
    look(page, "2-sections")
    page.locator("label.row").first.click()
    page.locator("label.row").nth(1).click()
    page.click("main button.primary")
    answer_all(page)
    page.locator("fieldset.question").first.get_by_text("严重", exact=True).click()
    look(page, "3-rate")
    page.locator("fieldset.question").first.locator(".signs label.row").first.click()
    page.fill("#comment", "希望中午有人值班")
    page.click("main button.primary")
    look(page, "4-review")
    page.fill("#digits", "2580")
    page.get_by_role("button", name="领取回执号").click()
    look(page, "5-receipt")
    receipt = page.locator(".receipt").inner_text()
    page.get_by_role("button", name="投出评议票").click()
    look(page, "6-done")
    return receipt


def looked_at(page, name):
    check_page(page)
    picture(page, f"ballot-{name}-390")


def test_a_whole_vote_on_a_phone(open_page, voting):
    (code,) = make_codes(voting)

    page = open_page(390)
    receipt = vote(page, format_code(code), look=looked_at)

    assert "评议票已投出" in page.locator("h1").inner_text()
    assert BallotSpool.objects.get().receipt == receipt.replace("-", "")
    assert BallotSpool.objects.get().comment == "希望中午有人值班"


def test_a_whole_vote_without_javascript(open_page, voting):
    (code,) = make_codes(voting)

    vote(open_page(390, java_script_enabled=False), code)

    assert BallotSpool.objects.count() == 1


def test_a_whole_vote_on_the_narrowest_phone_and_in_the_dark(open_page, voting):
    (code,) = make_codes(voting)

    vote(open_page(320, color_scheme="dark"), code, look=lambda page, name: check_page(page))

    assert BallotSpool.objects.count() == 1


def test_a_whole_vote_with_the_keyboard_alone(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(1280)
    keys = page.keyboard
    page.goto("/ballot/")

    page.locator("#code").focus()
    keys.type(code)
    keys.press("Enter")
    page.locator("input[name=section]").first.wait_for()
    tab_to(page, "input[name=section]")
    keys.press("Space")
    tab_to(page, "button.primary")
    keys.press("Enter")
    page.locator("fieldset.question").first.wait_for()
    for _ in range(5):
        tab_to(page, "input[type=radio]")
        keys.press("Space")
    tab_to(page, "main button.primary")
    keys.press("Enter")
    page.locator("#digits").wait_for()
    tab_to(page, "#digits")
    keys.type("1234")
    keys.press("Enter")
    page.get_by_role("button", name="投出评议票").wait_for()
    tab_to(page, "main button.primary")
    keys.press("Enter")

    page.get_by_role("heading", name="评议票已投出").wait_for()
    assert BallotSpool.objects.count() == 1


def test_a_mistake_is_explained_beside_the_field_and_nothing_typed_is_lost(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    page.locator("label.row").first.click()
    page.click("main button.primary")
    page.locator("fieldset.question").first.get_by_text("较重", exact=True).click()
    page.fill("#comment", "写了一半的意见")
    page.click("main button.primary")

    check_page(page)
    picture(page, "ballot-errors-390")
    summary = page.locator(".errors")
    assert "还有5处需要补充" in summary.inner_text()
    assert page.evaluate("document.activeElement.className") == "errors"
    assert page.locator("#comment").input_value() == "写了一半的意见"
    assert page.locator("fieldset.question").first.locator("input[value='2']").is_checked()
    summary.get_by_role("link").nth(1).click()
    assert page.evaluate("document.activeElement.id").endswith(".lazy")
    assert not BallotSpool.objects.exists()


def test_a_used_code_is_refused_in_words(open_page, voting):
    (code,) = make_codes(voting)
    vote(open_page(390), code)
    page = open_page(390)
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")

    assert "不能投票" in page.locator(".errors").inner_text()
    check_page(page)


def test_the_code_of_a_qr_address_is_filled_in_and_leaves_the_address(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)

    page.goto(f"/ballot/#{code}")

    assert page.locator("#code").input_value() == code
    assert "#" not in page.url


def test_somebody_without_a_ballot_takes_one_and_votes(open_page, voting):
    make_self_service(voting)
    page = open_page(390)
    page.goto("/")
    check_page(page)
    picture(page, "front-390")
    page.get_by_role("button", name="领取").click()
    check_page(page)
    page.get_by_role("button", name="现在评议").click()

    assert "您在哪些科室办过事" in page.locator("h1").inner_text()


def test_sections_are_found_by_typing(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    wanted = voting.sections.last().name

    page.fill("#filter", wanted)

    visible = [row.inner_text() for row in page.locator("label.row").all() if row.is_visible()]
    assert visible == [wanted]


def tab_to(page, selector):
    """Press Tab until the wanted field or button has the focus; a radio group counts once."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"cannot be reached by Tab: {selector}")
