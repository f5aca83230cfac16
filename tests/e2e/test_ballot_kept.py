"""Nothing typed into a ballot is lost: each of its pages, and each way to leave it and come back."""

import json
import time
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from django.utils import timezone
from playwright.sync_api import Error, expect

from evaluations.ballots.models import BallotSpool
from evaluations.protocol.codes import format_code
from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes, make_open_round, waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COMMENT = "写了一半的意见"
# Everything on the page that somebody chose or typed.
SHOWN = """() => [
  document.querySelector('h1').innerText,
  ...[...document.querySelectorAll('main :is(input, textarea, select)')]
    .filter(field => !['hidden', 'search'].includes(field.type))
    .filter(field => ['radio', 'checkbox'].includes(field.type) ? field.checked : field.value)
    .map(field => `${field.name}=${field.value}`),
  ...[...document.querySelectorAll('.check')].map(element => element.innerText),
]"""
CLICK = "selector => document.querySelectorAll(selector).forEach(field => field.click())"
PAGES = ["code", "sections", "rate", "last", "review"]


class Citizen:
    """Somebody with a code in a tab of a browser; `other` is the code of a second ballot."""

    def __init__(self, page, code, other=""):
        self.page, self.code, self.other = page, code, other

    def shows(self, expected):
        """Wait until the page shows exactly what was typed."""
        until = time.monotonic() + 10
        while (shown := self.page.evaluate(SHOWN)) != expected and time.monotonic() < until:
            self.page.wait_for_timeout(30)
        assert shown == expected

    def is_ready(self):
        """Wait until the page's scripts are there and nothing is being fetched."""
        until = time.monotonic() + 10
        while not self.page.evaluate("Boolean(window.ballotWalk) && !ballotStart.isBusy()"):
            assert time.monotonic() < until
            self.page.wait_for_timeout(30)

    def is_at(self, heading):
        self.page.locator("h1", has_text=heading).wait_for()

    def goes_on(self):
        self.page.locator("main button.primary").click()

    def enters(self, code):
        self.page.fill("#code", code)
        self.goes_on()
        self.is_at("您在哪些科室办过事")

    def rates(self, level, number):
        self.page.locator(f"input[name=from][value='{number}']").wait_for(state="attached")
        self.page.evaluate(CLICK, f"input[type=radio][value='{level}']")
        self.page.evaluate(CLICK, "[id$='.lazy'] input[type=radio][value='3']")
        self.page.evaluate(CLICK, "[id$='.lazy'] .row:nth-child(2) input")

    def gives(self, indicator, level):
        """Answer one question, and wait until the device has it."""
        self.page.evaluate(CLICK, f"[id$='.{indicator}'] input[type=radio][value='{level}']")
        self.page.wait_for_function("() => window.ballot && ballot.hasContent() && ballot.isKept()")

    def fills_in(self, name):
        """Type what there is to type on a page; return all that the page shows then."""
        if name == "code":
            self.page.fill("#code", self.code)
        elif name == "sections":
            self.is_at("您在哪些科室办过事")
            for box in self.page.locator("#sections input").all()[:2]:
                box.check()
        elif name == "rate":
            self.rates(1, 0)
        elif name == "last":
            self.rates(0, 1)
            self.page.fill("#comment", COMMENT)
        elif name == "review":
            self.is_at("请核对您的评议")
            self.page.evaluate("document.querySelector('#digits').closest('details').open = true")
            self.page.fill("#digits", "2580")
        return self.page.evaluate(SHOWN)


def reload(citizen, name):
    citizen.page.reload()


def go_back_and_forward(citizen, name):
    heading = citizen.page.locator("h1").inner_text()
    citizen.page.go_back()
    citizen.page.wait_for_function("text => document.querySelector('h1').innerText !== text", arg=heading)
    citizen.page.go_forward()


def close_the_tab(citizen, name):
    context = citizen.page.context
    citizen.page.wait_for_timeout(100)
    citizen.page.close()
    citizen.page = context.new_page()
    citizen.page.goto("/ballot/")
    if name == "code":
        citizen.page.fill("#code", citizen.code)
        return
    citizen.enters(format_code(citizen.code).lower())
    citizen.page.get_by_text("已经恢复").wait_for()
    if name != "sections":
        citizen.page.get_by_role("button", name="继续填写").click()


