"""NC-2 in six sentences, with the numbers of the rulebook."""

import pytest

from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.methodology import method_steps
from tests.evaluations.scoring.examples import channels

COVER = "已计入评议人数有限和各渠道看法不一造成的误差，未计入刷票、买票和评议人选不当；就一个科室而言约有95%的把握。"

GREED_TWICE = {"cold": 2, "lazy": 2, "buck_passing": 2, "disorderly": 2, "greedy": 4}


def steps(**changes):
    return list(method_steps(default_rulebook("NC-2") | changes))


def test_the_default_rulebook_gives_the_six_sentences_for_officials():
    assert steps(sections=["A", "B", "C"]) == [
        "一、每张有效评议票，五项指标合成0至100分，越高越难办；一行最多计50分，以减轻个别极端票的影响。"
        "答“不了解”的不算，五项中答不足三项的该行无效。",
        "二、有人手严，有人手松。定向评议的每一行，先按同一张票上其余各行与评同样科室的其他人相比偏严或偏松的程度扣除或补回；"
        "只评一个科室的票，照原样计算。",
        "三、三个渠道分别计算，按5:3:2合成。某科室在某渠道票少的，向该科室的定向评议结果靠拢；不足5行的不采用。"
        "谁都能投的渠道，与定向评议最多相差4分。",
        "四、按得分从高到低排，保留四位小数；相同的比定向评议得分，再相同就并列，并列的一起上榜。",
        "五、有效票不满30行，或者其中定向评议不满10行的不排名，注明“样本不足”。"
        "参加排名的科室不到五分之四的，不得公示；确需公示的，由区纪委监委作出决定，并在公示中注明。",
        f"六、每个参加排名的科室附位次区间：位次区间是本科室在全部3个科室中的位置，{COVER}"
        "上榜科室的区间全部在前10以内的标“明确”，否则标“误差范围内”。公开的cells.json可供任何人重新计算名次、区间和标注。",
    ]


@pytest.mark.parametrize(
    ("changes", "number", "said"),
    [
        ({"min_answered": 2}, 0, "五项中答不足两项"),
        ({"line_cap": "37.5"}, 0, "一行最多计37.5分，以减轻个别极端票的影响"),
        ({"line_cap": "100/3"}, 0, "一行最多计100/3分"),
        ({"indicator_weights": GREED_TWICE}, 0, "冷1、懒1、推1、乱1、贪2的权重"),
        ({"rater_sweeps": 0}, 1, "不按评议人手严手松校正"),
        ({"channels": channels("")}, 1, "没有由抽签产生参评人员的渠道"),
        ({"channels": channels("TS")}, 1, "定向评议、抽样评议的每一行"),
        ({"channels": channels("T", T="0.7", O="0.3")}, 2, "两个渠道分别计算，按7:3合成。"),
        ({"channels": channels("T", T="1")}, 2, "只有定向评议一个渠道。某科室在某渠道票少的，向全区平均水平靠拢"),
        ({"cell_min_lines": 8, "cap": "2.5"}, 2, "不足8行的不采用。谁都能投的渠道，与定向评议最多相差2.5分。"),
        ({"channels": channels("TS")}, 2, "与定向评议、抽样评议最多相差4分"),
        ({"sampled_forms": "issued_codes"}, 2, "其余渠道，与定向评议最多相差4分"),
        ({"follow": "1/2"}, 2, "向该科室的定向评议结果（按其与全区平均之差的50%）靠拢"),
        ({"follow": "0"}, 2, "向全区平均水平靠拢"),
        ({"channels": channels("")}, 3, "相同的就并列"),
        ({"min_lines": 0}, 4, "五、定向评议不满10行的不排名"),
        ({"channels": channels(""), "min_drawn_lines": 0}, 4, "五、有效票不满30行的不排名"),
        ({"min_lines": 0, "min_drawn_lines": 0}, 4, "有可采用的有效票的科室都排名"),
        ({"publish_share": "1"}, 4, "不是全部科室都参加排名的，不得公示"),
        ({"publish_share": "13/20"}, 4, "不到65%的，不得公示"),
        ({"z": "3", "list_length": 8}, 5, "约有99%的把握。上榜科室的区间全部在前8以内"),
        ({}, 5, "在全部参评科室中的位置"),
        ({"public_recount": False}, 5, "由监督员和区纪委监委用来重新计算名次、区间和标注，不公开。"),
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
