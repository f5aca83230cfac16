"""Results in words: labels, how sure a place is, and figures too small to show."""

from collections import defaultdict
from itertools import product

import pytest

from evaluations.scoring.wording import (
    ALONE,
    FEW,
    FEW_NOTE,
    chance,
    confidence,
    empty_list,
    explain,
    interval_note,
    interval_sentence,
    nobody_apart,
    percent,
    places_heading,
    shown,
    shown_among,
    shown_beside_total,
    shown_label,
)
from tests.evaluations.scoring.examples import rulebook
from tests.evaluations.scoring.nc2.examples import rulebook as rulebook_two
from tests.paths import ROOT

BOOK = rulebook()


def row(**fields):
    return {
        "listed": True,
        "label": "明确",
        "rank": 3,
        "difficulty": "31.5000",
        "rank_low": 1,
        "rank_high": 6,
        "p_top": "0.9700",
        "lines": {"targeted": 40, "sampled": 20, "other": 5},
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "有约95%的概率在第1至第6位，全部在前10位之内"),
        ({"rank_low": 3, "rank_high": 3}, "概率在第3位，全部"),
        ({"label": "误差范围内", "rank_high": 14}, "超出第10位；本科室上榜"),
        ({"label": "", "listed": False, "rank_high": 20, "p_top": "0.3000"}, "未上榜，但应当引起重视"),
        ({"label": "", "listed": False, "rank_low": 30, "rank_high": 60, "p_top": "0.0000"}, "：本科室未上榜。"),
        ({"label": "一票否决"}, "由纪委监委决定列在最前；难办指数仍为群众评议的结果"),
        ({"label": "", "rank_low": None, "rank_high": None, "p_top": None}, "按得票数排位次"),
    ],
)
def test_every_label_is_explained_in_one_sentence(fields, text):
    sentence = explain(row(**fields), BOOK)

    assert text in sentence
    assert sentence.count("。") == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "位次区间为第1至第6位，全部在前10位以内。"),
        ({"rank_low": 3, "rank_high": 3}, "位次区间为第3位，全部在前10位以内。"),
        (
            {"label": "误差范围内", "rank_high": 14},
            "位次区间为第1至第14位，超出前10位：本科室上榜，但实际位置可能在第10位以后。",
        ),
        (
            {"label": "误差范围内", "rank_high": 8},
            "位次区间为第1至第8位：公布名额不少于参评科室，上榜不说明与其他科室有差别。",
        ),
        (
            {"label": "", "listed": False, "rank_high": 20, "p_top": "0.3000"},
            "位次区间为第1至第20位：本科室未上榜，但属于前10位的可能性约30%，应当引起重视。",
        ),
        (
            {"label": "", "listed": False, "rank_low": 30, "rank_high": 60, "p_top": "0.0000"},
            "位次区间为第30至第60位：本科室未上榜。",
        ),
        ({"label": "一票否决"}, "经查实由纪委监委决定列在最前；难办指数仍为群众评议的结果，未作改动。"),
        (
            {"label": "一票否决", "difficulty": None, "rank_low": None, "lines": {"targeted": 40, "sampled": 4}},
            "经查实由纪委监委决定列在最前；有效票不足60张，不显示得分。",
        ),
        ({"label": "样本不足", "lines": {"targeted": 4, "sampled": 60}}, "样本不足，不排名：抽签渠道有效票不足10张。"),
        ({"label": "样本不足", "lines": {"targeted": 57, "sampled": 4}}, "样本不足，不排名：有效票不足60张。"),
    ],
)
def test_under_nc2_nothing_is_said_that_the_interval_does_not_cover(fields, sentence):
    assert explain(row(**fields), rulebook_two(min_lines=60, list_length=10)) == sentence


@pytest.mark.parametrize("book", [BOOK, rulebook_two(min_lines=60, list_length=10)])
@pytest.mark.parametrize("fields", [{}, {"label": "误差范围内", "rank_high": 14}, {"label": "一票否决"}])
def test_of_a_withdrawn_section_nothing_is_said_that_speaks_of_being_listed(book, fields):
    assert explain(row(**fields), book, is_withdrawn=True) == "本科室已从名单中撤下，没有上榜。"


def test_the_probability_of_belonging_to_the_list_stays_inside():
    just_below = row(label="", listed=False, rank_high=20, p_top="0.3000")

    assert explain(just_below, rulebook_two(), inside=False) == "位次区间为第1至第20位：本科室未上榜。"


def test_what_an_interval_covers_depends_on_the_method():
    assert interval_note(rulebook(z="1.645"), 105) == ("“位次区间”只考虑抽样误差，真实位次落在区间内的概率约为90%。")
    assert interval_note(rulebook(basis="vote_count"), 105) == ""
    assert interval_note(rulebook_two(), 105) == interval_sentence("1.96", 105)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"targeted": 4, "sampled": 0, "other": 0}, "有效票不足30张，抽签渠道有效票不足10张"),
        ({"targeted": 12, "sampled": 3, "other": 0}, "不排名：有效票不足30张。"),
        ({"targeted": 4, "sampled": 50, "other": 0}, "不排名：抽签渠道有效票不足10张。"),
    ],
)
def test_the_sentence_names_the_minimum_that_a_section_misses(counts, text):
    assert text in explain(row(label="样本不足", rank=None, rank_low=None, lines=counts), BOOK)


@pytest.mark.parametrize(("p_top", "label"), [("0.0999", ""), ("0.1000", "临界"), (None, "")])
def test_just_outside_the_list_is_critical_from_ten_percent(p_top, label):
    assert shown_label(row(listed=False, label="", p_top=p_top)) == label