def lose_the_network(citizen, name):
    citizen.page.route("**/ballot/**", lambda route: route.abort())
    citizen.goes_on()
    citizen.page.get_by_text("网络中断").wait_for()
    citizen.page.unroute("**/ballot/**")


def meet_a_broken_server(citizen, name):
    citizen.page.route("**/ballot/**", lambda route: route.fulfill(status=503, body="<h1>暂时无法处理</h1>"))
    citizen.goes_on()
    citizen.page.get_by_text("暂时无法处理，请稍后").wait_for()
    citizen.page.unroute("**/ballot/**")


def scan_another_code(citizen, name):
    """A second QR code opens in the same tab."""
    citizen.page.evaluate("code => { location.hash = code; }", citizen.other)
    citizen.page.wait_for_function("code => document.querySelector('#code')?.value === code", arg=citizen.other)
    assert "#" not in citizen.page.url
    if name == "code":
        citizen.page.fill("#code", citizen.code)
    else:
        citizen.page.go_back()


def begin_another_ballot(citizen, name):
    """Begin with another code in the same tab, then enter the first one again."""
    if name == "code":
        return
    citizen.page.evaluate("code => { location.hash = code; }", citizen.other)
    citizen.page.get_by_text("之前填写的内容已加密保存在本设备上").wait_for()
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")
    assert citizen.page.locator("#sections input:checked").count() == 0
    citizen.page.evaluate("code => { location.hash = code; }", citizen.code)
    citizen.page.wait_for_function("code => document.querySelector('#code')?.value === code", arg=citizen.code)
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")
    if name != "sections":
        citizen.page.get_by_role("button", name="继续填写").click()


WAYS = [
    reload,
    go_back_and_forward,
    close_the_tab,
    lose_the_network,
    meet_a_broken_server,
    scan_another_code,
    begin_another_ballot,
]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_typed_on_any_page_is_there_again_after(way, open_page, voting):
    code, other = make_codes(voting, 2)
    citizen = Citizen(open_page(390), code, other)
    citizen.page.set_default_timeout(8000)
    citizen.page.goto("/")
    citizen.page.goto("/ballot/")

    for name in PAGES:
        typed = citizen.fills_in(name)
        assert len(typed) > 1
        way(citizen, name)
        citizen.shows(typed)
        citizen.goes_on()

    citizen.is_at("评议票已提交")
    cast_as_typed()
    assert citizen.page.evaluate("Object.keys(localStorage).length") <= (way is begin_another_ballot)
    scan_another_code(citizen, "code")


def cast_as_typed():
    (ballot,) = waiting_ballots()
    first, last = json.loads(ballot.vote)["lines"]
    assert first["answers"] == {"cold": 1, "lazy": 3, "buck_passing": 1, "disorderly": 1, "greedy": 1}
    assert last["answers"] == {"cold": 0, "lazy": 3, "buck_passing": 0, "disorderly": 0, "greedy": 0}
    assert [len(line["manifestations"]) for line in (first, last)] == [1, 1]
    assert ballot.comment == COMMENT


def test_a_page_that_has_expired_asks_for_the_code_and_goes_on(open_page, voting):
    (code,) = make_codes(voting)
    citizen = Citizen(open_page(390), code)
    page = citizen.page
    page.goto("/ballot/")
    citizen.fills_in("code")
    citizen.goes_on()

    for name in PAGES[1:]:
        citizen.fills_in(name)
        page.route("**/ballot/*/", with_an_expired_admission)
        citizen.goes_on()
        page.get_by_text("重新输入票号").first.wait_for()
        page.unroute("**/ballot/*/")
        assert page.locator("#code").input_value() == code
        citizen.goes_on()

    citizen.is_at("请核对您的评议")
    citizen.goes_on()
    citizen.is_at("评议票已提交")
    cast_as_typed()


def with_an_expired_admission(route):
    fields = [(name, "x" if name == "admission" else value) for name, value in parse_qsl(route.request.post_data, True)]
    route.continue_(post_data=urlencode(fields))


