"""What a round calls its five indicators, what each asks, and the words of the answers (评议指标和程度).

The places, their keys and their order never change (`Indicator`); names, questions and words are settings of a round.
A rulebook or ballot form without them is older than these settings, or keeps to the default.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.scoring.method import HIGHEST_LEVEL, Indicator

DONT_KNOW = "x"
INDICATORS, LEVEL_WORDS = "indicators", "level_words"
NAME, QUESTION = "name", "question"
PARTS = {NAME: ("名称", 4), QUESTION: ("含义", 40)}
LONGEST_WORD = 5
ANSWERS = (*map(str, range(HIGHEST_LEVEL + 1)), DONT_KNOW)
# Names and words stand within quotation marks, in narrow columns, beside figures: Chinese characters alone.
PLAIN = re.compile(r"[\u4e00-\u9fff]+")
# Heads of the columns beside which the names stand; a workbook finds its columns by their heads.
OTHER_COLUMNS = (
    "序号",
    "位次",
    "单位",
    "科室",
    "渠道",
    "难办指数",
    "得票数",
    "确定程度",
    "主要问题",
    "服务类型",
    "单位性质",
)
# A question is one phrase of a page, between other text.
PHRASE = re.compile(r"[\u4e00-\u9fff、，（）]+")

DEFAULT_INDICATORS: dict[str, dict[str, str]] = {
    "cold": {"name": "冷", "question": "态度冷漠、生硬，对群众诉求不重视"},
    "lazy": {"name": "懒", "question": "办事拖拉、脱岗、不作为"},
    "buck_passing": {"name": "推", "question": "推诿扯皮，让群众来回跑"},
    "disorderly": {"name": "乱", "question": "不按规定办事，乱定标准、乱收费、乱检查"},
    "greedy": {"name": "贪", "question": "吃拿卡要，讲人情、要好处"},
}
DEFAULT_WORDS = {"0": "没有", "1": "轻微", "2": "较重", "3": "严重", "4": "非常严重", DONT_KNOW: "不了解"}


@dataclass(frozen=True)
class Questionnaire:
    """Names and questions of the indicators by their keys, in their order; the word of every answer."""

    names: Mapping[str, str]
    questions: Mapping[str, str]
    words: Mapping[str, str]

    @property
    def listed(self) -> str:
        """The five names in a row, as a sentence quotes them."""
        return "、".join(self.names.values())

    @property
    def labels(self) -> list[str]:
        """The five names in their order."""
        return list(self.names.values())

    @property
    def greedy(self) -> str:
        """The name of the indicator that alleges misconduct."""
        return self.names[Indicator.GREEDY]

    @property
    def none(self) -> str:
        """The word of the lowest level."""
        return self.words["0"]

    @property
    def unknown(self) -> str:
        """The word for no answer."""
        return self.words[DONT_KNOW]

    def answers(self, levels: int) -> dict[str, str]:
        """Return answer -> word on a scale of 0 to `levels`, as the ballot shows it."""
        words = {str(level): self.words.get(str(level), f"{level}级") for level in range(levels + 1)}
        return words | {DONT_KNOW: self.unknown}

    def severe(self, severe_from: int, levels: int) -> list[str]:
        """Return the words of the answers that require a manifestation."""
        words = self.answers(levels)
        return [words[str(level)] for level in range(severe_from, levels + 1)]

    def as_settings(self) -> dict[str, Any]:
        """Return the settings it was read from."""
        return {
            INDICATORS: {key: {NAME: name, QUESTION: self.questions[key]} for key, name in self.names.items()},
            LEVEL_WORDS: dict(self.words),
        }


def quoted(words: Sequence[str], joint: str) -> str:
    """Return the words in quotation marks, with a word between them."""
    return joint.join(f"“{word}”" for word in words)


def questionnaire_of(settings: Mapping[str, Any]) -> Questionnaire:
    """Read the questionnaire of a rulebook or a ballot form; what it does not have is the default."""
    indicators, words = settings.get(INDICATORS, DEFAULT_INDICATORS), settings.get(LEVEL_WORDS, DEFAULT_WORDS)
    return Questionnaire(
        names={i.value: indicators[i][NAME] for i in Indicator},
        questions={i.value: indicators[i][QUESTION] for i in Indicator},
        words={answer: words[answer] for answer in ANSWERS},
    )


DEFAULT = questionnaire_of({})


def questionnaire_errors(settings: Mapping[str, Any]) -> list[str]:
    """Return in Chinese what is wrong with the names, questions and words of a rulebook or a ballot form."""
    return list(_faults(settings.get(INDICATORS, DEFAULT_INDICATORS), settings.get(LEVEL_WORDS, DEFAULT_WORDS)))


def _faults(indicators: Any, words: Any) -> Iterator[str]:
    if not isinstance(words, Mapping) or set(words) != set(ANSWERS):
        yield f"程度用语应有0到{HIGHEST_LEVEL}级和不作答共{len(ANSWERS)}项。"
    else:
        yield from _word_faults(words)
    if not isinstance(indicators, Mapping) or set(indicators) != set(Indicator):
        yield "指标应恰好为五项。"
    elif not all(isinstance(each, Mapping) and set(each) == set(PARTS) for each in indicators.values()):
        yield "每项指标应有名称和含义。"
    else:
        yield from _indicator_faults([indicators[i] for i in Indicator])


def _word_faults(words: Mapping[str, Any]) -> Iterator[str]:
    for answer in ANSWERS:
        if not _is_text(words[answer], PLAIN, LONGEST_WORD):
            what = "不作答的用语" if answer == DONT_KNOW else f"{answer}级的用语"
            yield f"{what}应为1到{LONGEST_WORD}个汉字，不含标点、数字和字母。"
    if len(set(map(str, words.values()))) < len(ANSWERS):
        yield "各级程度和不作答的用语不能相同。"


def _indicator_faults(indicators: list[Mapping[str, Any]]) -> Iterator[str]:
    for number, indicator in zip("一二三四五", indicators, strict=True):
        (name, most), (question, longest) = PARTS[NAME], PARTS[QUESTION]
        if not _is_text(indicator[NAME], PLAIN, most):
            yield f"第{number}项指标的{name}应为1到{most}个汉字，不含标点、数字和字母。"
        if not _is_text(indicator[QUESTION], PHRASE, longest):
            yield f"第{number}项指标的{question}应为1到{longest}个字，只用汉字、顿号、逗号和括号，末尾不加标点。"
    yield from (
        f"指标的名称不能与表格的栏目“{indicator[NAME]}”相同。"
        for indicator in indicators
        if indicator[NAME] in OTHER_COLUMNS
    )
    for part, (label, _) in PARTS.items():
        if len({str(indicator[part]) for indicator in indicators}) < len(indicators):
            yield f"五项指标的{label}不能相同。"


def _is_text(value: Any, pattern: re.Pattern[str], longest: int) -> bool:
    is_fit = isinstance(value, str) and len(value) <= longest and pattern.fullmatch(value) is not None
    return is_fit and value[-1:] not in "、，（"
