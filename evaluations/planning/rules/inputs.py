"""What a plan assumes (计划的输入): every number with its default and bounds, and figures of single sections.

A number left out (None) follows from the rulebook or the last round, see `lines.py`, `protection.py` (planning.md 1).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluations.scoring.method import Channel
from nanchuan_eval.core.faults import shortened

NO_CLIENTS, AUTOMATIC = "none", ""
YES, NO = "yes", "no"
SECTIONS = "sections"
BLANK = frozenset({"-", "—"})
MOST_FAULTS = 20
NUMBER = re.compile(r"[0-9]{1,12}([.][0-9]{1,6})?")
# Figure of a section -> its label and bounds.
LIMITS = {
    "cases": ("办件量", 0, 10**9),
    "clients": ("服务对象人数", 0, 10**8),
    "return_percent": ("预计回收率", 1, 100),
}

_TARGETED, _SAMPLED, _OTHER = "定向评议", "抽样评议", "其他评议"
_CLIENTS, _PROTECTION, _MODEL = "服务对象票（每张只评一个科室）", "防买票", "模型参数（一般不改）"


@dataclass(frozen=True)
class Input:
    """One number of a plan, or one choice; its path in the file, its group on the form."""

    path: str
    label: str
    group: str
    default: float | str | None
    low: float = 0
    high: float = 1_000_000
    is_whole: bool = False
    choices: Mapping[str, str] | None = None
    help: str = ""

    @property
    def bounds(self) -> str:
        """What may be entered, in words."""
        if self.choices is not None:
            return f"应为{'、'.join(key or '（空）' for key in self.choices)}之一"
        return f"应为{self.low:.10g}至{self.high:.10g}之间的{'整数' if self.is_whole else '数'}"

    def takes(self, number: float) -> bool:
        """True if the number may be entered."""
        return self.low <= number <= self.high and not (self.is_whole and number != int(number))


def _percent(path: str, label: str, group: str, default: float | None, text: str = "") -> Input:
    return Input(path, label, group, default, 1, 100, help=text)


INPUTS: tuple[Input, ...] = (
    Input("targeted.ballots", "发出评议票（张）", _TARGETED, None, 1, 100_000, True, help="不填的，按评议规则的人数"),
    _percent("targeted.return_percent", "预计回收率（%）", _TARGETED, 60),
    Input("targeted.sections", "平均每张评议科室（个）", _TARGETED, 7, 1, 1000, help="预先列明科室的，建议最多14个"),
    _percent("targeted.valid_percent", "有效票比例（%）", _TARGETED, 95),
    Input(
        "targeted.even",
        "票上预先列明科室",
        _TARGETED,
        NO,
        choices={NO: "否，由评议人员自己选", YES: "是，各科室平均分配"},
        help="评议表仍列出全部科室；按办件记录列明的科室印在本人的通知书上，打开评议票时已经选好",
    ),
    Input(
        "sampled.ballots",
        "计票（公开领票的）或发放（抽签发放的）评议票（张）",
        _SAMPLED,
        None,
        1,
        1_000_000,
        True,
        help="不填的，按评议规则的张数",
    ),
    _percent(
        "sampled.return_percent", "预计回收率（%）", _SAMPLED, None, "不填的，公开领票按100，抽签发放按服务对象票回收率"
    ),
    Input("sampled.sections", "平均每张评议科室（个）", _SAMPLED, 4, 1, 1000),
    _percent("sampled.valid_percent", "有效票比例（%）", _SAMPLED, 95),
    Input("other.ballots", "预计收到评议票（张）", _OTHER, 6000, 0, 10_000_000, True),
    Input("other.sections", "平均每张评议科室（个）", _OTHER, 1.6, 1, 1000),
    _percent("other.valid_percent", "有效票比例（%）", _OTHER, 95),
    Input(
        "clients.channel",
        "服务对象票计入",
        _CLIENTS,
        AUTOMATIC,
        choices={
            AUTOMATIC: "按本轮评议规则",
            Channel.TARGETED.value: "定向评议（由系统按办件、按科室抽签发放）",
            Channel.SAMPLED.value: "抽样评议（由系统按科室抽签发放）",
            NO_CLIENTS: "不安排",
        },
        help="按本轮评议规则：抽取办事群众的，计入定向评议；抽样渠道视为抽签渠道的，计入抽样评议；其余计入定向评议",
    ),
    Input("clients.least", "每个科室至少收回（张）", _CLIENTS, 40, 0, 1000, True),
    _percent("clients.return_percent", "预计回收率（%）", _CLIENTS, 40),
    _percent("clients.valid_percent", "有效票比例（%）", _CLIENTS, 95),
    Input("bought", "须防的买票张数（抽签渠道）", _PROTECTION, 12, 0, 1000, True),
    Input("risk_percent", "允许的风险（%）", _PROTECTION, 5, 0.1, 49, help="也用于判断预计票数是否偏少"),
    Input("model.lead", "上榜线高出中位数（分）", _MODEL, None, 0, 100, help="不填的，取上期差距的7/8；没有上期的，7"),
    Input("model.mean", "抽签渠道平均分", _MODEL, None, 0, 100, help="不填的，取上期；没有上期的，14.4"),
    Input("model.variance.several", "定向票每行方差（一票评多个科室）", _MODEL, 195, 0, 10_000),
    Input("model.variance.one", "服务对象票每行方差（一票评一个科室）", _MODEL, 285, 0, 10_000),
    Input("model.variance.sampled", "抽样票每行方差", _MODEL, 315, 0, 10_000),
    Input("model.variance.other", "其他票每行方差", _MODEL, 410, 0, 10_000),
    Input(
        "model.lines.sampled",
        "抽样评议：中间科室有效票",
        _MODEL,
        None,
        0,
        100_000,
        help="不填的，取上期中位数；没有上期的，12",
    ),
    Input(
        "model.lines.other",
        "其他评议：中间科室有效票",
        _MODEL,
        None,
        0,
        100_000,
        help="不填的，取上期中位数；没有上期的，45",
    ),
    Input("model.between", "渠道看法不一（方差）", _MODEL, None, 0, 10_000, help="不填的，取上期；没有上期的，1.4"),
    Input("model.selective", "选择性不答时的渠道看法不一（方差）", _MODEL, 16, 0, 10_000),
)
BY_PATH = {each.path: each for each in INPUTS}


class InputError(ValueError):
    """The assumptions cannot be used; one Chinese text per fault, each naming the place and the value."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class SectionFigures:
    """What is known of one section beforehand: cases, people with a finished case, the return expected of them."""

    cases: float | None = None
    clients: float | None = None
    return_percent: float | None = None


