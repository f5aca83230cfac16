"""What a count does with rounds nobody would wish for: a clear outcome each, in Chinese, and no crash."""

import json
from datetime import timedelta

import pytest

from evaluations.ballots.models import Rating
from evaluations.rounds.rules.rulebook import rulebook_errors
from evaluations.rounds.services import edit_rulebook
from evaluations.tally.models import SectionResult, Tally
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.core.errors import RuleViolation
from tests.factories import NOON, make_open_round, make_round, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=2)
SMALL = {"min_lines": 1, "min_drawn_lines": 1}
INDICATORS = ("cold", "lazy", "buck_passing", "disorderly", "greedy")


def count(round_):
    return tally_round(round_id=round_.pk, by=make_user("chief"), at=LATER)


def outcome(round_):
    return json.loads(count(round_).result)


def test_a_round_that_is_not_sealed_is_not_counted():
    with pytest.raises(RuleViolation, match="只能在“已封箱”时进行"):
        count(make_open_round())

    assert not Tally.objects.exists()


def test_a_channel_without_ballots_is_dropped_and_the_weights_rescaled():
    result = outcome(make_sealed_round(targeted=3, rulebook=SMALL, level="3"))

    assert set(result["channel_means"]) == {"targeted"}
    assert {row["difficulty"] for row in result["sections"]} == {"100.0000"}


def test_a_round_of_nothing_but_do_not_know_ranks_nobody():
    round_ = make_sealed_round(targeted=3, rulebook=SMALL)
    Rating.objects.update(**dict.fromkeys(INDICATORS))

    result = outcome(round_)

    assert result["channel_means"] == {}
    assert {row["label"] for row in result["sections"]} == {"样本不足"}


def test_a_section_with_one_ballot_is_not_ranked_but_counted():
    round_ = make_sealed_round(targeted=12, rulebook={"min_lines": 10, "min_drawn_lines": 10})
    one = round_.sections.first()
    kept = Rating.objects.filter(section=one).first()
    Rating.objects.filter(section=one).exclude(pk=kept.pk).delete()

    count(round_)

    result = SectionResult.objects.get(section=one)
    assert (result.rank, result.label, result.data["lines"]["targeted"]) == (None, "样本不足", 1)
    assert SectionResult.objects.filter(rank=1).count() == 2


def test_a_round_in_which_all_are_alike_gives_every_section_the_first_place():
    round_ = make_sealed_round(targeted=3, sections=12, rulebook=SMALL)

    rows = outcome(round_)["sections"]

    assert {(row["rank"], row["rank_low"], row["rank_high"], row["listed"]) for row in rows} == {(1, 1, 12, True)}
    assert {row["label"] for row in rows} == {"误差范围内"}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"channels": {"targeted": {"weight": "1/2", "drawn": True}}}, "权重之和应为1"),
        ({"next_margin": "0"}, "下一轮误差目标"),
        ({"flag_points": "abc"}, "渠道相差提示"),
        ({"flag_z": "1/2"}, "偏向提示"),
        ({"count_witnesses": -1}, "计票须签名的监督员"),
    ],
)
def test_a_rulebook_that_cannot_be_counted_by_is_refused_before_the_round_opens(changes, refusal):
    round_ = make_round()
    book = {**round_.rulebook, **changes}

    assert any(refusal in error for error in rulebook_errors(book))
    with pytest.raises(RuleViolation, match=refusal):
        edit_rulebook(round_id=round_.pk, rulebook=book, by=make_user("chief"), at=NOON)

    round_.refresh_from_db()
    assert round_.rulebook != book
