"""NC-2 in six sentences, with the numbers of the rulebook."""

import re

import pytest

from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.methodology import label_meanings, method_steps, workbook_steps
from tests.evaluations.scoring.examples import channels

COVER = "已计入评议人数有限和各渠道看法不一造成的误差，未计入刷票、买票和评议人选不当；就一个科室而言约有95%的把握。"

GREED_TWICE = {"cold": 2, "lazy": 2, "buck_passing": 2, "disorderly": 2, "greedy": 4}


def steps(**changes):
    return list(method_steps(default_rulebook("NC-2") | changes))


def test_the_default_rulebook_gives_the_six_sentences_for_officials():
    assert steps(sections=["A", "B", "C"]) == [
        "一、一张票对一个科室的评议，五项指标合成0至100分，越高越难办；一张票对一个科室最多计50分，以减轻个别极端评议的影响。"
        "选“不了解”的不计；五项中作答不足三项的，对该科室的评议无效。",
        "二、各人评议有宽有严。定向评议中，一张票评了多个科室的，评每个科室的分数要作宽严校正：这张票对其余科室的评议，"
        "与其他票对同样科室的评议相比，偏严的扣除，偏宽的补回。只评一个科室的票，照原样计算。",
        "三、三个渠道分别计算，按5:3:2合成。"
        "各科室在一个渠道的平均分，再平均为渠道平均分；一个科室与渠道平均分的差，为该科室的偏差。"
        "有效票越少，定向评议的偏差越接近0，抽样评议、其他评议的偏差越接近该科室定向评议的偏差；有效票不足5张的，不采用。"
        "抽样评议、其他评议的偏差，与定向评议的偏差最多相差4分，超过的按上限计算。",
        "四、按难办指数从高到低排位次，保留四位小数；相同的，定向评议的偏差大的在前，再相同的并列。"
        "前10位上榜，末位并列的一起上榜。",
        "五、有效票不足30张，或者其中定向评议不足10张的不排名，注明“样本不足”；不采用的有效票不计入张数。"
        "参加排名的科室不足五分之四的，不得公示；确需公示的，由纪委监委作出决定，并在公示中注明。",
        f"六、每个参加排名的科室附位次区间：位次区间是本科室在全部3个科室中的位置，{COVER}"
        "刷票是指少数人大量投票。上榜科室的区间全部在前10位以内的标“明确”，否则标“误差范围内”。公布的数据可供任何人重新计算位次、区间和标注。",
    ]


@pytest.mark.parametrize(
    ("changes", "number", "said"),
    [
        ({"min_answered": 2}, 0, "五项中作答不足两项"),
        ({"line_cap": "37.5"}, 0, "最多计37.5分，以减轻个别极端评议的影响"),
        ({"line_cap": "100/3"}, 0, "最多计100/3分"),
        ({"indicator_weights": GREED_TWICE}, 0, "冷1、懒1、推1、乱1、贪2的权重"),
        ({"rater_sweeps": 0}, 1, "不作宽严校正"),
        ({"channels": channels("")}, 1, "没有由抽签产生参评人员的渠道"),
        ({"channels": channels("TS")}, 1, "定向评议、抽样评议中，一张票评了多个科室的"),
        ({"channels": channels("T", T="0.7", O="0.3")}, 2, "两个渠道分别计算，按7:3合成。"),
        ({"channels": channels("T", T="1")}, 2, "只有定向评议一个渠道。"),
        ({"cell_min_lines": 8, "cap": "2.5"}, 2, "有效票不足8张的，不采用。"),
        ({"cap": "2.5"}, 2, "抽样评议、其他评议的偏差，与定向评议的偏差最多相差2.5分"),
        ({"channels": channels("TS")}, 2, "其他评议的偏差，与定向评议、抽样评议的偏差最多相差4分"),
        ({"channels": channels("T", T="1")}, 2, "有效票越少，偏差越接近0；"),
        ({"follow": "1/2"}, 2, "越接近该科室定向评议的偏差的50%"),
        ({"follow": "0"}, 2, "有效票越少，偏差越接近0；"),
        ({"channels": channels("")}, 3, "四位小数；相同的并列"),
        ({"min_lines": 0}, 4, "五、定向评议不足10张的不排名"),
        ({"channels": channels(""), "min_drawn_lines": 0}, 4, "五、有效票不足30张的不排名"),
        ({"min_lines": 0, "min_drawn_lines": 0}, 4, "有可采用的有效票的科室都排名"),
        ({"publish_share": "1"}, 4, "不是全部科室都参加排名的，不得公示"),
        ({"publish_share": "13/20"}, 4, "不足65%的，不得公示"),
        ({"z": "3", "list_length": 8}, 5, "约有99%的把握。刷票是指少数人大量投票。上榜科室的区间全部在前8位以内"),
        ({}, 5, "在全部参评科室中的位置"),
        ({"public_recount": False}, 5, "由监督员和纪委监委用来重新计算位次、区间和标注，不公开。"),
    ],
)  # fmt: skip
def test_every_number_is_the_rulebooks(changes, number, said):
    assert said in steps(**changes)[number]


@pytest.mark.parametrize(
    ("changes", "number", "unsaid"),
    [
        ({"line_cap": "100"}, 0, "最多计"),
        ({"cap": "100"}, 2, "相差"),
        ({"channels": channels("")}, 2, "相差"),
        ({"channels": channels("TSO")}, 2, "相差"),
        ({"publish_share": "0"}, 4, "公示"),
        ({"public_recount": False}, 5, "任何人"),
    ],
)
def test_what_the_rulebook_switches_off_is_not_said(changes, number, unsaid):
    assert unsaid not in steps(**changes)[number]


@pytest.mark.parametrize("changes", [{}, {"channels": channels("")}, {"rater_sweeps": 0}, {"method": "NC-1"}])
def test_citizens_read_of_ballots_and_never_of_lines_or_a_strict_hand(changes):
    rulebook = default_rulebook(changes.get("method", "NC-2")) | changes
    said = [*workbook_steps(rulebook), *(meaning for _, meaning in label_meanings(rulebook, 100))]

    assert not [text for text in said if re.search("[一每该0-9]行|行数|不满|不到|手严|手松|谁都能", text)]


@pytest.mark.parametrize(("levels", "severe", "word"), [(3, 2, "较重"), (2, 1, "轻微"), (4, 4, "非常严重")])
def test_the_votes_column_names_the_level_as_the_ballot_does(levels, severe, word):
    *_, columns = workbook_steps(default_rulebook() | {"levels": levels, "severe_from": severe})

    assert f"至少有一项评为“{word}”以上" in columns