def test_a_ballot_whose_answer_never_came_shows_its_receipt_in_another_tab(open_page, voting):
    (code,) = make_codes(voting)
    citizen = Citizen(open_page(390), code)
    citizen.page.goto("/ballot/")
    for name in PAGES:
        citizen.fills_in(name)
        if name != "review":
            citizen.goes_on()

    citizen.page.route("**/ballot/cast/", lambda route: (route.fetch(), route.abort()))  # arrives, the answer is lost
    citizen.goes_on()
    citizen.page.get_by_text("即使刚才已经提交成功，也只计一张票").wait_for()
    stored = citizen.page.evaluate("JSON.stringify(localStorage)")
    assert code not in stored
    context = citizen.page.context
    citizen.page.close()
    page = context.new_page()
    page.goto("/ballot/")
    page.fill("#code", code)
    page.locator("main button.primary").click()
    page.get_by_text("该票号无法使用").wait_for()
    check_page(page)
    page.get_by_role("button", name="重新提交并显示回执号").click()

    page.get_by_role("heading", name="评议票此前已提交").wait_for()
    receipt = page.locator(".receipt").inner_text()
    cast_as_typed()
    assert waiting_ballots()[0].receipt == receipt.replace("-", "")
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    page.reload()
    page.get_by_text(f"回执号：{receipt}").wait_for()
    page.go_back()
    assert page.locator("#sections").count() == 0


def test_the_receipt_is_there_after_back_and_a_reload_until_another_code_comes(open_page, voting):
    code, other = make_codes(voting, 2)
    citizen = Citizen(open_page(390), code, other)
    page = citizen.page
    page.goto("/ballot/")
    for name in PAGES:
        citizen.fills_in(name)
        citizen.goes_on()
    citizen.is_at("评议票已提交")
    receipt = page.locator(".receipt").inner_text()

    page.go_back()
    assert page.locator(".receipt").inner_text() == receipt
    for way in (page.reload, page.reload, page.go_back, page.reload, page.go_forward, page.reload):
        way()
        page.get_by_text(f"回执号：{receipt}").wait_for()
    scan_another_code_and_stay(page, other)
    page.go_back()
    page.get_by_text(f"回执号：{receipt}").wait_for()
    page.go_forward()
    page.wait_for_function("code => document.querySelector('#code')?.value === code", arg=other)
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")
    assert page.get_by_text(receipt).count() == 0


def scan_another_code_and_stay(page, code):
    page.evaluate("code => { location.hash = code; }", code)
    page.wait_for_function("code => document.querySelector('#code')?.value === code", arg=code)


def test_a_reload_without_network_says_how_to_go_on(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)
    page.goto(f"/ballot/#{code}")
    page.locator("main button.primary").click()
    page.locator("label.row").first.click()
    page.context.set_offline(True)
    with suppress(Error):
        page.reload()
    page.context.set_offline(False)
    page.reload()

    expect(page.get_by_text("重新扫描二维码或者输入原票号，可以继续填写")).to_be_visible()
    page.fill("#code", code)
    page.locator("main button.primary").click()
    expect(page.locator("input[name=section]:checked")).to_have_count(1)


def test_a_tab_that_reloads_or_leaves_the_ballot_finds_code_and_pages_again(open_page, voting):
    citizen = Citizen(open_page(390), make_codes(voting)[0])
    page = citizen.page
    page.goto("/")
    page.goto(f"/ballot/#{citizen.code}")
    citizen.goes_on()
    typed = citizen.fills_in("sections")
    page.reload()
    citizen.shows(typed)
    citizen.is_ready()
    page.go_back()
    citizen.shows(["输入票号", f"code={citizen.code}"])

    page.go_back()
    page.wait_for_url("**/")
    page.go_forward()
    citizen.shows(["输入票号", f"code={citizen.code}"])
    citizen.is_ready()
    page.go_forward()
    citizen.shows(typed)
    citizen.is_ready()
    citizen.goes_on()
    citizen.fills_in("rate")


def test_a_way_forward_to_what_was_not_kept_is_explained(open_page, voting):
    citizen = Citizen(open_page(390), make_codes(voting)[0])
    page = citizen.page
    page.goto("/")
    page.goto(f"/ballot/#{citizen.code}")
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")
    page.go_back()
    citizen.is_at("输入票号")
    page.go_back()
    page.go_forward()
    citizen.shows(["输入票号", f"code={citizen.code}"])

    page.go_forward()

    page.get_by_text("请点击“下一步”，从这里继续。").wait_for()
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")


