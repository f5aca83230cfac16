"""The response (回收率): returned ÷ delivered by section and stratum, as published, and what it can and cannot say.

The figures of the sentences are those of docs/turnout.md 3; they are simulated, never measured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evaluations.scoring.wording import shown_beside_total
from nanchuan_eval.names.rules.keys import name_key

# Columns of the published table and its files.
COLUMNS = {"kind": "渠道", "name": "科室或身份类别", "delivered": "送达", "returned": "收回", "percent": "回收率（%）"}
REST = "rest"
MEANS = (
    "回收率＝收回的票数÷送达的票数。送达的票不含作废的票；补发、追加抽取不足5张的批次，为保护投票人，送达和收回都不计入。"
    "少于5张的收回数，本表不列；可由合计推算出来的，一并不列。专业人员由公布的票号清单仍可算出各批用过多少个票号，"
    "但算不出谁用过，也算不出评了什么。",
    "回收率说明抽中的人中有多少人参加了评议。谁被抽中由抽取决定，与意见无关；抽中而没有参加的人持什么意见，回收率说明不了。",
    "回收率低，不等于结果有偏差；回收率高，可能的偏差较小。偏差来自参加与否同意见有关："
    "对办事不满意的人更愿意参加的，得分偏高；各科室程度不同的，位次也会受影响。",
    "模拟结果，不是预测：在参加与否同意见无关的情形下，评议平均能找出最难办的10个科室中的8个；"
    "不满意的人明显更愿意参加、各科室程度又不同的，平均能找出6个。"
    "此时位次区间仍有93%至96%包含真实位次（限于最难办的15个科室），因为区间已计入各渠道看法不一造成的误差。",
    "票再多，这种偏差也不会消失；各渠道共有的偏差，比较各渠道也发现不了。评议结果是参加评议的人的看法，不说成是全体群众的看法。",
)


def group_key(kind: str, name: str) -> str:
    """Return the key of one line: section, stratum of general evaluators, or stratum of the sampled channel."""
    return f"{kind} {name}"


def response_cells(groups: Mapping[str, tuple[int, int]]) -> dict[str, int | str]:
    """Return the returns of the groups of one channel, key -> (delivered, returned), as they may be published.

    Their sum is public with the channel's turnout, so figures that could be computed from it are hidden too.
    """
    returned = {key: used for key, (_, used) in groups.items()}
    return shown_beside_total(returned, {key: able for key, (able, _) in groups.items()})


def percent_of(returned: int | str, delivered: int) -> int | None:
    """Return the response in whole percent; None where the returns are hidden or nothing was delivered."""
    return 100 * returned // delivered if isinstance(returned, int) and delivered else None


class ResponseRow(NamedTuple):
    """One line of the published table, in the order of `COLUMNS`."""

    kind: str
    name: str
    delivered: int
    returned: int | str
    percent: int | None


def response_rows(response: Mapping[str, Any]) -> Iterator[ResponseRow]:
    """Yield a published response as rows: drawn clients by section, then the strata."""
    for kind, name in (("办事群众", "sections"), ("定向评议人员", "strata"), ("抽样评议", "sampled")):
        for line in response[name]:
            delivered, returned = line["delivered"], line["returned"]
            yield ResponseRow(kind, line["name"], delivered, returned, percent_of(returned, delivered))


def rows_named(rows: Iterable[ResponseRow], find: str) -> list[ResponseRow]:
    """Return the rows whose name contains what somebody looks for, however it is written; all for ""."""
    key = name_key(find)
    return [row for row in rows if key in name_key(row.name)]


def total_row(rows: Sequence[ResponseRow]) -> ResponseRow:
    """Return the sum of the lines of one kind; of returns only where none is hidden, for it would tell the hidden."""
    returns = [row.returned for row in rows if isinstance(row.returned, int)]
    delivered = sum(row.delivered for row in rows)
    returned = sum(returns) if len(returns) == len(rows) else "—"
    return ResponseRow(rows[0].kind, "合计", delivered, returned, percent_of(returned, delivered))


def left_out_note(response: Mapping[str, Any]) -> str:
    """Return in Chinese how many ballots stand in no line; empty if none, as in lists from before they were counted."""
    number = response.get("left_out", 0)
    return (
        f"另有{number}张票，所在批次不足5张（补发、追加抽取），没有列入，因此合计少于各渠道发出的票数。"
        if number
        else ""
    )
