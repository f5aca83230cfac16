"""NC-2 in plain Chinese (怎样计分): six sentences for everybody, with the rulebook's own numbers."""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from evaluations.scoring.method import Channel
from evaluations.scoring.nc2.method import MOST_POINTS, MethodTwo, parse_method_two
from evaluations.scoring.questionnaire import Questionnaire, questionnaire_of
from evaluations.scoring.wording import interval_sentence, percent

NUMERALS, COUNTED = "零一二三四五六七八九十", "零一两三四五"
LABELS = (
    ("明确", "位次区间全部在前{length}位以内：该科室上榜，不大可能是已计入的误差造成的。"),
    ("误差范围内", "位次区间超出前{length}位：该科室与未上榜科室差别不大，运用结果应当从严把握。"),
    ("一票否决", "经查实由纪委监委决定列在最前；难办指数仍为评议结果，未作改动。"),
    ("样本不足", "有效票没有达到参加排名的最少张数，不参加排名，也不公布得分。"),
)
# Of a list as long as the round, beside which there is no section.
NOBODY_BESIDE = ("误差范围内", "公布名额不少于参评科室：该科室上榜，不说明与其他科室有差别。")


def method_two_steps(rulebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield the six sentences; a rulebook without sections speaks of all sections instead of their number."""
    method = parse_method_two({"sections": [], "vetoes": [], **rulebook})
    yield f"一、{_line(method, questionnaire_of(rulebook))}"
    yield f"二、{_strictness(method)}"
    yield f"三、{_channels(method)}"
    yield f"四、{_order(method)}"
    yield f"五、{_minimums(method)}"
    yield f"六、{_interval(method, rulebook)}"


def columns_of_two(rulebook: Mapping[str, Any]) -> str:
    """Return what the columns of the workbook's tables mean that the six sentences do not name."""
    severe = questionnaire_of(rulebook).words[str(rulebook["severe_from"])]
    return (
        "七、表中“渠道得分”为渠道均值与该科室偏差之和，按权重相加（未使用的渠道除外）即为难办指数；有效票不足而未采用的，抽签渠道"
        "按全体科室平均计，其他渠道向抽签渠道靠拢。“五项指标得分”为单项指标的得分，不限每张票的分数，也不作宽严校正。"
        f"“得票数”为至少有一项评为“{severe}”以上的票数，供参考。"
    )


def _line(method: MethodTwo, asked: Questionnaire) -> str:
    weights = method.whole_weights
    is_equal = len(set(weights.values())) == 1
    parts = "、".join(f"{name}{weights[i]}" for i, name in asked.names.items())
    scores = "五项指标合成" if is_equal else f"五项指标按{parts}的权重合成"
    cap = (
        ""
        if method.line_cap == MOST_POINTS
        else f"；一张票对一个科室最多计{number(method.line_cap)}分，以减轻个别极端评议的影响"
    )
    return (
        f"一张票对一个科室的评议，{scores}0至100分，越高越难办{cap}。"
        f"选“{asked.unknown}”的不计；五项中作答不足{COUNTED[method.min_answered]}项的，对该科室的评议无效。"
    )


def _strictness(method: MethodTwo) -> str:
    if not method.drawn_channels:
        return "没有由抽签产生参评人员的渠道，各张票照原样计算，不作宽严校正。"
    if not method.rater_sweeps:
        return "各张票照原样计算，不作宽严校正。"
    return (
        f"各人评议有宽有严。{_drawn(method)}中，一张票评了多个科室的，评每个科室的分数要作宽严校正：这张票对其余科室的评议，"
        "与其他票对同样科室的评议相比，偏严的扣除，偏宽的补回。只评一个科室的票，照原样计算。"
    )


def _channels(method: MethodTwo) -> str:
    names = list(method.channels)
    free = [c for c in names if not method.channels[c].drawn]
    together = (
        f"{COUNTED[len(names)]}个渠道分别计算，按{_ratio(method)}合成。"
        if len(names) > 1
        else f"只有{Channel(names[0]).label}一个渠道。"
    )
    gap = "各科室在一个渠道的平均分，再平均为渠道平均分；一个科室与渠道平均分的差，为该科室的偏差。"
    follows = method.drawn_channels and free and method.follow
    part = "" if method.follow == 1 else f"的{percent(method.follow)}"
    towards = f"{_drawn(method)}的偏差越接近0，{_labels(free)}的偏差越接近该科室{_drawn(method)}的偏差{part}"
    thin = f"有效票越少，{towards if follows else '偏差越接近0'}；有效票不足{method.cell_min_lines}张的，不采用。"
    has_cap = method.drawn_channels and free and method.cap < MOST_POINTS
    cap = f"{_labels(free)}的偏差，与{_drawn(method)}的偏差最多相差{number(method.cap)}分，超过的按上限计算。"
    return together + gap + thin + (cap if has_cap else "")


def _order(method: MethodTwo) -> str:
    then = f"相同的，{_drawn(method)}的偏差大的在前，再相同的并列" if method.drawn_channels else "相同的并列"
    return f"按难办指数从高到低排位次，保留四位小数；{then}。前{method.list_length}位上榜，末位并列的一起上榜。"


def _minimums(method: MethodTwo) -> str:
    fewest = [f"有效票不足{method.min_lines}张"] if method.min_lines else []
    if method.drawn_channels and method.min_drawn_lines:
        fewest.append(f"{'其中' if fewest else ''}{_drawn(method)}不足{method.min_drawn_lines}张")
    ranked = (
        f"{'，或者'.join(fewest)}的不排名，注明“样本不足”；不采用的有效票不计入张数。"
        if fewest
        else "有可采用的有效票的科室都排名。"
    )
    if not method.publish_share:
        return ranked
    few = "不是全部科室都参加排名的" if method.publish_share == 1 else f"参加排名的科室不足{_share(method)}的"
    return f"{ranked}{few}，不得公示；确需公示的，由纪委监委作出决定，并在公示中注明。"


def _interval(method: MethodTwo, rulebook: Mapping[str, Any]) -> str:
    files = (
        "公布的数据可供任何人重新计算位次、区间和标注。"
        if rulebook.get("public_recount", True)
        else "计票数据由监督员和纪委监委用来重新计算位次、区间和标注，不公开。"
    )
    return (
        f"每个参加排名的科室附位次区间：{interval_sentence(rulebook['z'], len(method.sections))}"
        "刷票是指少数人大量投票。"
        f"上榜科室的区间全部在前{method.list_length}位以内的标“明确”，否则标“误差范围内”。{files}"
    )


def _drawn(method: MethodTwo) -> str:
    return _labels(method.drawn_channels)


def _labels(channels: Collection[str]) -> str:
    return "、".join(c.label for c in Channel if c in channels)


def _ratio(method: MethodTwo) -> str:
    weights = [rule.weight for rule in method.channels.values()]
    whole = [int(weight * lcm(*(each.denominator for each in weights))) for weight in weights]
    return ":".join(str(each // gcd(*whole)) for each in whole)


def _share(method: MethodTwo) -> str:
    share = method.publish_share
    if share.denominator < len(NUMERALS):
        return f"{NUMERALS[share.denominator]}分之{NUMERALS[share.numerator]}"
    return percent(share)


def number(value: Fraction) -> str:
    """Return a setting as people write it: 50, 37.5, 100/3."""
    for places in range(5):
        if (value * 10**places).denominator == 1:
            return f"{float(value):.{places}f}"
    return str(value)
