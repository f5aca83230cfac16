"""The public recount in a browser: the system's own list, every forged value found, faulty files refused."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.publication.services import publish_list, strike_unpublished
from tests.e2e.conftest import check_page, screenshot
from tests.evaluations.scoring.forgeries import forgeries
from tests.evaluations.scoring.test_check_result import HIDDEN, NC2, THIN, VETOES, files_of, listed
from tests.evaluations.tally.factories import BY_METHOD, LATER, announce, spread_answers
from tests.factories import make_sealed_round, make_user
from tests.paths import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PUBLIC = {"section", "rank", "listed", "label", "difficulty", "drawn_deviation", "rank_low", "rank_high"}
# Whether all agrees, and what is said; a faulty file's sentence. Files as text, as a browser gets them.
JUDGE = """async (rounds) => Promise.all(rounds.map(async (texts) => {
  try {
    const files = Object.fromEntries(Object.entries(texts).map(([kind, text]) =>
      [kind, text === null ? null : parseJSON(new TextEncoder().encode(text))]));
    const digest = await sha256(J(JSON.parse(texts.published)));
    const { result, lines } = await compareFiles(files, digest, (code) => code);
    return [lines.every(([good]) => good), lines.filter(([good]) => !good).map((line) => line[1]), result];
  } catch (fault) {
    if (fault instanceof Unusable) return [false, [fault.message], null];
    throw fault;
  }
}))"""

FAULTY = [
    ("", "第1行：“文件末尾”不是有效的 JSON"),
    ("{", "第1行：“文件末尾”不是有效的 JSON"),
    ('{\n"a":1,\n"a":2}', "第3行：“a”在同一对象中出现两次"),
    ('{"a":NaN}', "数只能是整数，小数应写成文字：NaN"),
    ('{"a":1.5}', "1.5"),
    ('{"a":1e999}', "1e999"),
    ('["\\ud800"]', "不完整的字符"),
    ("[" * 100_000, "嵌套超过32层"),
    ("1 2", "“2”是多余的内容"),
    ("{}", "“文件”应恰好有"),
    ("null", "“文件”应恰好有"),
]


@pytest.fixture
def recount(open_page):
    """A page with the script alone; it is no secure one, so it computes SHA-256 by itself."""
    page = open_page()
    page.add_script_tag(path=ROOT / "static" / "js" / "recount.js")
    assert page.evaluate("globalThis.crypto?.subtle === undefined")

    def judge(files, *changes):
        published = listed(files)
        open_ = {"list": published, "cells": files["cells"], "rulebook": files["rulebook"], "published": published}
        return page.evaluate(JUDGE, [{kind: text_of(each) for kind, each in (open_ | one).items()} for one in changes])

    return judge


def text_of(document):
    return document if isinstance(document, str) else json.dumps(document)


def test_it_agrees_with_the_published_rounds(recount):
    for ballots, rulebook in NC2:
        files = files_of(ballots, rulebook)
        public = [{k: v for k, v in row.items() if k in PUBLIC} for row in files["result"]["sections"]]

        [(agrees, said, result)] = recount(files, {"result": files["result"]})

        assert (agrees, said) == (True, [])
        assert result == {"publication": files["result"]["publication"], "sections": public}


@pytest.mark.parametrize("number", [THIN, VETOES, HIDDEN])
def test_every_forged_value_is_found(recount, number):
    files = files_of(*NC2[number])
    for name, document in {**files, "list": listed(files)}.items():
        if name != "ballots":
            forged = list(forgeries(document))
            found = recount(files, *({name: each} for _, each in forged))
            assert [
                (name, path) for (path, _), (agrees, said, _) in zip(forged, found, strict=True) if agrees or not said
            ] == []


def test_section_and_value_are_named(recount):
    files = files_of(*NC2[0])
    published = listed(files)
    first = published["entries"][0]
    first["label"] = "明确无疑"
    right = listed(files)["entries"][0]["label"]

    [(_, said, _)] = recount(files, {"list": published})

    assert said[-1] == f"{first['code']}：标注复算为“{right}”，公示为“明确无疑”"


def test_all_that_follows_from_the_cells_is_compared_whatever_digest_is_published(recount):
    files = files_of(*NC2[THIN])
    changes = [
        {"places": "在99个参加排名的科室中"},
        {"margin": "本轮前1名与其后科室差距明显。"},
        {"interval": "位次区间没有误差。"},
        {"labels": [["明确", "该科室最难办事。"]]},
        {"unranked_sections": []},
        {"note": "经决定公示。"},
        {"struck": 1},
        {"entries": [{k: v for k, v in e.items() if k not in {"label", "rank_low"}} for e in listed(files)["entries"]]},
        {"withdrawn": [{"code": "D99-99", "rank": 1}]},
        {"vacant": [1]},
    ]
    forged = [listed(files, **each) for each in changes]

    found = recount(files, {}, *({"list": each, "published": each} for each in forged))

    assert [agrees for agrees, _, _ in found] == [True] + [False] * len(changes)


def test_the_file_of_a_faulty_number_is_named_and_both_digests_of_two_rounds(recount):
    one, other = (files_of(*NC2[n]) for n in (0, 1))
    changes = [{"rulebook": one["rulebook"] | {"z": "abc"}}, {"rulebook": other["rulebook"]}]

    [(_, number, _), (_, rounds, _)] = recount(one, *changes)

    assert number[-1] == "规则文件的“z”不是数：abc"
    assert all(each["cells"]["rulebook_sha256"] in rounds[-1] for each in (one, other))


def test_a_faulty_file_is_refused_in_a_sentence(recount):
    answers = recount(files_of(*NC2[0]), *({"cells": rubbish} for rubbish, _ in FAULTY))

    for (rubbish, told), (_, said, _) in zip(FAULTY, answers, strict=True):
        assert told in said[-1], rubbish


@pytest.fixture
def published(transactional_db):
    """A published round whose cells can be seen."""
    round_ = make_sealed_round(targeted=12, sections=6, rulebook=BY_METHOD["NC-2"] | {"list_length": 2})
    spread_answers(round_)
    announce(round_)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))
    round_.refresh_from_db()
    return round_


def recount_on(page, round_):
    """Press the button of the round's page, and return what is said at the end."""
    page.goto(reverse("recount-check", args=[round_.key, 1]))
    return pressed(page)


