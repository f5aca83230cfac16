"""怎样参加, 怎样核验: what they say is what the rules do; 怎样计分 has its own test."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations.protocol.drawing import ticket
from evaluations.protocol.example import STRATUM, draw_example
from evaluations.rounds.rules.lifecycle import RoundState
from tests.evaluations.tally.factories import SMALL
from tests.factories import make_open_round, make_round, make_sealed_round
from tests.pages import compact, page_in

pytestmark = pytest.mark.django_db
# Pages for everybody show neither files nor programs nor digests outside the folded part 专业核验.
MACHINE_WORDS = re.compile(r"[0-9a-f]{32}|\.json|\.py\b|SHA|种子|校验值|哈希|python", re.IGNORECASE)


def page(client, name, *args):
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return compact(answer.content.decode())


def text_of(page):
    return re.sub(r"<[^>]+>", "", page)


def unfolded(page):
    main = re.search(r"<main.*</main>", page, re.DOTALL)[0]
    return text_of(re.sub(r"<details.*?</details>", "", main, flags=re.DOTALL))


class TestTakingPart:
    def test_the_open_round_with_its_own_numbers(self, client):
        now = timezone.now()
        round_ = make_open_round(
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=1),
            rulebook={"min_answered": 5, "comment_length": 321, "open_per_device": 7},
        )

        text = text_of(page(client, "how-to-take-part"))

        assert f"{round_.name}正在投票" in text
        assert "输入票号评议" in text
        for said in ("至少有5项不是“不了解”", "不超过321字", "最多领取7张", "不足5项，对该科室的评议无效"):
            assert said in text

    @pytest.mark.parametrize(
        ("levels", "severe_from", "asked", "example"),
        [
            (3, 2, "选“较重”或者“严重”的，请勾选", "懒选“轻微”，推选“较重”并勾选具体表现，"),
            (4, 4, "选“非常严重”的，请勾选", "懒选“轻微”，推选“较重”，"),
            (1, 1, "选“轻微”的，请勾选", "懒选“轻微”并勾选具体表现，推选“轻微”并勾选具体表现，"),
        ],
    )
    def test_the_levels_are_the_rounds(self, client, levels, severe_from, asked, example):
        opens_at = timezone.now() + timedelta(days=3)
        rulebook = {"levels": levels, "severe_from": severe_from}
        make_round(state=RoundState.DRAWN, rulebook=rulebook, opens_at=opens_at, closes_at=opens_at + timedelta(days=9))

        text = text_of(page(client, "how-to-take-part"))

        assert asked in text
        assert example in text

    def test_before_the_vote_its_announced_times(self, client):
        opens_at = timezone.now() + timedelta(days=3)
        make_round(state=RoundState.DRAWN, opens_at=opens_at, closes_at=opens_at + timedelta(days=9))

        text = text_of(page(client, "how-to-take-part"))

        assert "投票时间：" in text
        assert "输入票号评议" not in text

    @pytest.mark.parametrize("state", [RoundState.FROZEN, RoundState.DRAWN])
    def test_a_vote_that_should_have_begun_has_not_and_keeps_its_own_rules(self, client, state):
        opens_at = timezone.now() - timedelta(days=3)
        rulebook = {"comment_length": 321}
        round_ = make_round(state=state, rulebook=rulebook, opens_at=opens_at, closes_at=opens_at + timedelta(days=9))

        text = text_of(page(client, "how-to-take-part"))

        local = timezone.localtime(opens_at)
        planned = f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
        assert f"{round_.name}原定{planned}开始投票，目前尚未开始。" in text
        assert "不超过321字" in text
        assert "下一轮投票时间尚未公布" not in text

    @pytest.mark.parametrize("state", [None, RoundState.DRAFT, RoundState.PUBLISHED, RoundState.VOID])
    def test_without_a_vote_to_come_it_says_so(self, client, state):
        if state:
            make_round(state=state)

        assert "下一轮投票时间尚未公布" in page(client, "how-to-take-part")

    def test_who_gets_a_ballot_follows_the_rulebook(self, client):
        opens_at = timezone.now() + timedelta(days=3)
        rulebook = {"sampled_forms": "issued_codes"}
        make_round(state=RoundState.DRAWN, rulebook=rulebook, opens_at=opens_at, closes_at=opens_at + timedelta(days=9))

        text = text_of(page(client, "how-to-take-part"))

        assert "抽样评议随机抽取的群众" in text
        assert "报纸" not in text


class TestVerifying:
    def test_the_example_is_drawn_by_the_protocol(self, client):
        example = draw_example()
        tickets = [ticket(example.seed, STRATUM, place.name) for place in example.places]

        assert tickets == sorted(tickets)
        assert [place.outcome for place in example.places] == ["抽中", "抽中", "候补", *["未抽中"] * 5]
        assert set(example.other_drawn) != {place.name for place in example.places[:2]}
        text = text_of(page(client, "how-to-verify"))
        for number, place in enumerate(example.places, start=1):
            assert f"{number}{place.name}{place.outcome}" in text

    def test_leads_to_what_can_be_checked(self, client):
        round_ = make_sealed_round(rulebook=SMALL)

        text = page(client, "how-to-verify")

        assert f'href="/rounds/{round_.key}/box/"' in text
        assert f'href="/rounds/{round_.key}/proofs/"' in text
        assert "目前没有可以复算的轮次" in text

    def test_without_any_round_it_says_so(self, client):
        page_in(client, "/verify/", queries=4, shows="暂无票箱")


@pytest.mark.parametrize("name", ["front-page", "how-to-take-part", "scoring", "how-to-verify", "proofs", "draws"])
def test_machine_words_are_folded_away(client, name):
    round_ = make_sealed_round(rulebook=SMALL)
    of_round = [round_.key] if name == "proofs" else []

    assert not MACHINE_WORDS.findall(unfolded(page(client, name, *of_round)))
