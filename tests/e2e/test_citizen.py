"""A citizen votes in a browser: on a phone, without JavaScript, with the keyboard alone."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from evaluations.ballots.models import Ballot, BallotSpool
from evaluations.codes.models import Credential
from evaluations.protocol.codes import format_code
from evaluations.rounds.models import Round
from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes, make_open_round, make_sealed_round, make_self_service, waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def answer_all(page, word="没有"):
    for group in page.locator("fieldset.question").all():
        group.get_by_text(word, exact=True).first.click()


def vote(page, code, *, look=lambda page, name: None):
    """Go through the pages with two sections, checking each; return the receipt."""
    page.goto("/ballot/")
    look(page, "1-code")
    page.fill("#code", code)
    page.click("main button.primary")
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    look(page, "2-sections")
    page.locator("label.row").first.click()
    page.locator("label.row").nth(1).click()
    page.get_by_role("button", name="下一步：开始评议").click()
    page.get_by_text("第1个科室，共2个").wait_for()
    answer_all(page)
    page.locator("fieldset.question").first.get_by_text("严重", exact=True).click()
    look(page, "3-rate")
    page.locator("fieldset.question").first.locator(".signs label.row").first.click()
    page.get_by_role("button", name="下一个科室").click()
    page.get_by_text("第2个科室，共2个").wait_for()
    page.get_by_role("button", name="其余都没有").click()
    page.fill("#comment", "希望中午有人值班")
    look(page, "4-rate-last")
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    assert page.locator(".receipt").count() == 0
    look(page, "5-review")
    page.locator("main button.primary").click()
    page.get_by_role("heading", name="评议票已提交").wait_for()
    look(page, "6-done")
    return page.locator(".receipt").inner_text()


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
    keys.press("Enter")
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    tab_to(page, ".digits-choice summary")
    keys.press("Enter")
    tab_to(page, "#digits")
    keys.press("Control+A")
    keys.type("1234")
    keys.press("Enter")  # in a side field it casts nothing
    page.locator(":focus", has_text="评议票尚未提交").wait_for()
    keys.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "提交评议票"
    assert not BallotSpool.objects.exists()
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
    assert "还有2处需要补充或者修改" in summary.inner_text()
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


def test_a_citizen_without_a_code_takes_one_and_votes(open_page, voting):
    make_self_service(voting)
    page = open_page(390)
    page.goto("/")
    check_page(page)
    screenshot(page, "front-390")
    page.get_by_role("button", name="领取评议票").click()
    page.get_by_role("heading", name="您的票号").wait_for()
    check_page(page)
    screenshot(page, "claim-390")
    code = page.locator("#claimed").inner_text()
    page.reload()  # asks nothing: the page is no answer to a form
    assert page.locator("#claimed").inner_text() == code
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制票号").click()
    page.get_by_text("已复制", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code
    page.goto("/ballot/")
    page.get_by_role("button", name="领取评议票").click()
    assert page.locator("#claimed").inner_text() == code
    page.get_by_role("button", name="开始评议").click()

    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    assert Credential.objects.count() == 1
    comes_back_to(page, code)


def comes_back_to(page, code):
    """Back leads from the ballot to the claimed code, also after a reload, and on again to what was chosen."""
    page.go_back()
    page.get_by_role("heading", name="您的票号").wait_for()
    assert page.locator("#claimed").inner_text() == code
    page.get_by_role("button", name="开始评议").click()
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()
    page.locator("#sections input").first.check()
    page.go_back()
    page.get_by_role("heading", name="您的票号").wait_for()
    page.reload()
    assert page.locator("#claimed").inner_text() == code
    page.get_by_role("button", name="开始评议").click()
    page.get_by_text("已经恢复").wait_for()
    assert page.locator("#sections input:checked").count() == 1


def test_a_page_of_claiming_fits_every_width_and_its_links_a_thumb(open_page, voting):
    """The code, another one, the refusal, the closed page."""
    make_self_service(voting)
    for width, options in ((320, {}), (1280, {"color_scheme": "dark"})):
        page = open_page(width, **options)
        page.goto("/ballot/")
        looked_at_links(page, f"code-{width}")
        page.get_by_role("button", name="领取评议票").click()
        first = page.locator("#claimed").inner_text()
        page.locator("details summary").click()
        looked_at_links(page, f"claim-{width}")
        page.get_by_role("button", name="再领一张评议票").click()
        assert page.locator("#claimed").inner_text() != first
        page.goto("/ballot/")
        page.fill("#code", "0" * 20)
        page.locator("main button.primary").click()
        looked_at_links(page, f"refused-{width}")
    Round.objects.filter(pk=voting.pk).update(closes_at=timezone.now())
    page.goto("/ballot/")
    assert page.locator("#code").count() == 0
    looked_at_links(page, "closed-1280")


def looked_at_links(page, name):
    """Check the page; every link outside a sentence is as tall as a thumb."""
    check_page(page)
    screenshot(page, f"claiming-{name}")
    for link in page.locator(".footer a, .links a, .phone a").all():
        assert link.bounding_box()["height"] >= 44, (name, link.inner_text())


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
    reach_review(page, code)
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


def test_an_emptied_field_of_digits_is_explained_and_enter_casts_nothing(open_page, voting):
    """With and without scripts, also where the field is folded away again."""
    for code, java_script in zip(make_codes(voting, 2), (True, False), strict=True):
        page = open_page(390, java_script_enabled=java_script)
        reach_review(page, code)
        page.locator(".digits-choice summary").click()
        page.fill("#digits", "2580")
        page.locator("#digits").press("Enter")
        page.get_by_role("heading", name="请核对您的评议").wait_for()
        assert page.locator("#digits").input_value() == "2580"
        cast_before = BallotSpool.objects.count()
        page.fill("#digits", "") if page.locator("#digits").is_visible() else page.evaluate("digits.value = ''")
        if page.locator(".digits-choice[open]").count():
            page.locator(".digits-choice summary").click()

        page.locator("main button.primary").click()

        page.locator(".errors").get_by_text("请输入任意4位数字").wait_for()
        assert page.locator("#digits").is_visible()
        assert BallotSpool.objects.count() == cast_before
        page.fill("#digits", "2580")
        page.locator("main button.primary").click()
        page.get_by_role("heading", name="评议票已提交").wait_for()
    assert BallotSpool.objects.count() == 2


def test_changing_the_type_size_keeps_the_page(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    reach_cards(page, code)
    page.fill("#comment", "还在")

    page.get_by_role("link", name="特大字").click()
    page.wait_for_load_state()

    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "30px"
    assert page.locator("#comment").input_value() == "还在"


def test_changing_the_type_size_without_javascript_keeps_every_page(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390, java_script_enabled=False)
    wanted = {"2-sections": "特大字", "3-rate": "长辈版", "4-rate-last": "标准", "5-review": "特大字"}
    classes = {"特大字": "largest", "长辈版": "large", "标准": "normal"}

    def resize(page, name):
        if name not in wanted:
            return
        chosen = page.locator("main input:checked").count()
        heading = page.locator("h1").inner_text()
        page.get_by_role("button", name=wanted[name]).click()
        page.wait_for_load_state()
        assert page.locator(f"html.{classes[wanted[name]]}").count() == 1
        assert page.locator("h1").inner_text() == heading
        assert page.locator("main input:checked").count() == chosen
        screenshot(page, f"resized-{name}-390")

    vote(page, code, look=resize)

    assert BallotSpool.objects.count() == 1
    assert page.locator("html.largest").count() == 1


def test_an_evaluator_rates_all_sections_one_department_after_the_other(open_page, transactional_db):
    now = timezone.now()
    round_ = make_open_round(sections=105, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    first = round_.sections.values_list("code", flat=True)[0]
    (code,) = make_codes(round_)
    page = open_page(1280)
    reach_sections(page, code)
    page.get_by_role("button", name="评议全部105个科室").click()
    page.locator("select").first.wait_for()
    check_page(page)
    pages = page.locator(".index button").count()
    assert f"第1个单位，共{pages}个；已填写0个科室，共105个" in page.locator("#place").inner_text()

    page.locator("select").first.focus()
    for _ in range(5):
        page.keyboard.press("1")
        page.keyboard.press("Tab")
    page.locator("select").first.select_option("3")
    page.locator(".ticks-row label.row").first.click()
    unit = page.locator(".index [aria-current]")
    assert f"（1/{page.locator('tr[data-section]').count()}）" in unit.text_content()
    screenshot(page, "table-1280")
    page.get_by_role("button", name="下一个单位").click()
    page.get_by_text(f"第2个单位，共{pages}个；已填写1个科室，共105个").wait_for()
    page.locator("[data-rest]").first.click()
    page.get_by_role("button", name="核对已填写的科室").click()
    cast(page)

    lines = json.loads(waiting_ballots()[0].vote)["lines"]
    assert lines[0]["manifestations"]
    assert [set(line["answers"].values()) for line in lines] == [{1, 3}, {0}]
    assert lines[0]["section"] == first
    assert lines[1]["section"] != first


def test_a_receipt_is_verified_in_the_citizens_own_browser(open_page, transactional_db):
    make_sealed_round(targeted=7)
    own, other = Ballot.objects.last().receipt, Ballot.objects.first().receipt
    page = open_page(390)
    page.goto("/receipt/")
    page.fill("#receipt", format_code(own).lower())
    page.click("main button.primary")
    page.get_by_text("专业核验（收录证明）").click()
    page.get_by_role("button", name="在本机核验").click()

    page.get_by_text(f"结果：一致。您的设备计算的结果与封箱时公布的相同，回执号{own}的票已入箱").wait_for()
    check_page(page)
    screenshot(page, "receipt-390")
    page.fill("#receipt", other)
    page.get_by_role("button", name="在本机核验").click()
    page.get_by_text("结果：不一致。请保存本页截图").wait_for()
    page.fill("#receipt", own)
    page.get_by_role("button", name="在本机核验").click()
    page.get_by_text("结果：一致。").wait_for()
    page.locator("#proof").evaluate("e => { e.value = e.value.replace(/[0-9a-f]{64}/, '0'.repeat(64)); }")
    page.get_by_role("button", name="在本机核验").click()
    page.get_by_text("结果：不一致。请保存本页截图").wait_for()


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


def reach_review(page, code):
    reach_cards(page, code)
    answer_all(page)
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.get_by_role("heading", name="请核对您的评议").wait_for()


def finish(page):
    page.get_by_role("button", name="下一步：核对评议内容").click()
    cast(page)


def cast(page):
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    page.locator("main button.primary").click()
    page.get_by_role("heading", name="评议票已提交").wait_for()


def tab_to(page, selector):
    """Press Tab until the wanted field or button has the focus; a radio group counts once."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"cannot be reached by Tab: {selector}")
