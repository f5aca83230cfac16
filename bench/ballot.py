"""The ballot in a real browser at the deployed site: taps, pages and bytes from the QR code to the receipt."""

from collections.abc import Callable

from playwright.sync_api import Browser, expect, sync_playwright

from bench.phone import Phone
from bench.site import make_district_round, served
from tests.e2e.conftest import QUIET
from tests.factories import make_codes

CHROMIUM = "/usr/bin/chromium"
NONE, LIGHT = "没有", "轻微"
Look = Callable[[str], None]


def _nothing(page: str) -> None:
    """Look at no page."""


def run() -> None:
    """Print a table for ballots of one, five and all sections, and what the first page consists of."""
    round_ = make_district_round()
    every = round_.sections.count()
    with sync_playwright() as playwright, served() as address:
        print("received: bytes over the wire, heads of answers (HTTP/1.1) included; bodies: compressed, without heads")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        print(f"{'ballot':<34}{'taps':>6}{'pages':>7}{'screens':>9}", end="")
        print(f"{'received':>10}{'bodies':>9}{'first page':>12}{'sent':>11}")
        for sections in (1, 5, every):
            for shortcut in (False, True):
                for java_script in (True, False):
                    _measure(browser, address, round_, sections=sections, shortcut=shortcut, java_script=java_script)
        browser.close()


def _measure(browser: Browser, address: str, round_, *, sections: int, shortcut: bool, java_script: bool) -> None:
    (code,) = make_codes(round_)
    with Phone(browser, address, java_script=java_script) as phone:
        cast_one(phone, code, sections=sections, shortcut=shortcut)
    what = f"{sections} section(s){', 其余都没有' if shortcut else ''}{'' if java_script else ', no script'}"
    screens = sum(page.screens for page in phone.pages)
    print(
        f"{what:<34}{phone.taps:>6}{len(phone.pages):>7}{screens:>9.1f}{phone.received:>10,}{phone.bodies:>9,}"
        f"{phone.pages[0].received:>12,}{phone.sent:>11,}",
        flush=True,
    )
    if sections == 1 and not shortcut and java_script:
        for page in phone.pages:
            parts = ", ".join(f"{name} {size:,}" for name, size in page.bytes_of.most_common())
            print(f"    {page.name:<10}{page.received:>8,}  {parts}")


def cast_one(
    phone: Phone, code: str, *, sections: int, shortcut: bool, look: Look = _nothing, is_bound: bool = False
) -> None:
    """Cast a ballot from the QR code's address to the receipt, looking at each page; a bound one chooses nothing."""
    _enter(phone, code)
    look("code")
    phone.press("下一步")
    if not is_bound:
        _choose(phone, sections, look)
    _rate(phone, sections, shortcut, look)
    phone.sees("review", "请核对您的评议")
    look("review")
    phone.press("提交评议票")
    phone.sees("done", "评议票已提交")
    look("done")


def _choose(phone: Phone, sections: int, look: Look) -> None:
    page = phone.page
    phone.sees("sections", "您在哪些科室办过事")
    look("sections")
    offered = page.locator("#sections label.row")
    if sections == offered.count():
        phone.tap(page.locator("button[name=all]"))
    else:
        for place in range(sections):
            phone.tap(offered.nth(place))
        phone.tap(page.get_by_role("button", name="下一步：开始评议", exact=True))


def _enter(phone: Phone, code: str) -> None:
    """Come by the QR code; without scripts the code is typed, which costs no tap here."""
    phone.open(f"/ballot/#{code}")
    phone.sees("code", "输入票号")
    field = phone.page.locator("#code")
    if not field.input_value():
        field.fill(code)


def _rate(phone: Phone, sections: int, shortcut: bool, look: Look) -> None:
    """Rate page by page, the last of which leads to the review."""
    while True:
        phone.page.locator("form[data-draft]").wait_for()
        phone.sees("rate")
        look("rate")
        if phone.page.locator("table.rating").count():
            _rate_table(phone, shortcut)
        else:
            _rate_section(phone, shortcut)
        onward = phone.page.locator("form[data-draft] button.primary")
        is_last = "核对" in onward.inner_text()
        number = phone.page.locator("input[name=from]").input_value()
        phone.tap(onward)
        phone.page.locator(f"input[name=from][value='{number}']").wait_for(state="detached")
        if is_last:
            return


def _rate_section(phone: Phone, shortcut: bool) -> None:
    questions = phone.page.locator("fieldset.question")
    if shortcut:
        phone.tap(questions.first.get_by_text(LIGHT, exact=True))
        phone.tap(phone.page.locator("[data-rest]"))
        expect(questions.last.locator("[value='0']")).to_be_checked()
        return
    for place in range(questions.count()):
        phone.tap(questions.nth(place).get_by_text(NONE, exact=True))


def _rate_table(phone: Phone, shortcut: bool) -> None:
    """In the table an answer of a select field is two taps: the field and the choice."""
    fields = phone.page.locator("table.rating select")
    if shortcut:
        rows = phone.page.locator("tr[data-section]")
        for place in range(rows.count()):
            phone.tap(rows.nth(place).locator("[data-rest]"))
            expect(rows.nth(place).locator("select").last).to_have_value("0")
        return
    for place in range(fields.count()):
        fields.nth(place).select_option("0")
        phone.taps += 2
