"""NC-2 in plain Chinese (怎样计分): six sentences for everybody, with the rulebook's own numbers."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from evaluations.scoring.method import LEVEL_WORDS, Channel, Indicator
from evaluations.scoring.nc2.method import MOST_POINTS, MethodTwo, parse_method_two
from evaluations.scoring.wording import interval_sentence, percent

NUMERALS, COUNTED = "零一二三四五六七八九十", "零一两三四五"
WORDED_LEVELS = 3
OPEN_TO_ALL, OTHERS = "谁都能投的渠道", "其余渠道"
LABELS = (
    ("明确", "位次区间全部在前{length}位以内：该科室上榜，不大可能是已计入的误差造成的。"),
    ("误差范围内", "位次区间超出前{length}位：该科室与未上榜科室差别不大，运用结果应当从严把握。"),
    ("一票否决", "经查实由区纪委监委决定列在最前；难办指数仍为评议结果，未作改动。"),
    ("样本不足", "有效票没有达到参加排名的最少行数，不参加排名，也不公布得分。"),
)


def method_two_steps(rulebook: Mapping[str, Any]) -> Iterator[str]:
    """Yield the six sentences; a rulebook without sections speaks of all sections instead of their number."""
    method = parse_method_two({"sections": [], "vetoes": [], **rulebook})
    yield f"一、{_line(method)}"
    yield f"二、{_strictness(method)}"
    yield f"三、{_channels(method, _free_name(rulebook))}"
    yield f"四、{_order(method)}"
    yield f"五、{_minimums(method)}"
    yield f"六、{_interval(method, rulebook)}"


def columns_of_two(rulebook: Mapping[str, Any]) -> str:
    """Return what the columns of the workbook's tables mean that the six sentences do not name."""
    levels, severe = rulebook["levels"], rulebook["severe_from"]
    votes = f"“{LEVEL_WORDS[str(severe)]}”" if levels == WORDED_LEVELS else f"{severe}级"
    return (
        "七、表中“渠道得分”为渠道均值与该科室偏差之和，按权重相加（未使用的渠道除外）即为难办指数；有效票不足而未采用的，抽签渠道"
        "按全区平均计，其他渠道向抽签渠道靠拢。“五项指标得分”为单项指标的得分，不限每行分数，也不校正手严手松。"
        f"“得票数”为至少有一项评为{votes}以上的票数，供参考。"
    )


def _line(method: MethodTwo) -> str:
    weights = method.whole_weights
    is_equal = len(set(weights.values())) == 1
    parts = "、".join(f"{indicator.label}{weights[indicator]}" for indicator in Indicator)
    scores = "五项指标合成" if is_equal else f"五项指标按{parts}的权重合成"
    cap = "" if method.line_cap == MOST_POINTS else f"；一行最多计{number(method.line_cap)}分，以减轻个别极端票的影响"
    return (
        f"每张有效评议票，{scores}0至100分，越高越难办{cap}。"
        f"答“不了解”的不算，五项中答不足{COUNTED[method.min_answered]}项的该行无效。"
    )


def _strictness(method: MethodTwo) -> str:
    if not method.drawn_channels:
        return "没有由抽签产生参评人员的渠道，各张票照原样计算，不按评议人手严手松校正。"
    if not method.rater_sweeps:
        return "各张票照原样计算，不按评议人手严手松校正。"
    return (
        f"有人手严，有人手松。{_drawn(method)}的每一行，先按同一张票上其余各行与评同样科室的其他人相比偏严或偏松的程度"
        "扣除或补回；只评一个科室的票，照原样计算。"
    )


def _channels(method: MethodTwo, free_name: str) -> str:
    names = list(method.channels)
    free = [c for c in names if not method.channels[c].drawn]
    together = (
        f"{COUNTED[len(names)]}个渠道分别计算，按{_ratio(method)}合成。"
        if len(names) > 1
        else f"只有{Channel(names[0]).label}一个渠道。"
    )
    follows = method.drawn_channels and free and method.follow
    part = "" if method.follow == 1 else f"（按其与全区平均之差的{percent(method.follow)}）"
    towards = f"该科室的{_drawn(method)}结果{part}" if follows else "全区平均水平"
    thin = f"某科室在某渠道票少的，向{towards}靠拢；不足{method.cell_min_lines}行的不采用。"
    has_cap = method.drawn_channels and free and method.cap < MOST_POINTS
    cap = f"{free_name}，与{_drawn(method)}最多相差{number(method.cap)}分。" if has_cap else ""
    return together + thin + cap


def _order(method: MethodTwo) -> str:
    then = f"相同的比{_drawn(method)}得分，再相同就并列" if method.drawn_channels else "相同的就并列"
    return f"按得分从高到低排，保留四位小数；{then}，并列的一起上榜。"


def _minimums(method: MethodTwo) -> str:
    fewest = [f"有效票不满{method.min_lines}行"] if method.min_lines else []
    if method.drawn_channels and method.min_drawn_lines:
        fewest.append(f"{'其中' if fewest else ''}{_drawn(method)}不满{method.min_drawn_lines}行")
    ranked = f"{'，或者'.join(fewest)}的不排名，注明“样本不足”。" if fewest else "有可采用的有效票的科室都排名。"
    if not method.publish_share:
        return ranked
    few = "不是全部科室都参加排名的" if method.publish_share == 1 else f"参加排名的科室不到{_share(method)}的"
    return f"{ranked}{few}，不得公示；确需公示的，由区纪委监委作出决定，并在公示中注明。"


def _interval(method: MethodTwo, rulebook: Mapping[str, Any]) -> str:
    files = (
        "公开的cells.json可供任何人重新计算名次、区间和标注。"
        if rulebook.get("public_recount", True)
        else "数据文件cells.json由监督员和区纪委监委用来重新计算名次、区间和标注，不公开。"
    )
    return (
        f"每个参加排名的科室附位次区间：{interval_sentence(rulebook['z'], len(method.sections))}"
        f"上榜科室的区间全部在前{method.list_length}以内的标“明确”，否则标“误差范围内”。{files}"
    )


def _drawn(method: MethodTwo) -> str:
    return "、".join(c.label for c in Channel if c in method.drawn_channels)


def _free_name(rulebook: Mapping[str, Any]) -> str:
    """Return what the channels that are not drawn are called; issued codes do not go to everybody."""
    sampled = rulebook["channels"].get("sampled", {"drawn": True})
    is_issued = rulebook.get("sampled_forms") == "issued_codes" and not sampled["drawn"]
    return OTHERS if is_issued else OPEN_TO_ALL


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