@dataclass(frozen=True)
class Inputs:
    """All numbers by path, and the known figures by section; whatever is left out has its default."""

    numbers: Mapping[str, float | str | None] = field(default_factory=dict)
    sections: Mapping[str, SectionFigures] = field(default_factory=dict)

    def number(self, path: str, otherwise: float = 0.0) -> float:
        """Return a number; `otherwise` where it is left out and has no default."""
        value = self._given(path)
        return otherwise if value is None else float(value)

    def choice(self, path: str) -> str:
        """Return a choice."""
        return str(self._given(path))

    def share(self, path: str, otherwise: float = 100.0) -> float:
        """Return a percentage as a part of 1."""
        return self.number(path, otherwise) / 100

    def of(self, section: str) -> SectionFigures:
        """Return what is known of a section."""
        return self.sections.get(section, SectionFigures())

    def _given(self, path: str) -> float | str | None:
        value = self.numbers.get(path)
        return BY_PATH[path].default if value is None else value


def parse_inputs(document: Any, sections: Iterable[str]) -> Inputs:
    """Read the file of assumptions; every unknown key and every value out of range is a fault."""
    if not isinstance(document, dict):
        raise InputError([_fault("文件", document, "应为一个对象")])
    known, faults = frozenset(sections), list[str]()
    of_sections = document.get(SECTIONS, {})
    numbers = dict(_numbers(_flat({key: value for key, value in document.items() if key != SECTIONS}), faults))
    figures = dict(_sections(of_sections, known, faults))
    faults += case_faults(figures, known)
    if faults:
        raise InputError(_cut(faults))
    return Inputs(numbers, figures)


