"""A link of a message opens and is voted with where the browser keeps nothing, as WeChat's may: no cookie, no store."""

import json
import re

import pytest

from evaluations.messages.rules.texts import CodeLine, invitation, link
from tests.evaluations.codes.bound import make_bound_codes
from tests.factories import waiting_ballots

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Every way of keeping something throws, as in a browser that forbids it.
KEEPS_NOTHING = """
for (const name of ["localStorage", "sessionStorage", "indexedDB"])
  Object.defineProperty(window, name, { get() { throw new DOMException("forbidden", "SecurityError"); } });
Object.defineProperty(document, "cookie", { get: () => "", set() {} });
"""
WECHAT = "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/107 Mobile Safari/537.36 MicroMessenger/8.0.40"


@pytest.mark.parametrize("scripts", [True, False])
def test_the_link_of_a_message_leads_to_the_receipt_without_cookies(open_page, voting, live_server, scripts):
    section = voting.sections.all()[1]
    code = make_bound_codes(voting, {section.code: 20})[section.code][0]
    line = CodeLine(str(section), code)
    words = {"sign": "南川评议办", "name": "张三", "closes": "07月01日", "recently": "近半年"}
    text = invitation(**words, site=live_server.url, lines=[line])
    address = re.search(r"http\S+", text)[0]
    assert address == link(live_server.url, line)
    page = open_page(java_script_enabled=scripts, user_agent=WECHAT)
    page.add_init_script(KEEPS_NOTHING)
    kept = []
    page.on("response", lambda answer: kept.append(answer.url) if "set-cookie" in answer.headers else None)

    page.goto(address)
    if not scripts:
        page.fill("#code", code)
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("您在这里办过事").wait_for()
    for indicator in ("cold", "lazy", "buck_passing", "disorderly", "greedy"):
        page.locator(f"input[name='{section.code}.{indicator}'][value='1']").check(force=True)
    page.get_by_role("button", name="下一步：核对评议内容").click()
    page.get_by_role("heading", name="请核对您的评议").wait_for()
    page.get_by_role("button", name="提交评议票").click()
    page.locator("[data-done]").wait_for()

    assert kept == []
    assert page.context.cookies() == []
    (ballot,) = waiting_ballots()
    assert [each["section"] for each in json.loads(ballot.vote)["lines"]] == [section.code]
