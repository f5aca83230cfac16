"""The method in plain Chinese carries the round's own numbers."""

import pytest

from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.methodology import label_meanings, method_steps
from tests.evaluations.scoring.examples import channels, rulebook


def steps(**changes):
    return list(method_steps(rulebook(**changes)))


def test_the_steps_name_the_rounds_numbers():
    first, second, third, fourth, fifth, *_ = steps(
        min_answered=4, prior_ballots=7, cap="6", list_length=9, min_lines=31, min_drawn_lines=11
    )

    assert "冷、懒、推、乱、贪权重相同" in first
    assert "作答不足4项" in first
    assert "先加7张“全体科室平均票”" in second
    assert "定向评议50%，抽样评议30%，其他评议20%" in third
    assert "只有定向评议的参评人员由抽签产生；抽样评议、其他评议面向所有群众" in third
    assert third.endswith("超过6分的，按6分计算。")
    assert "按难办指数从高到低" in fourth
    assert "公布前9位" in fourth
    assert "有效票不足31张，或者其中抽签渠道有效票不足11张" in fifth


def test_unequal_indicator_weights_are_listed():
    weights = {"cold": 1, "lazy": 1, "buck_passing": 1, "disorderly": 1, "greedy": 2}

    assert "权重比为冷1、懒1、推1、乱1、贪2" in steps(indicator_weights=weights)[0]


@pytest.mark.parametrize("drawn", ["", "TSO"])
def test_without_a_drawn_or_an_open_channel_there_is_no_cap(drawn):
    assert "偏差超过" not in steps(channels=channels(drawn))[2]


def test_a_list_by_votes_says_so():
    assert "按得票数从高到低" in steps(basis="vote_count")[3]


def test_the_confidence_follows_z_and_a_list_by_votes_has_no_intervals():
    assert steps(z="3")[5].endswith("概率约为99%。")
    assert steps(basis="vote_count")[5] == "六、按得票数排位次的，不计算位次区间。"


def test_the_meaning_of_the_labels_is_that_of_the_method():
    one, two = (dict(label_meanings(default_rulebook(method) | {"list_length": 8}, 9)) for method in ("NC-1", "NC-2"))

    assert one.keys() == two.keys()
    assert "公布名额" in one["明确"]
    assert "前8位" in two["明确"]
    assert "与未上榜科室差别不大" in two["误差范围内"]


def test_of_a_list_as_long_as_the_round_no_label_speaks_of_sections_beside_it():
    whole = dict(label_meanings(default_rulebook("NC-2") | {"list_length": 8}, 8))

    assert whole["误差范围内"] == "公布名额不少于参评科室：该科室上榜，不说明与其他科室有差别。"
