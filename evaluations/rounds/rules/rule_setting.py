"""One setting of a rulebook, and those of the questionnaire: the same settings for each of the five indicators."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluations.rounds.rules.rulebook import DEFAULTS, OF_METHOD, lookup
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import (
    DONT_KNOW,
    INDICATORS,
    LEVEL_WORDS,
    LONGEST_WORD,
    NAME,
    PARTS,
    questionnaire_of,
)


@dataclass(frozen=True)
class Setting:
    """One editable setting: its path in the rulebook, its Chinese label and bounds, its group on the form.

    `low`, `high` bound a whole number; `span` bounds any other. A setting with `method` belongs to this method alone.
    `words` says the value of a setting that is a table; a rulebook without it has an empty one. A rulebook that is
    older than a setting which `is_later` has its default. `longest` bounds a text; `indicator` = whose setting it is.
    """

    path: str
    label: str
    group: str
    low: int = 0
    high: int = 10_000
    choices: Mapping[str, str] | None = None
    help: str = ""
    span: tuple[str, str] | None = None
    method: str = ""
    words: Callable[[Any], str] | None = None
    is_later: bool = False
    longest: int = 20
    indicator: str = ""

    @property
    def default(self) -> Any:
        """The default value; of a setting that both methods have, the one under NC-2."""
        return self.default_of(self.method or DEFAULTS["method"])

    def default_of(self, method: str) -> Any:
        """Return the default under a method."""
        return lookup({**DEFAULTS, **OF_METHOD[method]}, self.path)

    def value_in(self, rulebook: Mapping[str, Any]) -> Any:
        """Return the value in a rulebook; one that is older than a table has none of its lines."""
        if self.is_later:
            return lookup(rulebook if self.path.partition(".")[0] in rulebook else DEFAULTS, self.path)
        return rulebook.get(self.path, []) if self.words else lookup(rulebook, self.path)

    def label_in(self, rulebook: Mapping[str, Any]) -> str:
        """Return the label, with what the rulebook calls the indicator."""
        if not self.indicator:
            return self.label
        return self.label.replace("指标", f"指标（{questionnaire_of(rulebook).names[self.indicator]}）")


SCORE, ASKED = "计分", "指标和程度用语"
_PLACES = tuple((indicator.value, indicator.label) for indicator in Indicator)


def weight_settings() -> Iterator[Setting]:
    """Yield the weights of the indicators."""
    for key, place in _PLACES:
        yield Setting(f"indicator_weights.{key}", f"{place}权重", SCORE, 1, 100, indicator=key)


def questionnaire_settings() -> Iterator[Setting]:
    """Yield the names and questions of the indicators, then the words of the answers that a ballot can have."""
    for key, place in _PLACES:
        for part, (label, most) in PARTS.items():
            about = f"不超过{most}个{'汉字' if part == NAME else '字，末尾不加标点'}"
            alleges = "；这一项是对违纪违法的指称，公示有关表述须经纪委监委同意" if key == Indicator.GREEDY else ""
            yield Setting(
                f"{INDICATORS}.{key}.{part}",
                f"{place}{label}",
                ASKED,
                help=about + alleges * (part == NAME),
                is_later=True,
                longest=most,
            )
    for answer in (*map(str, range(DEFAULTS["levels"] + 1)), DONT_KNOW):
        label = "不作答的用语" if answer == DONT_KNOW else f"{answer}级的用语"
        about = f"不超过{LONGEST_WORD}个汉字"
        yield Setting(f"{LEVEL_WORDS}.{answer}", label, ASKED, help=about, is_later=True, longest=LONGEST_WORD)