def test_the_probability_is_given_in_tenths_only():
    assert chance(row(p_top="0.8712")) == "约90%"
    assert chance(row(p_top=None)) == ""


def test_a_vetoed_section_is_listed_by_decision_not_with_a_probability():
    assert chance(row(p_top="1.0000", label="一票否决")) == ""


@pytest.mark.parametrize(("z", "text"), [("1.96", "95%"), ("3", "99%"), ("1.645", "90%")])
def test_the_confidence_follows_z(z, text):
    assert confidence(z) == text


@pytest.mark.parametrize(("weight", "text"), [("1/2", "50%"), ("1/3", "33.3%"), (1, "100%"), ("0.125", "12.5%")])
def test_shares_are_percentages_with_a_decimal_where_needed(weight, text):
    assert percent(weight) == text


def test_what_an_interval_covers_is_said_with_the_number_of_sections():
    said = interval_sentence("1.96", 105)

    assert said == (
        "位次区间是本科室在全部105个科室中的位置，已计入评议人数有限和各渠道看法不一造成的误差，未计入刷票、买票和评议人选不当；"
        "就一个科室而言约有95%的把握。"
    )
    assert "在全部参评科室中的位置" in interval_sentence("1.96")


def test_a_list_without_a_certain_place_says_so():
    assert nobody_apart(["误差范围内", "一票否决"], 10, 11) == "本轮前10名与其后科室差距不明显。"
    assert nobody_apart(["误差范围内", "明确"], 10, 11) == nobody_apart([], 10, 11) == ""
    assert nobody_apart(["误差范围内"], 10, 10) == ""


def test_places_are_among_the_ranked_sections_and_vetoed_ones_beside_them():
    assert places_heading(7, 7) == "在7个参加排名的科室中"
    assert places_heading(7, 8) == "在7个参加排名的科室中（另有1个样本不足、经一票否决列在最前）"


def test_an_empty_list_says_whether_anybody_was_ranked():
    assert "没有科室参加排名" in empty_list(0)
    assert empty_list(3) == "上榜科室均已撤下。"


@pytest.mark.parametrize(("count", "cell"), [(0, 0), (1, FEW), (4, FEW), (5, 5), (105, 105)])
def test_figures_of_one_to_four_are_never_shown(count, cell):
    assert shown(count) == cell


def test_a_single_hidden_figure_hides_a_second_one_beside_its_total():
    assert shown_beside_total({"a": 3, "b": 40, "c": 9}) == {"a": ALONE, "b": 40, "c": ALONE}
    assert shown_beside_total({"a": 3, "b": 40, "c": 2}) == {"a": FEW, "b": 40, "c": FEW}
    assert shown_beside_total({"a": 30, "b": 40, "c": 0}) == {"a": 30, "b": 40, "c": 0}


def test_of_few_people_even_none_is_hidden():
    assert [shown_among(count, people) for count, people in ((0, 1), (0, 4), (0, 5), (4, 90), (5, 5))] == [
        *(FEW, FEW, 0, FEW, 5)
    ]
    assert shown_beside_total({"a": 0, "b": 40, "c": 9}, {"a": 1, "b": 50, "c": 50}) == {
        "a": ALONE,
        "b": 40,
        "c": ALONE,
    }


def test_two_hidden_figures_of_few_people_hide_a_third_that_their_sum_would_reveal():
    hidden = shown_beside_total({"a": 0, "b": 0, "c": 9}, {"a": 1, "b": 2, "c": 50})

    assert hidden == {"a": ALONE, "b": ALONE, "c": ALONE}


@pytest.mark.parametrize(
    ("counts", "cells"),
    [
        ({"a": 4, "b": 4, "c": 50}, {"a": ALONE, "b": ALONE, "c": ALONE}),
        ({"a": 1, "b": 1, "c": 50, "d": 60}, {"a": ALONE, "b": ALONE, "c": ALONE, "d": 60}),
        ({"a": 1, "b": 5, "c": 50}, {"a": ALONE, "b": ALONE, "c": 50}),
        ({"a": 2, "b": 5, "c": 5, "d": 40}, {"a": ALONE, "b": ALONE, "c": ALONE, "d": 40}),
        ({"a": 4, "b": 4}, {"a": ALONE, "b": ALONE}),
        ({"a": 1, "b": 5}, {"a": ALONE, "b": ALONE}),
        ({"a": 3, "b": 0}, {"a": FEW, "b": 0}),
    ],
)
def test_figures_are_hidden_until_the_sum_tells_none_of_the_small_ones(counts, cells):
    assert shown_beside_total(counts) == cells


@pytest.mark.parametrize("size", [2, 3])
def test_no_reader_of_the_rule_can_compute_a_figure_of_few(size):
    """Whatever is shown beside its sum is shown for other figures, too; a sum of less than five tells of itself."""
    readings = defaultdict(list)
    for numbers in (each for each in product(range(30), repeat=size) if 5 <= sum(each) < 30):
        cells = shown_beside_total(dict(zip("abc", numbers, strict=False)))
        if sum(isinstance(cell, str) for cell in cells.values()) > 1:
            readings[sum(numbers), *cells.values()].append(numbers)

    for (_, *cells), possible in readings.items():
        for place, cell in enumerate(cells):
            assert isinstance(cell, int) or len({numbers[place] for numbers in possible}) > 1, (cells, possible)


def test_a_page_that_says_when_few_ballots_are_hidden_says_it_whole():
    """“1至4张的” alone is false beside a hidden 0 of four codes, and says nothing of a figure hidden beside it."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")]
    telling = [text for text in texts if "1至4张" in text or "{% few_note %}" in text]

    assert len(telling) >= 3
    assert [text for text in telling if FEW_NOTE not in text and "{% few_note %}" not in text] == []
