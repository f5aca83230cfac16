"""A draw in browsers: the ceremony by two clerks and the chief, then the public check."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.pages import register
from evaluations.draws.queries.proofs import proof_text
from evaluations.draws.rules import lookup_address
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.evaluations.protocol.forgeries import FORGERIES
from tests.evaluations.service_records.factories import make_clients
from tests.factories import (
    commit,
    hold_draw,
    issue_codes,
    make_manifestations,
    make_pool,
    make_round,
    make_section,
    make_user,
    throw,
)
from tests.paths import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "draw_vectors.json").read_text(encoding="utf-8"))
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def committed(transactional_db):
    """A committed draw of evaluators past its lead time, and the supervisors' signing codes."""
    round_ = make_round(
        state=RoundState.FROZEN, rulebook={"evaluators": 20, "supervisors_present": 3}, name="2026年上半年"
    )
    make_pool(round_, PoolKind.SUPERVISORS, groups={"人大代表": 6, "市民代表": 6})
    make_pool(round_)
    supervisors = hold_draw(round_, DrawPurpose.SUPERVISORS)
    codes = issue_codes(supervisors)
    draw = commit(round_)
    Draw.objects.filter(pk=draw.pk).update(committed_at=timezone.now() - timedelta(days=2))
    PlannedDraw.objects.update(planned_at=timezone.now() - timedelta(hours=1))
    return draw, codes


def staff_page(open_page, role, live_server, width=1280):
    page = open_page(width)
    log_in(page, make_user(role), live_server.url)
    return page


def test_a_ceremony_from_the_dice_to_the_public_check(open_page, committed, live_server):
    draw, codes = committed
    ceremony = reverse("admin:draw-ceremony", args=[draw.pk])
    dice, lottery = throw(draw)
    clerks = [staff_page(open_page, "clerk", live_server) for _ in range(2)]
    clerks[0].goto(ceremony)
    screenshot(clerks[0], "ceremony-dice-1280")
    for page in clerks:
        page.goto(ceremony)
        for group in range(4):
            page.locator(f"[name=numbers{group}]").fill("".join(map(str, dice[5 * group : 5 * group + 5])))
        page.get_by_role("button", name="录入").click()
    for number, page in enumerate(clerks):
        page.goto(ceremony)
        page.locator("[name=numbers0]").fill(" ".join(map(str, lottery)))
        page.locator("[name=issue]").fill(f"202606{number}")
        page.get_by_role("button", name="录入").click()
    screenshot(clerks[1], "ceremony-mismatch-1280")
    assert "两人录入不一致" in clerks[1].content()
    clerks[0].goto(ceremony)
    clerks[0].locator("[name=numbers0]").fill(" ".join(map(str, lottery)))
    clerks[0].locator("[name=issue]").fill("2026061")
    clerks[0].get_by_role("button", name="录入").click()

    chief = staff_page(open_page, "chief", live_server)
    chief.goto(ceremony)
    chief.get_by_role("button", name="执行抽取").dblclick()
    for made in codes[:3]:
        chief.locator("[name=code]").fill(made[0])
        chief.get_by_role("button", name="确认签名").click()
    screenshot(chief, "ceremony-signed-1280")
    chief.get_by_role("button", name="公开证明").click()
    screenshot(chief, "ceremony-published-1280")
    chief.goto(reverse("admin:draw-people", args=[draw.pk]))
    screenshot(chief, "draw-people-1280")
    recheck(open_page, Draw.objects.get(pk=draw.pk))


def recheck(open_page, draw):
    """Verify the draw on a phone."""
    page = open_page(390)
    page.goto(f"/draws/{draw.draw_id}/")
    assert page.locator(".verdict h2").inner_text() == "结果：一致"
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("结果：一致。您的设备重新抽取一遍").wait_for()
    page.get_by_text("专业核验（逐步结果）").click()
    assert draw.seed in page.locator("#check ol").inner_text()
    check_page(page)
    screenshot(page, "draw-390")


def letter_of(draw, entry):
    """What stands in the QR code of the letter to a drawn person."""
    return lookup_address(f"/draws/{draw.draw_id}/", entry.salt, entry.token)


