"""Results in words: labels and how sure a place is (method.md 3.1 to 3.3), small figures hidden (小数不公开)."""

import math
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

from evaluations.scoring.method import METHOD as ONE
from evaluations.scoring.result import CERTAIN, CRITICAL, CRITICAL_FROM, TOO_FEW, VETOED, WITHIN_MARGIN
from evaluations.scoring.uncertainty import as_tenths

# Figures of fewer than five ballots could identify a person.
SMALLEST_SHOWN = 5
FEW = f"少于{SMALLEST_SHOWN}"
ALONE = "不单独公布"
# A channel or batch of one to four codes hides its 0 too: it would say of everybody there that they did not vote.
FEW_NOTE = "1至4张的、发出票号不足5个的，写作“少于5”；可由合计推算出来的，写作“不单独公布”。"
MEANING = {
    CERTAIN: "，全部在前{length}位之内：本科室上榜不是抽样误差造成的。",
    WITHIN_MARGIN: "，超出第{length}位；本科室上榜，但与相近的未上榜科室的差别可能由抽样误差造成。",
    CRITICAL: "，与前{length}位的差别在误差范围内；本科室未上榜，但应当引起重视。",
    "": "：本科室未上榜。",
}


def shown(count: int) -> int | str:
    """Return a figure as it may be published: one to four are hidden, 0 is not."""
    return FEW if 0 < count < SMALLEST_SHOWN else count


def shown_among(count: int, people: int) -> int | str:
    """Return a figure about so many people as it may be published; about one to four, 0 tells as much as 1."""
    return FEW if 0 < people < SMALLEST_SHOWN else shown(count)


def shown_beside_total(counts: Mapping[str, int], people: Mapping[str, int] | None = None) -> dict[str, int | str]:
    """Return figures whose sum is public; where it would tell a hidden one, the next smallest are hidden too.

    All of them are then marked alike, or the sum and the marks would tell (FEW and the next of 6 are 1 and 5). A figure
    that is the whole sum cannot be hidden. `people` = how many each figure is about, if it may be few.
    """
    of = people or {}
    cells: dict[str, int | str] = {key: shown_among(count, of.get(key, 0)) for key, count in counts.items()}
    few = [key for key, cell in cells.items() if cell == FEW]
    others = {key: count for key, count in counts.items() if key not in few and count}
    are_several = len(few) + len(others) > 1
    if few and are_several and _is_told([counts[key] for key in few], [of.get(key, 0) for key in few]):
        beside = min(others.values(), default=0)
        cells.update((key, ALONE) for key in [*few, *(key for key, count in others.items() if count == beside)])
    return cells


def _is_told(counts: Sequence[int], people: Sequence[int]) -> bool:
    """True if the sum of figures hidden as few leaves one of them a single value, or is itself one of few people."""
    total = sum(counts)
    lows, highs = zip(*((0, n) if 0 < n < SMALLEST_SHOWN else (1, SMALLEST_SHOWN - 1) for n in people), strict=True)
    are_few = total < SMALLEST_SHOWN and any(people)
    return are_few or len(people) == 1 or total in (sum(lows), sum(highs))


def confidence(z: object) -> str:
    """Return the interval's confidence level (z = 1.96 is 95%), at most 99%."""
    return f"{min(99, round(math.erf(float(Fraction(str(z))) / math.sqrt(2)) * 100))}%"


def percent(share: object) -> str:
    """Return a share as a percentage, one decimal where needed."""
    points = Fraction(str(share)) * 100
    return f"{points}%" if points.denominator == 1 else f"{float(points):.1f}%"


def interval_sentence(z: object, sections: int = 0) -> str:
    """Return what an interval of NC-2 covers, the only sentence to be shown about it; 0 sections = not known yet."""
    every = f"全部{sections}个科室" if sections else "全部参评科室"
    return (
        f"位次区间是本科室在{every}中的位置，已计入评议人数有限和各渠道看法不一造成的误差，"
        f"未计入刷票、买票和评议人选不当；就一个科室而言约有{confidence(z)}的把握。"
    )


def places_heading(ranked: int, placed: int) -> str:
    """Return what places refer to: the ranked sections, besides vetoed ones that have a place without being ranked."""
    return f"在{ranked}个参加排名的科室中" + (
        f"（另有{placed - ranked}个样本不足、经一票否决列在最前）" if placed > ranked else ""
    )


def empty_list(placed: int) -> str:
    """Return why a list names no section: all of them are withdrawn, or none has a place."""
    if placed:
        return "上榜科室均已撤下。"
    return "本轮各科室有效票数均未达到规定数量，没有科室参加排名，不公布前十名。"


# Where a veto puts a section: the ranking of both methods, in words.
VETOED_FIRST = "排在上榜名单最前（有多个一票否决的，按难办指数排列），难办指数不变"