def test_tables_of_many_sections_keep_every_row(open_page, transactional_db):
    now = timezone.now()
    round_ = make_open_round(sections=13, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    citizen = Citizen(open_page(1280), make_codes(round_)[0])
    page = citizen.page
    page.goto("/ballot/")
    citizen.enters(citizen.code)
    page.get_by_role("button", name="评议全部13个科室").click()
    rows = []
    for number in range(2):
        page.locator(f"input[name=from][value='{number}']").wait_for(state="attached")
        for select in page.locator("select").all():
            select.select_option(str(number))
        page.locator("select").nth(number).select_option("3")
        page.locator(".ticks-row input").first.check()
        rows.append(page.evaluate(SHOWN))
        page.get_by_role("button", name="下一个单位").click()
    assert [len(shown) for shown in rows] == [7, 7]
    page.locator("input[name=from][value='2']").wait_for(state="attached")

    for move, shown in ((page.go_back, rows[1]), (page.go_back, rows[0]), (page.go_forward, rows[1])):
        move()
        citizen.shows(shown)
    assert "已填写2个科室" in page.locator("#place").inner_text()
    page.reload()
    citizen.shows(rows[1])
    page.get_by_role("button", name="核对已填写的科室").click()
    citizen.is_at("请核对您的评议")
    citizen.goes_on()
    citizen.is_at("评议票已提交")
    lines = json.loads(waiting_ballots()[0].vote)["lines"]
    assert [sorted(line["answers"].values()) for line in lines] == [[0, 0, 0, 0, 3], [1, 1, 1, 1, 3]]
    assert all(line["manifestations"] for line in lines)


def test_where_nothing_can_be_kept_leaving_and_another_code_are_asked_about(open_page, voting):
    code, other = make_codes(voting, 2)
    citizen = Citizen(open_page(390), code, other)
    page, asked = citizen.page, []
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('private mode'); } })"
    )
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/ballot/")
    for name in PAGES[:2]:
        citizen.fills_in(name)
        citizen.goes_on()
    typed = citizen.fills_in("rate")
    page.go_back()
    citizen.is_at("您在哪些科室办过事")
    page.go_back()
    citizen.is_at("输入票号")

    page.fill("#code", other)
    citizen.goes_on()
    page.get_by_text("换用另一个票号后会丢失").wait_for()
    page.get_by_role("button", name="继续使用原票号").click()
    assert page.locator("#code").input_value() == code
    citizen.goes_on()
    citizen.is_at("您在哪些科室办过事")
    citizen.goes_on()
    page.get_by_role("button", name="返回上一个科室").click()  # it is complete, and passed over
    citizen.shows(typed)
    assert page.locator("#kept").is_hidden()
    page.goto("/")
    assert asked == ["beforeunload"]


def test_a_kept_ballot_is_left_without_a_question_and_expires(open_page, voting):
    code, other = make_codes(voting, 2)
    citizen = Citizen(open_page(390), code, other)
    page, asked = citizen.page, []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/ballot/")
    citizen.enters(code)
    citizen.fills_in("sections")
    citizen.goes_on()
    citizen.fills_in("rate")
    page.locator("#kept").wait_for()
    stored = page.evaluate("Object.values(localStorage)[0]")
    assert json.loads(stored).keys() == {"until", "iv", "data"}
    page.goto("/")
    assert asked == []

    page.evaluate("name => localStorage.setItem(name, JSON.stringify({ until: 1 }))", "ballot-draft-old")
    page.goto("/ballot/")
    citizen.enters(code)
    assert page.evaluate("Object.values(localStorage).length") == 1
    page.get_by_role("button", name="删除并重新填写").click()
    assert page.locator("#sections input:checked").count() == 0


def test_two_tabs_with_one_code_add_to_each_other(open_page, voting):
    (code,) = make_codes(voting)
    citizen = Citizen(open_page(390), code)
    second = Citizen(citizen.page.context.new_page(), code)
    for tab in (citizen, second):
        tab.page.goto("/ballot/")
        tab.enters(code)
        tab.fills_in("sections")
        tab.goes_on()
    citizen.fills_in("rate")
    citizen.page.wait_for_function("() => window.ballot.isKept()")
    second.page.locator("input[name=from][value='0']").wait_for(state="attached")
    second.page.evaluate(CLICK, "[id$='.greedy'] input[value='x']")
    second.page.locator("#kept").wait_for()

    second.page.reload()

    second.page.wait_for_function("() => document.querySelectorAll('fieldset input[type=radio]:checked').length === 5")
    assert second.page.locator("[id$='.greedy'] input[value='x']").is_checked()
    assert second.page.locator("[id$='.lazy'] input[value='3']").is_checked()