def parse_lines(text: str, sections: Iterable[str]) -> dict[str, SectionFigures]:
    """Read figures of sections from typed lines: code, cases, clients, return; "-" where a figure is not known."""
    known, faults, found = frozenset(sections), list[str](), dict[str, SectionFigures]()
    for number, line in enumerate(text.splitlines(), start=1):
        code, *cells = line.replace("，", " ").replace(",", " ").split() or [""]
        if not code:
            continue
        where = f"第{number}行"
        if code not in known:
            faults.append(_fault(where, code, "科室代码不在名录中"))
        elif code in found:
            faults.append(_fault(where, code, "科室代码重复"))
        elif len(cells) > len(LIMITS):
            faults.append(_fault(where, line, "每行应为科室代码、办件量、服务对象人数、预计回收率（%）"))
        else:
            values = (None if cell in BLANK else cell for cell in cells)
            found[code] = _figures(where, dict(zip(LIMITS, values, strict=False)), faults)
    faults += case_faults(found, known)
    if faults:
        raise InputError(_cut(faults))
    return found


def case_faults(figures: Mapping[str, SectionFigures], sections: frozenset[str]) -> list[str]:
    """Numbers of cases share out the ballots, so they are given for all sections or for none."""
    given = {section for section, of in figures.items() if of.cases is not None}
    lacking = sorted(sections - given)
    if not given or not lacking:
        return []
    return [f"办件量应填写全部科室，或者都不填；现缺{len(lacking)}个科室，如：{lacking[0]}。"]


def as_number(value: Any) -> float | None:
    """Return a whole number, or a decimal written as text, as a float; None if it is neither."""
    is_number = isinstance(value, (int, str)) and not isinstance(value, bool) and NUMBER.fullmatch(str(value))
    return float(value) if is_number else None


def _numbers(document: Iterable[tuple[str, Any]], faults: list[str]) -> Iterator[tuple[str, float | str | None]]:
    for path, value in document:
        each = BY_PATH.get(path)
        if each is None:
            faults.append(_fault(path, value, "不是可以填写的项目"))
        elif each.choices is not None:
            if not isinstance(value, str) or value not in each.choices:
                faults.append(_fault(path, value, each.bounds))
            yield path, value
        else:
            yield path, _number(path, value, each, faults)


def _number(where: str, value: Any, each: Input, faults: list[str]) -> float | None:
    number = as_number(value)
    if value is not None and (number is None or not each.takes(number)):
        faults.append(_fault(where, value, each.bounds))
    return number


def _sections(document: Any, known: frozenset[str], faults: list[str]) -> Iterator[tuple[str, SectionFigures]]:
    if not isinstance(document, dict):
        faults.append(_fault(SECTIONS, document, "应为一个对象，键为科室代码"))
        return
    for code, values in document.items():
        where = f"{SECTIONS}.{code}"
        if code not in known:
            faults.append(_fault(where, values, "科室代码不在名录中"))
        elif not isinstance(values, dict) or not set(values) <= set(LIMITS):
            faults.append(_fault(where, values, f"只能有{'、'.join(LIMITS)}"))
        else:
            yield code, _figures(where, values, faults)


def _figures(where: str, values: Mapping[str, Any], faults: list[str]) -> SectionFigures:
    found = {}
    for key, value in values.items():
        label, low, high = LIMITS[key]
        each = Input(key, label, "", None, low, high, is_whole=key == "clients")
        found[key] = _number(f"{where}·{label}", value, each, faults)
    return SectionFigures(**found)


def _flat(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict) and name not in BY_PATH:
            yield from _flat(value, name)
        else:
            yield name, value


def _fault(where: str, value: Any, expected: str) -> str:
    return f"“{where}”：{expected}，现为：{shortened(value)}"


def _cut(faults: list[str]) -> list[str]:
    more = len(faults) - MOST_FAULTS
    return faults if more <= 0 else [*faults[:MOST_FAULTS], f"另有{more}处有误。"]
