"""The score method in plain Chinese (怎样计分), by the method and with the numbers of a rulebook."""

from collections.abc import Iterator, Mapping
from typing import Any

from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import METHOD as TWO
from evaluations.scoring.nc2.methodology import LABELS as LABELS_TWO
from evaluations.scoring.nc2.methodology import NOBODY_BESIDE, columns_of_two, method_two_steps
from evaluations.scoring.questionnaire import questionnaire_of
from evaluations.scoring.wording import confidence, percent

BASIS = {"difficulty": "难办指数", "vote_count": "得票数"}
LABELS = (
    ("明确", "位次区间全部在公布名额之内。仅就抽样误差而言，可以确定该科室上榜。"),
    ("误差范围内", "位次区间超出公布名额。该科室与未上榜科室差别不大，运用结果应当从严把握。"),
    ("一票否决", "经查实由纪委监委决定排在最前；有多个的，按难办指数排列。难办指数仍为评议结果，未作改动。"),
    ("样本不足", "有效票未达到参加排名的最少张数，不参加排名，列入暗访督查。"),
)


def method_steps(rulebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbered sentences of the rulebook's method."""
    return (method_two_steps if rulebook["method"] == TWO else _method_one_steps)(rulebook)


def workbook_steps(rulebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of the method, and what the columns of the workbook's table mean."""
    yield from method_steps(rulebook)
    yield columns_of_two(rulebook) if rulebook["method"] == TWO else _columns_of_one(rulebook)


def label_meanings(rulebook: Mapping[str, Any], sections: int) -> list[tuple[str, str]]:
    """Return the labels (标注) of a list of a round with so many sections (0 = not known), with what each means."""
    length, is_two = rulebook["list_length"], rulebook["method"] == TWO
    found = {label: meaning.format(length=length) for label, meaning in (LABELS_TWO if is_two else LABELS)}
    return list((found | dict([NOBODY_BESIDE]) if is_two and 0 < sections <= length else found).items())


def channel_rows(rulebook: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the channels in the order of their weights' ratio: name, weight, who takes part."""
    rules = rulebook["channels"]
    return [
        (c.label, percent(rules[c.value]["weight"]), "由抽签产生" if rules[c.value]["drawn"] else "不限于抽签产生")
        for c in Channel
        if c.value in rules
    ]


def _method_one_steps(rulebook: Mapping[str, Any]) -> Iterator[str]:
    asked = questionnaire_of(rulebook)
    yield (
        f"一、每张有效评议票上，一个科室的五项指标得分（{_weights(rulebook)}）合成后折成0至100分，越高越难办；"
        f"选“{asked.unknown}”的不计分；五项中作答不足{rulebook['min_answered']}项的，该科室的评议无效。"
    )
    yield (
        f"二、定向、抽样、其他三个渠道分开算平均分。每个科室在每个渠道先加{rulebook['prior_ballots']}张“全体科室平均票”再平均："
        "票多的几乎不受影响，票少的不会因一两张票就上榜。"
    )
    yield f"三、各渠道按权重合成：{_channel_weights(rulebook)}。{_cap(rulebook)}"
    yield (
        f"四、按{BASIS[rulebook['basis']]}从高到低排位次，难办指数保留四位小数；相同的比抽签渠道的得分，"
        f"再比其中有“{_severe(rulebook)}”以上评价的票的比重，再相同就并列。公布前{rulebook['list_length']}位，末位并列的一起上榜。"
    )
    yield (
        f"五、有效票不足{rulebook['min_lines']}张，或者其中抽签渠道有效票不足{rulebook['min_drawn_lines']}张的科室不参加排名，"
        "注明“样本不足”。"
    )
    yield f"六、{_interval(rulebook)}"


def _columns_of_one(rulebook: Mapping[str, Any]) -> str:
    return (
        "七、表中难办指数显示两位小数；“渠道得分”为加入全体科室平均票、偏差按上限计算后的渠道平均分，"
        "三项按权重相加即为难办指数；“五项指标得分”为用同一方法计算的单项指标得分；"
        f"“得票数”为至少有一项评为“{_severe(rulebook)}”以上的票数，供参考。"
    )


def _interval(rulebook: Mapping[str, Any]) -> str:
    if rulebook["basis"] != "difficulty":
        return "按得票数排位次的，不计算位次区间。"
    return (
        "每个科室附“位次区间”：只考虑抽样误差（不含刷票、评议人员构成不当等情况），"
        f"真实位次落在区间内的概率约为{confidence(rulebook['z'])}。"
    )


def _weights(rulebook: Mapping[str, Any]) -> str:
    asked, weights = questionnaire_of(rulebook), rulebook["indicator_weights"]
    if len({str(value) for value in weights.values()}) == 1:
        return f"{asked.listed}权重相同"
    return "权重比为" + "、".join(f"{name}{weights[i]}" for i, name in asked.names.items())


def _severe(rulebook: Mapping[str, Any]) -> str:
    return questionnaire_of(rulebook).words[str(rulebook["severe_from"])]


def _channel_weights(rulebook: Mapping[str, Any]) -> str:
    rules = rulebook["channels"]
    return "，".join(f"{c.label}{percent(rules[c.value]['weight'])}" for c in Channel if c.value in rules)


def _cap(rulebook: Mapping[str, Any]) -> str:
    rules = rulebook["channels"]
    drawn = [c.label for c in Channel if c.value in rules and rules[c.value]["drawn"]]
    free = [c.label for c in Channel if c.value in rules and not rules[c.value]["drawn"]]
    if not drawn or not free:
        return ""
    return (
        f"只有{'、'.join(drawn)}的参评人员由抽签产生；{'、'.join(free)}面向所有群众，少数人可能大量投票（刷票），"
        f"因此其与抽签渠道的偏差超过{rulebook['cap']}分的，按{rulebook['cap']}分计算。"
    )
