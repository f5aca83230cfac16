"""Indicators, channels, and the settings of score method NC-1 read from rulebook.json (method.md 1.1, 4.2)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import gcd, lcm
from typing import Any

from django.db.models import TextChoices

from nanchuan_eval.core.faults import shortened

METHOD = "NC-1"
HIGHEST_LEVEL = 4
BASES = ("difficulty", "vote_count")
# 5, 1.96, 1/2 and no more: Fraction() alone would also read "1e999999999", "1_0" and other scripts' digits.
NUMBER = re.compile(r"-?[0-9]{1,40}([./][0-9]{1,40})?")


class Indicator(TextChoices):
    """The five places, always in this order; what a round calls them is in its questionnaire.

    A label stands only where no round is known.
    """

    COLD = "cold", "第一项指标"
    LAZY = "lazy", "第二项指标"
    BUCK_PASSING = "buck_passing", "第三项指标"
    DISORDERLY = "disorderly", "第四项指标"
    GREEDY = "greedy", "第五项指标"


class Channel(TextChoices):
    """评议渠道, in the rulebook's order."""

    TARGETED = "targeted", "定向评议"
    SAMPLED = "sampled", "抽样评议"
    OTHER = "other", "其他评议"


class RulebookError(ValueError):
    """The rulebook cannot be used for a count; the Chinese text names the faulty setting."""


@dataclass(frozen=True)
class ChannelRule:
    """One channel: its weight (a fraction of 1); drawn = nobody can return a ballot without being drawn."""

    weight: Fraction
    drawn: bool


