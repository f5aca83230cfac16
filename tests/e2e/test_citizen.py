"""A citizen votes in a browser: on a phone, without JavaScript, with the keyboard alone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.protocol.codes import format_code
from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes, make_open_round, make_sealed_round, make_self_service, waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def answer_all(page, word="没有"):
    for group in page.locator("fieldset.question").all():
        group.get_by_text(word, exact=True).first.click()


def vote(page, code, *, look=lambda page, name: None):
    """Go through the five pages, checking each."""
    page.goto("/ballot/")
    look(page, "1-code")
    page.fill("#code", code)
    page.click("main button.primary")
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    look(page, "2-sections")
    page.locator("label.row").first.click()
    page.locator("label.row").nth(1).click()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.get_by_role("heading", name="请逐项评议").wait_for()
    answer_all(page)
    page.locator("fieldset.question").first.get_by_text("严重", exact=True).click()
    look(page, "3-rate")
    page.locator("fieldset.question").first.locator(".signs label.row").first.click()
    page.fill("#comment", "希望中午有人值班")
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.locator("#digits").wait_for()
    look(page, "4-review")
    page.fill("#digits", "2580")
    page.get_by_role("button", name="下一步：领取回执号").click()
    page.get_by_role("heading", name="请先记下回执号").wait_for()
    look(page, "5-receipt")
    receipt = page.locator(".receipt").inner_text()
    page.get_by_role("button", name="提交评议票").click()
    page.get_by_role("heading", name="评议票已提交").wait_for()
    look(page, "6-done")
    return receipt


def looked_at(page, name):
    check_page(page)
    screenshot(page, f"ballot-{name}-390")


def test_a_whole_vote_on_a_phone(open_page, voting):
    (code,) = make_codes(voting)

    page = open_page(390)
    receipt = vote(page, format_code(code), look=looked_at)

    assert "评议票已提交" in page.locator("h1").inner_text()
    assert waiting_ballots()[0].receipt == receipt.replace("-", "")
    assert waiting_ballots()[0].comment == "希望中午有人值班"


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
    page.get_by_role("button", name="提交评议票").wait_for()
    tab_to(page, "main button.primary")
    keys.press("Enter")

    page.get_by_role("heading", name="评议票已提交").wait_for()
    assert BallotSpool.objects.count() == 1


def test_a_mistake_is_explained_beside_the_field_and_no_input_is_lost(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    page.locator("label.row").first.click()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.locator("fieldset.question").first.get_by_text("较重", exact=True).click()
    page.fill("#comment", "写了一半的意见")
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.locator(".errors").wait_for()

    check_page(page)
    screenshot(page, "ballot-errors-390")
    summary = page.locator(".errors")
    assert "还有5处需要补充或者修改" in summary.inner_text()
    assert page.evaluate("document.activeElement.className") == "errors"
    assert page.locator("#comment").input_value() == "写了一半的意见"
    assert page.locator("fieldset.question").first.locator("input[value='2']").is_checked()
    summary.get_by_role("link").nth(1).click()
    assert page.evaluate("document.activeElement.id").endswith(".lazy")
    assert not BallotSpool.objects.exists()


def test_a_used_code_is_refused_with_a_message(open_page, voting):
    (code,) = make_codes(voting)
    vote(open_page(390), code)
    page = open_page(390)
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")

    assert "该票号无法使用" in page.locator(".errors").inner_text()
    check_page(page)


def test_the_code_of_a_qr_code_is_filled_in_and_removed_from_the_address(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)

    page.goto(f"/ballot/#{code}")

    assert page.locator("#code").input_value() == code
    assert "#" not in page.url


def test_a_citizen_without_a_code_takes_one_and_votes(open_page, voting):
    make_self_service(voting)
    page = open_page(390)
    page.goto("/")
    check_page(page)
    screenshot(page, "front-390")
    page.get_by_role("button", name="领取评议票").click()
    check_page(page)
    page.get_by_role("button", name="开始评议").click()

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


def test_a_network_failure_loses_nothing_and_a_retry_makes_one_ballot(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_receipt(page, code)
    send = page.get_by_role("button", name="提交评议票")

    page.route("**/ballot/cast/", lambda route: route.abort())
    send.click()
    page.locator(".offline").wait_for()
    screenshot(page, "ballot-offline-390")
    assert not BallotSpool.objects.exists()

    page.unroute("**/ballot/cast/")
    page.route("**/ballot/cast/", lambda route: (route.fetch(), route.abort()))  # arrives, the answer is lost
    page.locator(".offline").evaluate("note => note.remove()")
    send.click()
    page.locator(".offline").wait_for()
    assert BallotSpool.objects.count() == 1
    page.unroute("**/ballot/cast/")
    send.click()

    page.get_by_role("heading", name="评议票此前已提交").wait_for()
    assert BallotSpool.objects.count() == 1


def test_an_unfinished_ballot_is_kept_encrypted_and_deleted_once_it_is_cast(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_cards(page, code)
    page.locator("fieldset.question").first.get_by_text("轻微", exact=True).click()
    page.fill("#comment", "写到一半")
    page.locator("#kept").wait_for()
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "写到一半" not in stored
    assert code not in stored

    page.on("dialog", lambda dialog: dialog.accept())
    reach_sections(page, format_code(code).lower())
    page.get_by_role("button", name="继续填写").click()

    page.locator("fieldset.question").first.wait_for()
    assert page.locator("fieldset.question").first.locator("input[value='1']").is_checked()
    assert page.locator("#comment").input_value() == "写到一半"
    answer_all(page)
    finish(page)
    assert page.evaluate("localStorage.length") == 0


def test_leaving_with_an_unsent_ballot_asks_first(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_cards(page, code)
    page.locator("fieldset.question").first.get_by_text("轻微", exact=True).click()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))

    page.goto("/")

    assert asked == ["beforeunload"]


def test_the_view_for_the_elderly_is_large_on_every_step(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(320)
    page.goto("/ballot/")
    page.get_by_role("link", name="长辈版").click()

    def looked_at(page, name):
        check_page(page)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
        heights = page.evaluate(
            "[...document.querySelectorAll('main button, .row, .level')]"
            ".filter(e => e.offsetParent).map(e => e.offsetHeight)"
        )
        assert min(heights, default=60) >= 60
        screenshot(page, f"elder-{name}-320")

    vote(page, code, look=looked_at)


def test_changing_the_type_size_keeps_the_page(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_cards(page, code)
    page.fill("#comment", "还在")

    page.get_by_role("link", name="特大字").click()

    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "30px"
    assert page.locator("#comment").input_value() == "还在"


def test_changing_the_type_size_without_javascript_keeps_every_page(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390, java_script_enabled=False)
    wanted = {"2-sections": "特大字", "3-rate": "长辈版", "4-review": "标准", "5-receipt": "特大字"}
    classes = {"特大字": "largest", "长辈版": "large", "标准": "normal"}

    def resize(page, name):
        if name not in wanted:
            return
        chosen = page.locator("main input:checked").count()
        heading = page.locator("h1").inner_text()
        page.get_by_role("button", name=wanted[name]).click()
        assert page.locator(f"html.{classes[wanted[name]]}").count() == 1
        assert page.locator("h1").inner_text() == heading
        assert page.locator("main input:checked").count() == chosen
        screenshot(page, f"resized-{name}-390")

    vote(page, code, look=resize)

    assert BallotSpool.objects.count() == 1
    assert page.locator("html.largest").count() == 1


def test_the_back_key_goes_back_a_step_and_keeps_the_input(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_receipt(page, code)

    page.go_back()
    page.locator("#digits").wait_for()
    page.go_back()
    page.locator("fieldset.question").first.wait_for()
    assert page.locator("fieldset.question input:checked").count() == page.locator("fieldset.question").count()
    assert "#" not in page.url
    assert code not in page.url
    page.go_back()
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    assert page.locator("#sections input:checked").count() > 0
    page.go_forward()
    page.wait_for_timeout(200)
    assert "您在哪些科室办过事" in page.locator("h1").inner_text()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.locator("fieldset.question").first.wait_for()
    answer_all(page)
    finish(page)
    assert BallotSpool.objects.count() == 1

    page.go_back()
    page.wait_for_timeout(200)
    assert "评议票已提交" in page.locator("h1").inner_text()


def test_an_evaluator_rates_every_section_in_one_table(open_page, transactional_db):
    now = timezone.now()
    round_ = make_open_round(sections=105, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    (code,) = make_codes(round_)
    page = open_page(1280)
    reach_sections(page, code)
    page.get_by_role("button", name="评议全部105个科室（适合在电脑上填）").click()
    page.locator("select").first.wait_for()
    check_page(page)
    assert page.locator("select").count() == 525

    page.locator("select").first.focus()
    for _ in range(10):
        page.keyboard.press("1")
        page.keyboard.press("Tab")
    assert page.locator("#count").inner_text() == "已填写2个科室，共105个"
    page.locator("select").first.select_option("3")
    page.locator(".ticks-row label.row").first.click()
    screenshot(page, "table-1280")
    finish(page)

    assert json.loads(waiting_ballots()[0].vote)["lines"][0]["manifestations"]
    assert len(json.loads(waiting_ballots()[0].vote)["lines"]) == 2


def test_a_receipt_is_verified_in_the_citizens_own_browser(open_page, transactional_db):
    make_sealed_round(targeted=7)
    page = open_page(390)
    page.goto("/receipt/")
    page.fill("#receipt", Ballot.objects.last().receipt)
    page.click("main button.primary")
    page.get_by_text("专业核验（收录证明）").click()
    page.get_by_role("button", name="在本机核验").click()

    page.get_by_text("核验一致：您的票已入箱。").wait_for()
    check_page(page)
    screenshot(page, "receipt-390")
    page.locator("#proof").evaluate("e => { e.value = e.value.replace(/[0-9a-f]{64}/, '0'.repeat(64)); }")
    page.get_by_role("button", name="在本机核验").click()
    page.get_by_text("核验不一致，请将本页截图提供给评议办或者公证处。").wait_for()


def test_the_public_page_of_the_box_is_accessible(open_page, transactional_db):
    round_ = make_sealed_round(targeted=7, sampled=6)
    for width in (320, 1280):
        page = open_page(width)
        page.goto(f"/rounds/{round_.key}/box/")
        check_page(page)
        screenshot(page, f"box-{width}")


def reach_sections(page, code):
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()


def reach_cards(page, code):
    reach_sections(page, code)
    page.locator("label.row").first.click()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.locator("fieldset.question").first.wait_for()


def reach_receipt(page, code):
    reach_cards(page, code)
    answer_all(page)
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.fill("#digits", "1234")
    page.get_by_role("button", name="下一步：领取回执号").click()
    page.get_by_role("heading", name="请先记下回执号").wait_for()


def finish(page):
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.fill("#digits", "1234")
    page.get_by_role("button", name="下一步：领取回执号").click()
    page.get_by_role("button", name="提交评议票").click()
    page.get_by_role("heading", name="评议票已提交").wait_for()


def tab_to(page, selector):
    """Press Tab until the wanted field or button has the focus; a radio group counts once."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"cannot be reached by Tab: {selector}")
