"""How sure a place is, in words; and how many ballots the next round should bring."""

from fractions import Fraction

import pytest

from evaluations.scoring.index import cell_variances, score_sections
from evaluations.scoring.sample_size import recommended_lines
from evaluations.scoring.wording import chance, confidence, explain, shown_label
from tests.evaluations.scoring.examples import cells, lines, method, rulebook

BOOK = rulebook()


def row(**fields):
    return {
        "listed": True,
        "label": "明确",
        "rank": 3,
        "rank_low": 1,
        "rank_high": 6,
        "p_top": "0.9700",
        "lines": {"targeted": 40, "sampled": 20, "other": 5},
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "有约95%的概率在第1至第6位，全部在前10位之内"),
        ({"rank_low": 3, "rank_high": 3}, "概率在第3位，全部"),
        ({"label": "误差范围内", "rank_high": 14}, "超出第10位；本科室上榜"),
        ({"label": "", "listed": False, "rank_high": 20, "p_top": "0.3000"}, "未上榜，但应当引起重视"),
        ({"label": "", "listed": False, "rank_low": 30, "rank_high": 60, "p_top": "0.0000"}, "：本科室未上榜。"),
        ({"label": "一票否决"}, "由纪委监委决定列第1位"),
        ({"label": "", "rank_low": None, "rank_high": None, "p_top": None}, "按得票数排位次"),
    ],
)
def test_every_label_is_explained_in_one_sentence(fields, said):
    sentence = explain(row(**fields), BOOK)

    assert said in sentence
    assert sentence.count("。") == 1


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"targeted": 4, "sampled": 0, "other": 0}, "有效票不足30张，抽签渠道有效票不足10张"),
        ({"targeted": 12, "sampled": 3, "other": 0}, "不排名：有效票不足30张。"),
        ({"targeted": 4, "sampled": 50, "other": 0}, "不排名：抽签渠道有效票不足10张。"),
    ],
)
def test_a_section_with_too_few_ballots_is_told_which_minimum_it_misses(counts, said):
    assert said in explain(row(label="样本不足", rank=None, rank_low=None, lines=counts), BOOK)


@pytest.mark.parametrize(("p_top", "label"), [("0.0999", ""), ("0.1000", "临界"), (None, "")])
def test_just_outside_the_list_is_critical_from_ten_percent(p_top, label):
    assert shown_label(row(listed=False, label="", p_top=p_top)) == label


def test_the_probability_is_told_in_tenths_only():
    assert chance(row(p_top="0.8712")) == "约90%"
    assert chance(row(p_top=None)) == ""


@pytest.mark.parametrize(("z", "said"), [("1.96", "95%"), ("3", "99%"), ("1.645", "90%")])
def test_the_confidence_follows_z(z, said):
    assert confidence(z) == said


class TestTheRecommendation:
    def recommend(self, margin, book=None):
        parsed = method(**(book or {}))
        counted = cells(parsed, lines("A", "T", "00123", "33210", times=20), lines("B", "T", "11111", times=5))
        scores = score_sections(parsed, counted)
        return parsed, counted, scores, recommended_lines(parsed, counted, scores, Fraction(margin))

    def test_is_the_fewest_that_keeps_the_margin(self):
        parsed, counted, scores, found = self.recommend(2)

        spread = cell_variances(parsed, counted, scores)["A"]["targeted"]
        goal = (Fraction(2) / parsed.z) ** 2
        assert found["A"] > parsed.min_lines
        assert spread / (found["A"] + parsed.prior_ballots) <= goal
        assert spread / (found["A"] - 1 + parsed.prior_ballots) > goal

    def test_asks_for_more_the_closer_the_margin_and_never_less_than_the_minimum(self):
        close, wide = self.recommend(3)[3], self.recommend(40)[3]

        assert all(close[s] >= wide[s] for s in close)
        assert set(wide.values()) == {30}

    def test_without_a_ballot_it_is_the_minimum(self):
        parsed = method()

        assert recommended_lines(parsed, {}, score_sections(parsed, {}), Fraction(4)) == dict.fromkeys("ABC", 30)