def test_an_answer_changed_in_one_tab_outlives_what_the_other_tab_had_of_it(open_page, voting):
    (code,) = make_codes(voting)
    first = Citizen(open_page(390), code)
    second = Citizen(first.page.context.new_page(), code)
    for tab in (first, second):
        tab.page.goto("/ballot/")
        tab.enters(code)
        tab.fills_in("sections")
        tab.goes_on()
        tab.page.locator("input[name=from][value='0']").wait_for(state="attached")
    first.gives("cold", 2)
    second.gives("greedy", "x")  # and takes the other tab's answer over
    first.gives("cold", 1)
    second.gives("lazy", 0)

    second.page.reload()

    second.page.wait_for_function("() => document.querySelectorAll('fieldset input[type=radio]:checked').length === 3")
    for indicator, level in (("cold", 1), ("greedy", "x"), ("lazy", 0)):
        assert second.page.locator(f"[id$='.{indicator}'] input[value='{level}']").is_checked()


def test_a_slow_network_is_said_beside_the_button_and_nothing_is_sent_twice(open_page, voting):
    (code,) = make_codes(voting)
    citizen = Citizen(open_page(390), code)
    page, waiting = citizen.page, []
    page.clock.install()
    page.goto("/ballot/")
    citizen.fills_in("code")
    page.route("**/ballot/", lambda route: waiting.append(route.request.method))  # and no answer
    button = page.locator("main button.primary")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.textContent === '正在打开…'")
    assert button.get_attribute("aria-disabled") == "true"
    page.clock.fast_forward(9000)
    page.get_by_text("网络较慢").wait_for()
    assert waiting == ["POST"]
    check_page(page)
    screenshot(page, "ballot-slow-390")
    page.clock.fast_forward(30000)

    page.get_by_text("网络中断").wait_for()
    assert button.inner_text() == "下一步"
    check_page(page)
    screenshot(page, "ballot-offline-390")
    page.unroute("**/ballot/")
    page.get_by_role("button", name="重试").click()
    citizen.is_at("您在哪些科室办过事")


def test_a_qr_code_fills_in_the_code_and_a_reload_keeps_it(open_page, voting):
    (code,) = make_codes(voting)
    page = open_page(390)

    page.goto(f"/ballot/#{code}")

    assert page.locator("#code").input_value() == code
    assert "#" not in page.url
    page.reload()
    page.wait_for_function("code => document.querySelector('#code').value === code", arg=code)
    for place in ("content", "code", "D21"):
        page.goto(f"/?{place}")
        page.goto(f"/ballot/#{place}")
        page.locator("h1").click()
        assert page.locator("#code").input_value() == ""


def test_the_rest_of_a_page_is_filled_and_the_comment_counted(open_page, voting):
    citizen = Citizen(open_page(390), make_codes(voting)[0])
    page = citizen.page
    page.goto("/ballot/")
    citizen.enters(citizen.code)
    page.locator("#sections input").first.check()
    citizen.goes_on()
    page.locator("[id$='.cold'] input[value='x']").check()

    page.get_by_role("button", name="其余都没有").click()

    page.get_by_text("已将其余4项选为“没有”").wait_for()
    assert page.locator("input[type=radio][value='0']:checked").count() == 4
    page.fill("#comment", "好" * 3)
    page.get_by_text("已写3字，最多500字").wait_for()
    check_page(page)
    page.fill("#comment", "好" * 502)
    page.get_by_text("超出2字").wait_for()
    page.fill("#comment", "")
    citizen.goes_on()
    citizen.is_at("请核对您的评议")
    digits = page.locator("#digits").input_value()
    assert digits.isdecimal()
    assert len(digits) == 4
    page.go_back()
    page.locator("#comment").wait_for()
    page.go_forward()
    citizen.is_at("请核对您的评议")
    assert page.locator("#digits").input_value() == digits
    assert not BallotSpool.objects.exists()