@dataclass(frozen=True)
class Settings:
    """The settings that every method reads; weights and thresholds are exact."""

    levels: int  # L, the highest answer
    severe_from: int  # an answer from this level on is severe
    min_answered: int  # a line with fewer answers is invalid
    indicator_weights: Mapping[str, Fraction]  # w, in the indicators' order
    channels: Mapping[str, ChannelRule]  # in the order targeted, sampled, other
    prior_ballots: int  # k, average ballots added to every cell
    cap: Fraction  # C, points a channel that is not drawn may lie away from the drawn deviation
    min_lines: int  # n_min, valid lines a section needs to be ranked
    min_drawn_lines: int  # n_min_drawn, how many of them in drawn channels
    list_length: int
    z: Fraction  # width of the rank interval in standard deviations
    nu0: Fraction  # degrees of freedom given to the pooled variance
    v_prior: Fraction  # prior variance in points squared, with 1 degree of freedom
    sections: tuple[str, ...]  # codes, sorted
    vetoes: frozenset[str]  # codes of the sections put first

    @cached_property
    def whole_weights(self) -> dict[str, int]:
        """The indicator weights as the smallest whole numbers in proportion (20, 20, … = 1, 1, …)."""
        unit = lcm(*(weight.denominator for weight in self.indicator_weights.values()))
        whole = {key: int(weight * unit) for key, weight in self.indicator_weights.items()}
        common = gcd(*whole.values())
        return {key: weight // common for key, weight in whole.items()}

    @cached_property
    def scale(self) -> int:
        """The D that makes q = D * sum(w x) / sum(w answered) whole for every valid line; y = 100 q / (D L).

        Equal weights and at least 3 answers: lcm(3, 4, 5) = 60.
        """
        sizes = range(self.min_answered, len(Indicator) + 1)
        return lcm(*(sum(some) for n in sizes for some in combinations(self.whole_weights.values(), n)))

    @property
    def drawn_channels(self) -> tuple[str, ...]:
        """The channels that are drawn."""
        return tuple(name for name, rule in self.channels.items() if rule.drawn)


@dataclass(frozen=True)
class Method(Settings):
    """The scoring part of a rulebook for NC-1."""

    mean_min_lines: int  # m_min, valid lines a section needs to enter a channel's average
    basis: str  # one of BASES


def parse_method(rulebook: Mapping[str, Any]) -> Method:
    """Read the scoring part of a rulebook; further keys are ignored, any fault is a RulebookError."""
    if not isinstance(rulebook, Mapping):
        raise RulebookError("规则文件应为一个对象。")
    if rulebook.get("method") != METHOD:
        raise RulebookError("规则文件的计分方法（method）不是 NC-1。")
    return Method(
        **shared_settings(rulebook),
        mean_min_lines=whole(rulebook, "mean_min_lines", 0),
        basis=_basis(rulebook),
    )


def shared_settings(rulebook: Mapping[str, Any]) -> dict[str, Any]:
    """Read what every method needs, by the names of `Settings`."""
    levels = whole(rulebook, "levels", 1, HIGHEST_LEVEL)
    sections = _sections(rulebook)
    return {
        "levels": levels,
        "severe_from": whole(rulebook, "severe_from", 1, levels),
        "min_answered": whole(rulebook, "min_answered", 1, len(Indicator)),
        "indicator_weights": _indicator_weights(rulebook),
        "channels": _channels(rulebook),
        "prior_ballots": whole(rulebook, "prior_ballots", 1),
        "cap": rational(rulebook, "cap"),
        "min_lines": whole(rulebook, "min_lines", 0),
        "min_drawn_lines": whole(rulebook, "min_drawn_lines", 0),
        "list_length": whole(rulebook, "list_length", 1),
        "z": rational(rulebook, "z"),
        "nu0": rational(rulebook, "nu0"),
        "v_prior": rational(rulebook, "v_prior"),
        "sections": sections,
        "vetoes": _vetoes(rulebook, sections),
    }


def _value(rulebook: Mapping[str, Any], key: str) -> Any:
    if key not in rulebook:
        raise RulebookError(f"规则文件缺少“{key}”。")
    return rulebook[key]


def whole(rulebook: Mapping[str, Any], key: str, low: int, high: int | None = None) -> int:
    """Read a whole number within its bounds."""
    value = _value(rulebook, key)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < low or (high is not None and value > high):
        bounds = f"{low}到{high}之间" if high is not None else f"不小于{low}"
        raise RulebookError(f"“{key}”应为{bounds}的整数，实为：{shortened(value)}。")
    return int(value)


def rational(rulebook: Mapping[str, Any], key: str, high: int | None = None) -> Fraction:
    """Read an exact number that is not negative and, where a bound is given, not above it."""
    value = _fraction(_value(rulebook, key), key)
    if value < 0:
        raise RulebookError(f"“{key}”不能是负数，实为：{value}。")
    if high is not None and value > high:
        raise RulebookError(f"“{key}”应为0到{high}之间的数，实为：{value}。")
    return value


def _fraction(value: object, key: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise RulebookError(f"“{key}”应为整数，或写成文字的小数、分数，实为：{shortened(value)}。")
    if not NUMBER.fullmatch(str(value)):
        raise RulebookError(f"“{key}”不是数：{shortened(value)}。")
    try:
        return Fraction(value)
    except ZeroDivisionError:
        raise RulebookError(f"“{key}”的分母不能为0，实为：{value}。") from None


def _table(rulebook: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = _value(rulebook, key)
    if not isinstance(value, Mapping):
        raise RulebookError(f"“{key}”应为一个对象，实为：{shortened(value)}。")
    return value


def _indicator_weights(rulebook: Mapping[str, Any]) -> dict[str, Fraction]:
    table = _table(rulebook, "indicator_weights")
    if set(table) != set(Indicator.values):
        raise RulebookError("“indicator_weights”应恰好列出五项指标。")
    weights = {i.value: _fraction(table[i], f"indicator_weights.{i}") for i in Indicator}
    if min(weights.values()) <= 0:
        raise RulebookError(f"指标权重应大于0，实为：{min(weights.values())}。")
    return weights


def _channels(rulebook: Mapping[str, Any]) -> dict[str, ChannelRule]:
    table = _table(rulebook, "channels")
    if not table or set(table) - set(Channel.values):
        raise RulebookError("“channels”只能是 targeted、sampled、other，且不能为空。")
    channels = {c.value: _channel(table[c], c) for c in Channel if c in table}
    whole_weight = sum(rule.weight for rule in channels.values())
    if whole_weight != 1:
        raise RulebookError(f"各渠道权重之和应为1，实为：{whole_weight}。")
    return channels


def _channel(value: object, name: str) -> ChannelRule:
    if not isinstance(value, Mapping) or not {"weight", "drawn"} <= value.keys():
        raise RulebookError(f"渠道“{name}”应有 weight 和 drawn。")
    weight = _fraction(value["weight"], f"channels.{name}.weight")
    if weight <= 0 or not isinstance(value["drawn"], bool):
        raise RulebookError(f"渠道“{name}”的权重应大于0,drawn 应为 true 或 false。")
    return ChannelRule(weight, value["drawn"])


def _basis(rulebook: Mapping[str, Any]) -> str:
    basis = _value(rulebook, "basis")
    if basis not in BASES:
        raise RulebookError(f"“basis”只能是 difficulty（难办指数）或 vote_count（得票数），实为：{shortened(basis)}。")
    return str(basis)


def _sections(rulebook: Mapping[str, Any]) -> tuple[str, ...]:
    sections = _value(rulebook, "sections")
    if not isinstance(sections, list) or not all(isinstance(code, str) and code for code in sections):
        raise RulebookError("“sections”应为科室代码的列表。")
    if repeated := next((code for code, times in Counter(sections).items() if times > 1), None):
        raise RulebookError(f"“sections”中有重复的科室代码：{shortened(repeated)}。")
    return tuple(sorted(sections))


def _vetoes(rulebook: Mapping[str, Any], sections: tuple[str, ...]) -> frozenset[str]:
    vetoes = _value(rulebook, "vetoes")
    if not isinstance(vetoes, list) or not all(isinstance(veto, Mapping) for veto in vetoes):
        raise RulebookError("“vetoes”应为列表。")
    codes = [veto.get("section") for veto in vetoes]
    if outside := [code for code in codes if code not in sections]:
        raise RulebookError(f"“vetoes”中有名录之外的科室：{shortened(outside[0])}。")
    return frozenset(str(code) for code in codes)
