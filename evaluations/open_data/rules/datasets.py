"""The files of a published round: names, what they say, and the columns of their CSV twins."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from evaluations.open_data.rules import rows
from evaluations.scoring.wording import ALONE, FEW, SMALLEST_SHOWN
from evaluations.turnout.rules.response import COLUMNS as RESPONSE_COLUMNS


class Scope(Enum):
    """What fixes a file's content."""

    VERSION = "随每一版公示固定"
    ROUND = "随首次公示固定"
    UPDATED = "随整改进展更新"


@dataclass(frozen=True)
class Column:
    """A column of a CSV twin: its head, the place of its values in the JSON file, what they mean."""

    head: str
    field: str
    meaning: str


@dataclass(frozen=True)
class Dataset:
    """One kind of file: a JSON document and a table of the same data."""

    name: str
    title: str
    about: str
    scope: Scope
    columns: tuple[Column, ...]
    rows: Callable[[Any], Iterable[rows.Row]]

    @property
    def is_long(self) -> bool:
        """True if it has a line for every ballot."""
        return self.name == "closing-list"

    @property
    def heads(self) -> list[str]:
        """The first line of the CSV twin."""
        return [column.head for column in self.columns]


CODE = Column("科室代码", "code", "同一轮中不变，可以与其他文件的科室代码对应")
DEPARTMENT = Column("单位", "department", "名录锁定时的名称")
SECTION = Column("科室", "section", "名录锁定时的名称")
# The words are those of the figures themselves: another threshold changes both.
HIDDEN = f"{FEW}张的写“{FEW}”；可由合计推算出来的，写“{ALONE}”"
CHANNEL = Column("渠道代码", "channel", "targeted为定向评议，sampled为抽样评议，other为其他渠道")

