"""The page 模拟 of a round: who sees it, what it says of a result, what it refuses."""

import json
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evaluations.scoring.nc2.cells_file import rulebook_digest
from evaluations.simulation.pages import simulation_page
from evaluations.simulation.rules.expectations import complete
from evaluations.simulation.rules.results import parse_result
from nanchuan_eval.core.canonical import canonical_json
from tests.evaluations.simulation.examples import result
from tests.factories import make_open_round, make_round, make_section, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    return make_open_round(sections=4)


def look(client, round_, document=None, role="clerk"):
    """The page, or its answer to an uploaded file."""
    client.force_login(make_user(role))
    address = f"/admin/evaluations/round/{round_.pk}/simulation/"
    if document is None:
        return client.get(address)
    content = document if isinstance(document, bytes) else canonical_json(document)
    return client.post(address, {"file": SimpleUploadedFile("simulation.json", content)})


def test_it_says_what_it_is_before_and_after_the_upload(client, round_):
    assert "模拟结果，不是预测" in look(client, round_).content.decode()
    assert "模拟结果，不是预测" in look(client, round_, result()).content.decode()


@pytest.mark.parametrize(("role", "status"), [("clerk", 200), ("chief", 200), ("commission", 200), ("auditor", 403)])
def test_the_office_and_the_commission_see_it(client, round_, role, status):
    assert look(client, round_, role=role).status_code == status
    assert client.get(f"/admin/evaluations/round/{round_.pk}/simulation/rulebook.json").status_code == status


def test_the_round_links_to_it(client, round_):
    client.force_login(make_user("clerk"))

    page = client.get(f"/admin/evaluations/round/{round_.pk}/change/").content.decode()

    assert f"/admin/evaluations/round/{round_.pk}/simulation/" in page


def test_a_result_is_told_in_sentences_with_its_error(client, round_):
    text = unescape(look(client, round_, result()).content.decode())

    assert "真正最难办的10个科室，平均有7.5个（±0.1）上榜。" in text
    assert "每轮平均有5.8个（±0.0）科室样本不足，其中0.6个（±0.0）属于真正最难办的10个。" in text
    assert "100.0%（±1.0）的轮次达到公示条件。" in text
    assert "其中99.0%（±1.0）确实属于真正最难办的10个。" in text
    assert "面向企业" not in text


def test_pictures_have_titles_that_say_what_is_seen():
    page = simulation_page(parse_result(result()))

    assert page.bought.title == (
        "买通12张定向评议票，使位次居中的科室上榜的机会："
        "18至32行的为30.0%，40至60行的为30.0%，60至80行的为30.0%，80至200行的为30.0%"
    )
    assert [picture.title for picture in page.fakes] == [
        "差评假票对真实位次第25名上榜机会的影响：抽样评议混入20张假票，由0.0%变为50.0%；其他评议混入300张假票，由0.0%变为100.0%",
        "好评假票对真正最难办的第5名上榜机会的影响："
        "抽样评议混入20张假票，由0.0%变为50.0%；其他评议混入300张假票，由0.0%变为100.0%",
    ]
    assert len(page.bought.rows) == 4 * 4
    assert all(row.low <= row.dot <= row.high for row in page.bought.rows)


def test_a_figure_of_which_there_is_nothing_to_say_is_left_out():
    bare = result()
    for name in bare["figures"]:
        bare["figures"][name] = {"mean": None, "error": None, "of": 0}
    bare["bought"], bare["fakes"] = [], []

    page = simulation_page(parse_result(bare))

    assert (page.sentences, page.bought, page.fakes) == ([], None, [])
    assert page.reliability.rows == []


def test_what_was_assumed_is_said():
    assumed = {
        "difficulty": "flat",
        "strata": True,
        "hearsay": "1/4",
        "floor": 30,
        "one_line": {"quota": 40, "clients": 245},
    }

    page = simulation_page(parse_result(result() | {"expectation": complete(assumed), "cells_sha256": "1" * 64}))

    assert page.assumptions == [
        "各科室的难办程度相差不大",
        "评议人员分五类，宽严不同，其中一类为企业，三分之一的科室主要面向企业",
        "评议多个科室的人员对科室的了解有25.0%来自传闻",
        "定向评议不足30行的科室，补足到30行",
        "每个科室另收回40张本科室服务对象的评议票，每张只评一个科室",
        "服务对象有限，一般的科室有245人",
        "科室冷热、难办程度的差别、渠道之间的差别按上一轮公布的数据估计",
    ]


def test_a_draw_among_clients_is_said_with_its_top_ups():
    drawn = {"one_line": {"quota": 40, "letters": 110, "fewest": 20, "clients": 245}}

    page = simulation_page(parse_result(result() | {"expectation": complete(drawn)}))

    assert page.assumptions[1:] == [
        "每个科室抽取110名服务对象（不足的全部邀请），每张票只评这一个科室，服务对象不足20人的科室不抽",
        "有科室收回不足40张、还有人可抽的，每次追加50%，最多2次",
        "服务对象有限，一般的科室有245人",
    ]


def test_a_result_by_other_rules_is_said_to_be_so(client, round_):
    assert "与本轮现在的不同" in look(client, round_, result()).content.decode()

    rules = client.get(f"/admin/evaluations/round/{round_.pk}/simulation/rulebook.json").content
    own = result() | {"rulebook_sha256": rulebook_digest(json.loads(rules))}

    assert "与本轮现在的规则相同" in look(client, round_, own).content.decode()


def test_before_the_lock_the_rules_name_the_sections_rated_now(client):
    section, draft = make_section(), make_round()
    client.force_login(make_user("clerk"))

    rules = json.loads(client.get(f"/admin/evaluations/round/{draft.pk}/simulation/rulebook.json").content)

    assert rules["sections"] == [section.code]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "空"), (b"{", "JSON"), (b"\xff", "UTF-8"), (b"{}", "不是 simulate_round"), (b"x" * 3_000_000, "文件过大")],
)
def test_another_file_is_refused_in_words(client, round_, content, said):
    answer = look(client, round_, content)

    assert said in answer.content.decode()
    assert "结果有多可靠" not in answer.content.decode()