def test_a_letters_code_shows_its_reader_the_answer_and_stays_on_the_device(open_page, committed):
    draw = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    first, second = draw.entries.filter(is_selected=True).order_by("stratum", "place")[:2]
    sent = []
    page = open_page(390)
    page.on("request", lambda request: sent.append(request.url.partition("#")[0] + (request.post_data or "")))

    page.goto(letter_of(draw, first))
    answer = page.locator("#lookup [role=status]")
    page.get_by_text(f"您在抽中名单中，类别“{first.stratum}”，序号{first.place}").wait_for()
    assert first.token in answer.inner_text()
    assert page.evaluate("location.href").endswith(f"/draws/{draw.draw_id}/")
    assert answer.evaluate("node => node === document.activeElement")
    check_page(page)
    screenshot(page, "draw-letter-390")
    # Own name and phone show that the token follows from them.
    page.get_by_label("本人信息").fill(f"{first.person.name}/{first.person.phone}")
    page.get_by_role("button", name="查询").click()
    page.get_by_text("本人信息一致").wait_for()
    page.get_by_label("本人信息").fill("别人/13900000000")
    page.get_by_role("button", name="查询").click()
    page.get_by_text("本人信息与匿名编号不一致").wait_for()
    # Another letter's code in the same window.
    page.get_by_label("本人信息").fill("")
    page.goto(letter_of(draw, second))
    page.get_by_text(f"类别“{second.stratum}”，序号{second.place}").wait_for()
    secrets = (first.salt, second.salt, first.person.phone, first.token[:8])
    assert [each for each in sent if any(secret in each for secret in secrets)] == []


def test_the_first_digits_of_a_token_are_enough_to_type(open_page, committed):
    draw = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    first = draw.entries.filter(is_selected=True).order_by("stratum", "place").first()
    page = open_page(320)
    page.goto(f"/draws/{draw.draw_id}/")
    page.get_by_label("匿名编号（前8位即可）").fill("太短")
    page.get_by_role("button", name="查询").click()
    page.get_by_text("至少输入前8位").wait_for()
    page.get_by_label("匿名编号（前8位即可）").fill(f"{first.token[:4]} {first.token[4:8].upper()}")
    page.get_by_label("匿名编号（前8位即可）").press("Enter")
    page.get_by_text(f"这个匿名编号在抽中名单中，类别“{first.stratum}”，序号{first.place}").wait_for()
    page.get_by_label("匿名编号（前8位即可）").fill("00000000")
    page.get_by_role("button", name="查询").click()
    page.get_by_text("不在本次名单中").wait_for()


def test_a_letter_read_too_early_or_without_scripts_says_what_to_do(open_page, committed):
    draw, _ = committed
    drawn = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    entry = drawn.entries.filter(is_selected=True).first()
    page = open_page(320)
    page.goto(letter_of(draw, entry))
    assert "公开以后，请再次扫描通知书上的二维码" in page.locator("main").inner_text()
    assert entry.salt not in page.evaluate("location.href")
    page = open_page(320, java_script_enabled=False)
    page.goto(letter_of(drawn, entry))
    assert "查找通知书上的匿名编号" in page.locator("#lookup").inner_text()
    assert not page.get_by_role("button", name="查询").is_visible()


def test_the_browsers_check_agrees_with_the_published_vectors(open_page, committed):
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    page = open_page(390)
    page.goto(f"/draws/{supervisors.draw_id}/")
    judge = "proof => redraw(proof, () => {}, async () => {}).catch(error => 'FAIL ' + error.message)"

    for vector in VECTORS["vectors"]:
        assert page.evaluate(judge, vector["proof"]) == vector["proof"]["result"]["seed"], vector["name"]
    for vector in VECTORS["rejects"]:
        assert page.evaluate(judge, vector["proof"]).startswith("FAIL "), vector["name"]
    for rule, forged in FORGERIES.items():
        said = page.evaluate(judge, forged)
        assert said.startswith("FAIL ") and "与公布的不一致" not in said, (rule, said)


def serving(text):
    return lambda route: route.fulfill(body=text, content_type="application/json")