LIST = Dataset(
    "list",
    "名单",
    "公示的全部内容：上榜科室、主要问题、各渠道票数、校验值；更正的，写明改动了哪几行。",
    Scope.VERSION,
    (
        Column("状态", "entries、withdrawn", "“上榜”或者“撤下”"),
        Column("位次", "rank", "1为最难办；撤下的，为撤下之前名单上的位次"),
        CODE,
        DEPARTMENT,
        SECTION,
        Column("标注", "label", "位次有多确定；没有位次区间的轮次为空"),
        Column("区间上限", "rank_low", "位次区间中靠前的一端"),
        Column("区间下限", "rank_high", "位次区间中靠后的一端"),
        Column("主要问题", "problems", "多个问题用分号隔开"),
    ),
    rows.of_list,
)
TURNOUT = Dataset(
    "turnout",
    "各渠道票数",
    "各渠道发出、收回、有效、计票的张数，与公示的表格相同。",
    Scope.VERSION,
    (
        CHANNEL,
        Column("渠道", "label", "渠道的名称"),
        Column("发出", "issued", "不含作废、停用的票号"),
        Column("收回", "returned", HIDDEN),
        Column("有效", "valid", "至少对一个科室作出有效评议的票"),
        Column("计票", "counted", "计入结果的票"),
    ),
    rows.of_turnout,
)
RULEBOOK = Dataset(
    "rulebook",
    "评议规则",
    "计票所用的全部规则，连同参评科室和一票否决事项；公开复算的轮次才有。",
    Scope.VERSION,
    (
        Column("位置", "（JSON Pointer）", "规则在JSON文件中的位置，如 /cell_min_lines"),
        Column("值", "（该位置的值）", "按JSON写出，文字带双引号"),
    ),
    rows.of_rulebook,
)
CELLS = Dataset(
    "cells",
    "各科室各渠道数据",
    "重新计算名单所用的数据，计算方法见“怎样计分”；公开复算的轮次才有。",
    Scope.VERSION,
    (
        Column("科室代码", "section", "可以与其他文件的科室代码对应"),
        Column("渠道代码", "channels的键", CHANNEL.meaning),
        Column("有效评议", "n", "对该科室的有效评议数；没有的和过少的都为空，不加区分"),
        Column("偏差", "d", "该科室在该渠道的偏差，四位小数，算法见“怎样计分”"),
        Column("方差", "v", "偏差的方差，四位小数"),
        Column("渠道平均分", "mean", "四位小数"),
        Column("渠道权重", "weight", "分数，如 2/5"),
    ),
    rows.of_cells,
)
SECTIONS = Dataset(
    "sections",
    "参评科室",
    "本轮参加评议的全部科室，不含任何人的姓名。",
    Scope.ROUND,
    (
        CODE,
        Column("单位代码", "department_code", "同一轮中不变"),
        DEPARTMENT,
        SECTION,
    ),
    rows.of_sections,
)
RESPONSE = Dataset(
    "response",
    "回收率",
    "各科室、各身份类别送达和收回的票数；较早的轮次没有。",
    Scope.ROUND,
    (
        Column(RESPONSE_COLUMNS["kind"], "sections、strata、sampled", "评议票发给哪一类人"),
        Column(RESPONSE_COLUMNS["name"], "name", "办事群众按科室分列，其他人员按身份类别分列"),
        Column(RESPONSE_COLUMNS["delivered"], "delivered", "不含作废的票"),
        Column(RESPONSE_COLUMNS["returned"], "returned", HIDDEN),
        Column(RESPONSE_COLUMNS["percent"], "（由上两列算出）", "整数，余数舍去；收回不公布的为空"),
    ),
    rows.of_response,
)
DRAWS = Dataset(
    "draws",
    "抽取",
    "首次公示以前公开和作废的各项抽取：时间、承诺、随机数、各类别人数和证明文件的地址。暗访科室的抽取不在其中，见“抽取公开”。",
    Scope.ROUND,
    (
        Column("抽取编号", "draw_id", "证明文件的地址中也有"),
        Column("抽取内容", "label", "抽什么"),
        Column("状态", "status_label", "“已公开”或者“已作废”"),
        Column("公布承诺时间", "committed_at", "北京时间"),
        Column("随机数确定时间", "seeded_at", "作废的可能为空"),
        Column("公开证明时间", "published_at", "作废的为空"),
        Column("承诺校验值", "commit", "SHA-256"),
        Column("抽取种子", "seed", "由名单和随机数算出；作废的为空"),
        Column("类别", "strata", "每个类别一行；作废的只有一行，本列和以下各列为空"),
        Column("可抽数", "eligible", "可以抽取的人、票或者科室数"),
        Column("名额", "seats", "抽取的名额，含已启动的追加抽取"),
    ),
    rows.of_draws,
)
CLOSING_LIST = Dataset(
    "closing-list",
    "封箱清单",
    "箱内每张票的回执号和承诺校验值，按回执号排列；看不出票是谁投的，也看不出投的什么。",
    Scope.ROUND,
    (
        Column("回执号", "receipt", "20位数字和字母，不分组"),
        Column("承诺校验值", "commitment", "SHA-256"),
    ),
    rows.of_closing_list,
)
RECTIFICATIONS = Dataset(
    "rectifications",
    "整改结果",
    "上榜科室的整改状态、整改事项和整改评价，与“整改情况”页面相同；不含任何人的姓名。",
    Scope.UPDATED,
    (
        Column("位次", "rank", "名单上的位次"),
        CODE,
        DEPARTMENT,
        SECTION,
        Column("整改状态", "state", "如整改中、已销号"),
        Column("问题", "problem", "每个整改事项一行；方案认可前没有事项，只有一行"),
        Column("事项状态", "items中的state", "如整改中、已销号"),
        Column("完成时限", "due_on", "年-月-日，可能为空"),
        Column("销号日期", "closed_on", "尚未销号的为空"),
        Column("整改评价", "ratings", f"群众的评价，仅供参考；不足{SMALLEST_SHOWN}条的为空"),
    ),
    rows.of_rectifications,
)
DATASETS: Mapping[str, Dataset] = {
    each.name: each
    for each in (LIST, SECTIONS, RULEBOOK, CELLS, TURNOUT, RESPONSE, DRAWS, CLOSING_LIST, RECTIFICATIONS)
}
