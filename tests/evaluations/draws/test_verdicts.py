"""The answer at the head of a draw's page: computed, never assumed."""

import json
import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from evaluations.draws.models import Draw, DrawEntry
from evaluations.draws.queries import verdicts
from evaluations.draws.services.commitment import abandon_draw
from evaluations.pools.rules.kinds import PoolKind
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from tests.factories import NOON, commit, hold_draw, make_pool, make_round, make_user, run
from tests.pages import compact, exactly

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    found = make_round(state=RoundState.FROZEN)
    make_pool(found, PoolKind.SUPERVISORS, groups={"人大代表": 9, "市民": 8})
    return found


def page_of(client, draw):
    return compact(client.get(reverse("draw", args=[draw.draw_id])).content.decode())


def test_a_published_draw_is_drawn_again(client, round_):
    draw = hold_draw(round_, DrawPurpose.SUPERVISORS)

    page = page_of(client, draw)

    assert '<h2 id="verdict-heading">结果：一致</h2>' in page
    assert "抽中、候补人员及其次序与公布的完全相同" in page
    assert "核验）" in page


def test_the_answer_comes_before_everything_else(client, round_):
    page = page_of(client, hold_draw(round_, DrawPurpose.SUPERVISORS))

    assert page.index("结果：一致") < page.index("自行核验") < page.index("抽取前公布的内容")


def swap_result(draw):
    result = json.loads(draw.result)
    line = next(iter(result["strata"].values()))
    line["selected"][0], line["alternates"][0] = line["alternates"][0], line["selected"][0]
    Draw.objects.filter(pk=draw.pk).update(result=json.dumps(result))


def other_seed(draw):
    Draw.objects.filter(pk=draw.pk).update(seed="0" * 64)


def other_numbers(draw):
    numbers = draw.randomness
    numbers[0][0] = (numbers[0][0] + 1) % 10
    Draw.objects.filter(pk=draw.pk).update(randomness=numbers)


def one_less_in_the_list(draw):
    DrawEntry.objects.filter(draw=draw, is_selected=False).first().delete()


@pytest.mark.parametrize("tamper", [swap_result, other_seed, other_numbers, one_less_in_the_list])
def test_whatever_was_changed_afterwards_is_said(client, round_, tamper):
    draw = hold_draw(round_, DrawPurpose.SUPERVISORS)
    tamper(draw)

    page = page_of(client, draw)

    assert "结果：不一致</h2>" in page
    assert "结果：一致" not in page


def test_before_the_outcome_is_public_nothing_is_claimed(client, round_):
    draw = commit(round_, DrawPurpose.SUPERVISORS)
    assert "结果：尚未核验</h2>" in page_of(client, draw)

    run(draw)

    page = page_of(client, draw)
    assert "结果：尚未核验</h2>" in page
    assert "结果：一致" not in page


def test_an_abandoned_draw_has_no_outcome(client, round_):
    draw = commit(round_, DrawPurpose.SUPERVISORS)
    abandon_draw(draw_id=draw.pk, reason="名单有误", by=make_user("chief"), at=NOON)

    assert "本次抽取已作废，没有抽取结果。" in page_of(client, draw)


def test_a_very_long_list_is_left_to_the_readers_device(client, round_, monkeypatch):
    monkeypatch.setattr(verdicts, "MOST_PEOPLE", 16)

    page = page_of(client, hold_draw(round_, DrawPurpose.SUPERVISORS))

    assert "结果：尚未核验</h2>" in page
    assert "结果：一致" not in page


def test_the_answer_is_computed_once_in_an_hour(client, round_):
    draw = hold_draw(round_, DrawPurpose.SUPERVISORS)
    with exactly(10):
        page_of(client, draw)
    with exactly(5):
        page_of(client, draw)
    cache.clear()
    with exactly(10):
        page_of(client, draw)


def test_digests_and_tokens_are_folded_away(client, round_):
    draw = hold_draw(round_, DrawPurpose.SUPERVISORS)

    for address in (reverse("draw", args=[draw.draw_id]), reverse("draws")):
        page = client.get(address).content.decode()
        shown = re.sub(r"<[^>]+>", "", re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL))
        assert not re.findall(r"[0-9a-f]{16}|\.json|python|种子|校验值", shown)


def test_what_is_drawn_has_its_unit(client, round_):
    assert "人中抽取" in page_of(client, hold_draw(round_, DrawPurpose.SUPERVISORS))