def pressed(page):
    page.get_by_role("button", name="在浏览器中复算").click()
    page.locator("#check button:enabled").wait_for()
    return page.locator("#check [role=status]").inner_text()


def test_a_section_that_was_struck_is_told_and_excepted(open_page, transactional_db):
    round_ = make_sealed_round(targeted=12, sections=6, rulebook=BY_METHOD["NC-2"] | {"list_length": 2})
    spread_answers(round_)
    announce(round_)
    round_.refresh_from_db()
    strike_unpublished(round_, round_.results.get(rank=1).section.code)
    publish_list(round_id=round_.pk, by=make_user("commission"), at=LATER + timedelta(days=9))
    page = open_page()

    assert "撤下的1个科室除外" in recount_on(page, round_)
    assert "名单比计票少1个科室：更正撤下0个，公示前撤下1个" in page.locator("#check ol").text_content()


def choose(page, kind, content):
    """Choose a file that somebody has kept."""
    page.locator("#check summary").click()
    page.locator(f"#file-{kind}").set_input_files(
        {"name": f"{kind}.json", "mimeType": "application/json", "buffer": content}
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_a_citizen_recounts_the_list(open_page, published, width):
    page = open_page(width)

    assert recount_on(page, published).startswith("结果：一致")
    assert page.locator(".verdict h2").inner_text() == "结果：一致"

    shown = page.locator("#recounted tbody").inner_text()
    assert all(str(section) in shown for section in published.sections.all())
    assert page.locator("#check .error").count() == 0
    check_page(page)
    screenshot(page, f"recount-{width}")
    for name in ("proofs", "public-list"):
        page.goto(reverse(name, args=[published.key]))
        check_page(page)
        screenshot(page, f"recount-{name}-{width}")


def test_a_forged_list_is_told_by_section_and_value(open_page, published):
    page = open_page()
    first = json.loads(published.publications.get().content)["entries"][0]
    page.route(
        "**/list.json", lambda route: route.fulfill(body=route.fetch().text().replace('"rank":1,', '"rank":7,', 1))
    )

    assert "结果：不一致，共" in recount_on(page, published)

    said = page.locator("#check ol").text_content()
    assert "list.json 的校验值为" in said
    assert f"{first['department']}{first['section']}（{first['code']}）：位次复算为“1”，公示为“7”" in said
    screenshot(page, "recount-forged-390")


def test_a_forged_file_from_disk_is_told(open_page, published):
    page = open_page()
    page.goto(reverse("recount-check", args=[published.key, 1]))
    result = json.loads(published.tally.result)
    result["sections"][0]["rank_high"] += 1
    choose(page, "result", json.dumps(result).encode())

    assert "结果：不一致" in pressed(page)

    code = result["sections"][0]["section"]
    assert f"（{code}）在 result.json 中的 rank_high ：复算为" in page.locator("#check ol").text_content()


def test_the_right_result_file_agrees(open_page, published):
    page = open_page()
    page.goto(reverse("recount-check", args=[published.key, 1]))
    choose(page, "result", published.tally.result.encode())

    assert pressed(page).startswith("结果：一致")
    assert "result.json 的公开部分与复算一致" in page.locator("#check ol").text_content()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x00" * 10_000_000, "cells.json：文件过大，超过2MB"),
        (b"[\n\xff]", "cells.json：第2行有不是UTF-8编码的文字"),
        (b'{"a":1,"a":1}', "cells.json：第1行：“a”在同一对象中出现两次"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(open_page, published, content, told):
    page = open_page()
    page.goto(reverse("recount-check", args=[published.key, 1]))
    choose(page, "cells", content)

    said = pressed(page)

    assert said.startswith("结果：尚未核验。不能复算")
    assert told in said


def test_a_broken_network_is_told(open_page, published):
    page = open_page()
    page.route("**/cells.json", lambda route: route.abort())

    assert "cells.json：下载失败" in recount_on(page, published)