def span(low: int | None, high: int | None) -> str:
    """Return an interval of places in words; nothing for a section that has none."""
    if low is None:
        return ""
    return f"第{low}位" if low == high else f"第{low}至第{high}位"


def nobody_apart(labels: Collection[str], length: int, sections: int) -> str:
    """Return the sentence on a count by NC-2 that lists no section clearly apart; else nothing.

    `labels` = those of all sections that the count listed: one withdrawn since was no less apart. Of a list as long as
    the round has `sections` nothing is said: none comes after it.
    """
    is_unclear = labels and CERTAIN not in labels and length < sections
    return f"本轮前{length}名与其后科室差距不明显。" if is_unclear else ""


def fewest_lines(rulebook: Mapping[str, Any]) -> int:
    """Return the valid lines from which a channel counts for a section."""
    return 1 if rulebook["method"] == ONE else int(rulebook["cell_min_lines"])


def shown_label(row: Mapping[str, Any]) -> str:
    """Return the label of office and commission: the result's own, or 临界 just outside the list."""
    return CRITICAL if not row["listed"] and _is_critical(row) else str(row["label"])


def chance(row: Mapping[str, Any]) -> str:
    """Return the probability of belonging to the list in steps of ten percent; never published, none after a veto."""
    return "" if row.get("p_top") is None or row["label"] == VETOED else as_tenths(float(row["p_top"]))


def interval_note(rulebook: Mapping[str, Any], sections: int) -> str:
    """Return what the intervals of a round cover; nothing for a ranking by votes, which has none."""
    if rulebook["method"] != ONE:
        return interval_sentence(rulebook["z"], sections)
    if rulebook["basis"] != "difficulty":
        return ""
    return f"“位次区间”只考虑抽样误差，真实位次落在区间内的概率约为{confidence(rulebook['z'])}。"


def explain(
    row: Mapping[str, Any], rulebook: Mapping[str, Any], *, inside: bool = True, is_withdrawn: bool = False
) -> str:
    """Return the sentence beside a place; 临界 is shown to office and commission only (`inside`).

    Of a section taken off the list nothing is said that speaks of being on it.
    """
    label = shown_label(row) if inside else str(row["label"])
    if label == TOO_FEW:
        return f"样本不足，不排名：{_missed(row, rulebook)}。"
    if is_withdrawn:
        return "本科室已从名单中撤下，没有上榜。"
    if label == VETOED:
        return f"经查实由纪委监委决定列在最前；{_score_of_vetoed(row, rulebook)}。"
    if row["rank_low"] is None:
        return "本轮按得票数排位次，不计算位次区间。"
    if rulebook["method"] == ONE:
        return _span(row, rulebook) + MEANING[label].format(length=rulebook["list_length"])
    return f"位次区间为{span(row['rank_low'], row['rank_high'])}{_meaning(row, label, rulebook['list_length'])}。"


def _is_critical(row: Mapping[str, Any]) -> bool:
    return row.get("p_top") is not None and Fraction(row["p_top"]) >= CRITICAL_FROM


def _missed(row: Mapping[str, Any], rulebook: Mapping[str, Any]) -> str:
    """Return the minimums that a section misses; NC-2 leaves out the channels with too few lines."""
    least = fewest_lines(rulebook)
    lines = {channel: n for channel, n in row["lines"].items() if n >= least}
    drawn = sum(lines.get(name, 0) for name, rule in rulebook["channels"].items() if rule["drawn"])
    reasons = []
    if sum(lines.values()) < rulebook["min_lines"]:
        reasons.append(f"有效票不足{rulebook['min_lines']}张")
    if drawn < rulebook["min_drawn_lines"]:
        reasons.append(f"抽签渠道有效票不足{rulebook['min_drawn_lines']}张")
    return "，".join(reasons) or f"各渠道有效票均不足{least}张"


def _score_of_vetoed(row: Mapping[str, Any], rulebook: Mapping[str, Any]) -> str:
    if row["difficulty"] is None:
        return f"{_missed(row, rulebook)}，不显示得分"
    return "难办指数仍为群众评议的结果，未作改动"


def _meaning(row: Mapping[str, Any], label: str, length: int) -> str:
    """Return what an interval of NC-2 says about the list."""
    if label == CERTAIN:
        return f"，全部在前{length}位以内"
    if label == CRITICAL:
        return f"：本科室未上榜，但属于前{length}位的可能性{chance(row)}，应当引起重视"
    if label != WITHIN_MARGIN:
        return "：本科室未上榜"
    if row["rank_high"] <= length:
        return "：公布名额不少于参评科室，上榜不说明与其他科室有差别"
    return f"，超出前{length}位：本科室上榜，但实际位置可能在第{length}位以后"


def _span(row: Mapping[str, Any], rulebook: Mapping[str, Any]) -> str:
    where = span(row["rank_low"], row["rank_high"])
    return f"只考虑抽样误差，本科室的真实位次有约{confidence(rulebook['z'])}的概率在{where}"