def test_the_browser_refuses_what_its_parser_would_hide(open_page, committed):
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    page = open_page(390)
    page.goto(f"/draws/{supervisors.draw_id}/")
    honest = "".join(proof_text(supervisors))
    twice = honest.replace('"format":', '"format":"","format":')
    other_number = re.sub(r'"pool_size":(\d+)', r'"pool_size":\1.0', honest)
    for text in (twice, other_number):
        assert text != honest
        page.route("**/proof.json", serving(text))
        page.get_by_role("button", name="在浏览器中核验").click()
        page.get_by_text("证明文件不是规定的写法").wait_for()
        page.unroute("**/proof.json")
        page.reload()


def test_the_browser_detects_a_tampered_proof(open_page, committed, live_server):
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    page = open_page(390)

    def tamper(route):
        text = route.fetch().text()
        first = supervisors.entries.filter(is_selected=True).first().token
        route.fulfill(body=text.replace(first, "f" * 64), content_type="application/json")

    page.goto(f"/draws/{supervisors.draw_id}/")
    page.route("**/proof.json", lambda route: route.abort())
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("结果：尚未核验。数据下载失败").wait_for()
    page.unroute("**/proof.json")
    page.route("**/proof.json", tamper)
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("结果：不一致。").wait_for()


def test_public_and_staff_pages_of_draws_are_accessible(open_page, committed, live_server):
    draw, _ = committed
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    for width in (320, 390, 1280):
        page = open_page(width)
        for path in ("/draws/", f"/draws/{draw.draw_id}/", f"/draws/{supervisors.draw_id}/"):
            page.goto(path)
            check_page(page)
        page.goto("/draws/")
        screenshot(page, f"draws-{width}")
    page.goto(f"/draws/{supervisors.draw_id}/")
    screenshot(page, "draw-1280")
    clerk = staff_page(open_page, "clerk", live_server)
    clerk.goto(reverse("admin:round-pool", args=[draw.round_id]))
    code = make_section().code
    people = ("甲,13800000001,某厂", "甲,13800000001,某厂", "乙,13800000002,")
    csv = "姓名,手机号,单位,办过事的科室\n" + "".join(f"{person},{code}\n" for person in people)
    screenshot(clerk, "pools-1280")
    clerk.get_by_role("link", name="导入服务对象库").click()
    clerk.locator("[name=file]").set_input_files({"name": "名单.csv", "mimeType": "text/csv", "buffer": csv.encode()})
    clerk.get_by_role("button", name="上传并预览").click()
    clerk.get_by_role("button", name="确认导入服务对象库").click()
    assert "服务对象库：2人" in clerk.content()
    chief = staff_page(open_page, "chief", live_server)
    chief.goto(reverse("admin:evaluations_round_change", args=[draw.round_id]))
    screenshot(chief, "round-draws-1280")


def test_a_long_draw_is_looked_up_without_its_whole_list(open_page, committed, monkeypatch):
    monkeypatch.setattr(register, "TOKENS_ON_PAGE", 0)
    draw = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    drawn = draw.entries.filter(is_selected=True).order_by("stratum", "place").first()
    missing = draw.entries.filter(place=None).first()
    sent = []
    page = open_page(390)
    page.on("request", lambda request: sent.append(request.url))

    page.goto(letter_of(draw, drawn))
    page.get_by_text(f"您在抽中名单中，类别“{drawn.stratum}”，序号{drawn.place}").wait_for()
    page.get_by_label("匿名编号（前8位即可）").fill(missing.token[:16])
    page.get_by_role("button", name="查询").click()
    page.get_by_text("不在本次抽中、候补的名单中").wait_for()

    assert [url for url in sent if url.endswith("/proof.json") or "/proof/" in url] == []
    assert any(url.endswith("/drawn.tsv") for url in sent)
    assert page.locator("details.stratum").count() == 0
    check_page(page)


def test_a_draw_among_clients_passes_the_browsers_checker(open_page, transactional_db):
    make_manifestations()
    sections = [make_section(), make_section()]
    round_ = make_round(state=RoundState.FROZEN, rulebook={"client_draw": True, "client_batch_min": 5})
    for section in sections:
        make_clients(section, 8)
    draw = hold_draw(round_, DrawPurpose.CLIENTS)
    page = open_page(390)

    page.goto(f"/draws/{draw.draw_id}/")
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("结果：一致。您的设备重新抽取一遍").wait_for()

    assert page.get_by_text("8/8（100.0%）").count() == 2
    check_page(page)
    screenshot(page, "draw-clients-390")
