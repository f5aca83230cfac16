"""A draw in browsers: the ceremony by two clerks and the chief, then the public check."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.draws.models import Draw, PlannedDraw
from evaluations.draws.services.ceremony import issue_signing_codes
from evaluations.pools.rules import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from tests.e2e.conftest import check_page, log_in, screenshot
from tests.factories import LATER, commit, hold_draw, make_pool, make_round, make_section, make_user, throw
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
    codes = issue_signing_codes(draw_id=supervisors.pk, by=make_user("clerk"), at=LATER)
    draw = commit(round_)
    Draw.objects.filter(pk=draw.pk).update(committed_at=timezone.now() - timedelta(days=2))
    PlannedDraw.objects.update(planned_at=timezone.now() - timedelta(hours=1))
    return draw, list(codes.values())


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
    """Verify the draw on a phone and look up a drawn person without sending personal data."""
    page = open_page(390)
    sent = []
    page.goto(f"/draws/{draw.draw_id}/")
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("核验一致").wait_for()
    assert draw.seed in page.locator("#check ol").inner_text()
    entry = draw.entries.filter(is_selected=True).order_by("stratum", "place").first()
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.get_by_label("查询码").fill(" ".join(entry.salt[n : n + 8] for n in range(0, 64, 8)))
    page.get_by_label("本人信息").fill(f"{entry.person.name}/{entry.person.phone}")
    page.get_by_role("button", name="查询").click()
    page.get_by_text(f"中抽中，次序第{entry.place}").wait_for()
    assert not [each for each in sent if entry.salt in each or entry.person.phone in each]
    page.get_by_label("本人信息").fill("别人/13900000000")
    page.get_by_role("button", name="查询").click()
    page.get_by_text("不在本次名单中").wait_for()
    check_page(page)
    screenshot(page, "draw-390")


def test_the_browsers_check_agrees_with_the_published_vectors(open_page, committed):
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    page = open_page(390)
    page.goto(f"/draws/{supervisors.draw_id}/")
    judge = "proof => redraw(proof, () => {}, async () => {}).catch(error => 'FAIL ' + error.message)"

    for vector in VECTORS["vectors"]:
        assert page.evaluate(judge, vector["proof"]) == vector["proof"]["result"]["seed"], vector["name"]
    for vector in VECTORS["rejects"]:
        assert page.evaluate(judge, vector["proof"]).startswith("FAIL "), vector["name"]


def test_the_browser_detects_a_tampered_proof(open_page, committed, live_server):
    supervisors = Draw.objects.get(purpose=DrawPurpose.SUPERVISORS)
    page = open_page(390)

    def tamper(route):
        text = route.fetch().text()
        first = supervisors.entries.filter(is_selected=True).first().token
        route.fulfill(body=text.replace(first, "f" * 64), content_type="application/json")

    page.route("**/proof.json", tamper)
    page.goto(f"/draws/{supervisors.draw_id}/")
    page.get_by_role("button", name="在浏览器中核验").click()
    page.get_by_text("核验不一致").wait_for()


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
    clerk.locator("[name=kind]").select_option("recipients")
    clerk.locator("[name=file]").set_input_files({"name": "名单.csv", "mimeType": "text/csv", "buffer": csv.encode()})
    clerk.get_by_role("button", name="上传并预览").click()
    screenshot(clerk, "pools-1280")
    clerk.get_by_role("button", name="确认导入2人").click()
    assert "服务对象库：2人" in clerk.content()
    chief = staff_page(open_page, "chief", live_server)
    chief.goto(reverse("admin:evaluations_round_change", args=[draw.round_id]))
    screenshot(chief, "round-draws-1280")
