"""The choice of sections in a browser: found by everyday words on the shipped roster, the chosen ones in sight."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from departments.roster.services import import_roster
from evaluations.ballot_form.models import ServiceTopic
from evaluations.ballot_form.pages import whole_list
from evaluations.ballot_form.queries import forget_topics, topics_version
from evaluations.migrations import _everyday_words, _service_topics
from evaluations.rounds.models import Round
from evaluations.scoring.method import Channel
from nanchuan_eval.core.pinyin import initials
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import read_rows
from tests.e2e.boxes import SIZES, check_boxes
from tests.e2e.conftest import check_page, screenshot
from tests.factories import make_codes, make_open_round
from tests.paths import ROOT

ROSTER = ROOT / "departments" / "data" / "roster.xlsx"
# What found nothing before, and other ways to type it.
SEARCHES = {
    "驾驶证": ["车辆管理所"],
    "jsz": ["车辆管理所"],
    "我要补办驾驶证": ["车辆管理所"],
    "入学": ["基础教育科"],
    "退休": ["城乡居民养老保险科", "企业职工养老保险科"],
    "残疾证": ["社会救助科"],
    "停水": ["农村供水管理站", "抄表收费科", "管网维修科"],
    "拆迁": ["规划编制用地科", "国土空间用途管制科", "住房保障中心"],
    "死亡证明": ["户政管理科", "殡仪馆"],
    "噪音": ["治安管理支队", "生态环境保护综合行政执法支队"],
    "垃圾": ["环境卫生管理所"],
    "民政局 低保": ["社会救助科"],
    "没有这样的事": [],
}
FINES = {"交通巡逻警察支队", "城市管理综合行政执法支队", "市场监管综合行政执法支队", "规划自然资源执法大队"}
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def code(transactional_db):
    """The code of a ballot on the shipped roster."""
    now = timezone.now()
    if not ServiceTopic.objects.exists():
        _service_topics.enter(apps, None)
        _everyday_words.enter(apps, None)
    forget_topics()
    import_roster(rows=read_rows(ROSTER.read_bytes(), ROSTER.name), by=OPERATOR, at=now)
    round_ = make_open_round(sections=0, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1))
    return make_codes(round_, channel=Channel.OTHER)[0]


def reach_sections(page, code):
    page.goto("/ballot/")
    page.fill("#code", code)
    page.click("main button.primary")
    page.get_by_role("heading", name="您在哪些科室办过事").wait_for()


def know_words(page):
    """Touch the search field: what people call things comes once somebody searches."""
    with page.expect_response(lambda answer: "/ballot/words/" in answer.url) as words:
        page.focus("#filter")
    words.value.finished()


def shown(page):
    """The names of the rows in sight, in the order of the page."""
    script = "rows => rows.filter(r => r.offsetParent).map(r => r.querySelector('span').firstChild.textContent.trim())"
    return page.locator("#sections .row").evaluate_all(script)


def test_the_focus_stays_where_it_is_when_the_words_arrive(open_page, code):
    page = open_page(390)
    reach_sections(page, code)
    held = []
    page.route("**/ballot/words/**", lambda route: held.append(route))  # noqa: PLW0108  playwright marks the handler
    page.focus("#filter")
    page.locator("#sections input[name=section]").nth(40).focus()
    while not held:
        page.wait_for_timeout(30)
    held.pop().continue_()

    page.locator(".elsewhere").first.wait_for(state="attached")
    page.wait_for_timeout(100)
    page.keyboard.press("Space")

    assert page.locator("#sections input[name=section]:checked").count() == 1


def ticked(page):
    return page.locator("#sections input:checked").evaluate_all("boxes => boxes.map(box => box.value)")


def search_all(page):
    """Type every word and look at what is found."""
    for typed, names in SEARCHES.items():
        page.fill("#filter", typed)
        assert shown(page) == names, typed
    assert page.locator("#found").inner_text() == "没有找到相关科室。请换一个词，或者按单位查找。"
    page.fill("#filter", "罚款")
    assert set(shown(page)) > FINES
    page.fill("#filter", "残疾证")
    assert page.get_by_text("残疾证由残联办理").is_visible()


def test_everyday_words_find_sections_and_the_chosen_ones_stay_in_sight(open_page, code):
    page = open_page(320)
    reach_sections(page, code)
    everything = shown(page)
    assert len(everything) == 105
    know_words(page)
    search_all(page)

    page.fill("#filter", "jsz")
    page.locator("#filter").press("Enter")
    assert page.locator(".row:visible").inner_text().endswith("相关事项：驾驶证")
    page.locator(".row:visible").click()
    page.fill("#filter", "电费")
    page.locator(".row:visible").click()
    assert page.locator("#chips button").all_inner_texts() == ["车辆管理所\n×", "供电公司抄表收费科\n×"]
    assert page.locator(".chosen").inner_text() == "已选2个，最多10个"
    check_page(page)
    screenshot(page, "sections-320")
    page.get_by_role("button", name="取消选择车辆管理所").click()
    assert ticked(page) == ["D35-02"]
    assert page.evaluate("document.activeElement.ariaLabel") == "取消选择供电公司抄表收费科"

    page.locator("summary", has_text="按单位查找").click()
    page.locator(".index a").first.click()
    assert shown(page) == everything
    page.get_by_role("button", name="下一步：开始评议").click()
    page.get_by_role("heading", name="供电公司 抄表收费科").wait_for()
    page.go_back()
    page.get_by_role("button", name="取消选择供电公司抄表收费科").wait_for()


def test_initials_are_those_of_the_server(open_page, code):
    page = open_page(390)
    reach_sections(page, code)
    whole = whole_list(Round.objects.get().ballot_form_sha256, topics_version())
    rows = [row for unit in whole.units for row in unit.rows]
    words = [(word, row.section.code) for row in rows for word in (row.section.name, *row.words) if word.isalpha()]
    know_words(page)

    missed = page.evaluate(
        """pairs => pairs.filter(([typed, code]) => {
            const field = document.getElementById("filter");
            field.value = typed;
            field.dispatchEvent(new Event("input"));
            return document.querySelector(`input[value="${code}"]`).closest(".row").hidden;
        })""",
        [("".join(initials(word)), code) for word, code in words],
    )

    assert len(words) > 400
    assert missed == []


def test_until_the_everyday_words_come_the_names_are_searched(open_page, code):
    page = open_page(390)
    asked = []
    page.route("**/ballot/words/*", lambda route: asked.append(route))  # noqa: PLW0108  playwright marks the handler
    reach_sections(page, code)
    assert asked == []
    page.fill("#filter", "车辆管理")
    assert shown(page) == ["车辆管理所"]
    with page.expect_event("requestfailed"):
        asked[0].abort()
    page.fill("#filter", "残疾证")
    page.locator("#found", has_text="正在查找…").wait_for()
    asked[-1].continue_()
    page.get_by_text("残疾证由残联办理").wait_for()
    assert shown(page) == ["社会救助科"]
    assert asked[-1].request.header_value("cookie") is None


def test_too_many_are_said_beside_the_button_in_the_largest_type(open_page, code):
    page = open_page(320, color_scheme="dark")
    page.goto("/ballot/")
    page.context.add_cookies([{"name": "typesize", "value": "largest", "url": page.url}])
    reach_sections(page, code)
    for row in page.locator("#sections .row").all()[:11]:
        row.click()

    assert page.locator(".chosen").inner_text() == "已选11个，最多10个，请取消1个"
    check_page(page)
    check_boxes(page)
    for width, height, size in [(w, h, s) for w, h in ((320, 568), (390, 844), (667, 375)) for s in SIZES]:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("size => { document.documentElement.className = size; }", size)
        page.evaluate("window.scrollTo({ top: 2000, behavior: 'instant' })")
        for part in (".sticky .primary", ".chosen", "#chips"):
            box = page.locator(part).bounding_box()
            assert box["y"] >= height * 3 / 4 or height < 400, (part, box, width, size)
            assert box["y"] + box["height"] <= height, (part, box, width, size)
    page.set_viewport_size({"width": 320, "height": 568})
    screenshot(page, "sections-largest-320")


def test_without_javascript_the_server_searches_and_keeps_what_is_ticked(open_page, code):
    page = open_page(390, java_script_enabled=False)
    reach_sections(page, code)
    page.fill("#filter", "残疾证")
    page.locator("#filter").press("Enter")
    page.get_by_text("残疾证由残联办理").wait_for()
    assert page.locator("#found").inner_text() == "找到1个科室。"
    assert page.locator(".errors").count() == 0
    page.get_by_text("社会救助科").click()
    for typed, names in SEARCHES.items():
        page.fill("#filter", typed)
        page.get_by_role("button", name="查找", exact=True).click()
        page.locator(f"#filter[value='{typed}']").wait_for()
        names_shown = page.locator("#sections .row").evaluate_all("rows => rows.map(r => r.innerText.split('\\n')[0])")
        assert [name for name in names_shown if name != "社会救助科"] == [n for n in names if n != "社会救助科"], typed
        assert ticked(page) == ["D06-03"]
    screenshot(page, "sections-no-script-390")
    page.get_by_role("button", name="显示全部科室").click()
    assert page.locator("#sections .row").count() == 105
    page.locator("#filter").press("Enter")
    page.get_by_role("heading", name="民政局 社会救助科").wait_for()
