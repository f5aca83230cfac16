"""What the ballot pages show: departments with their sections, cards to rate on, lines to check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from evaluations.rules.ballots import DONT_KNOW, RawLine, Vote, is_valid_line
from evaluations.rules.indicators import LEVEL_WORDS, Indicator
from evaluations.rules.paper import BallotPaper, PaperSection

# What each indicator asks, in plain words.
QUESTIONS = {
    Indicator.COLD: "态度冷漠、生硬，对群众的事不上心",
    Indicator.LAZY: "办事拖拉、脱岗、不作为",
    Indicator.BUCK_PASSING: "推诿扯皮，让群众来回跑",
    Indicator.DISORDERLY: "不按规定办，标准乱、收费乱、检查乱",
    Indicator.GREEDY: "吃拿卡要，讲人情、要好处",
}


@dataclass(frozen=True)
class Option:
    """A radio button or a tick box."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class Question:
    """One indicator on a card."""

    name: str
    title: str
    explanation: str
    options: Sequence[Option]
    ticks: Sequence[Option]
    error: str
    ticks_error: str


@dataclass(frozen=True)
class Card:
    """One section to rate; `error` is what is wrong with its ticks as a whole."""

    section: PaperSection
    questions: Sequence[Question]
    error: str


@dataclass(frozen=True)
class ReviewLine:
    """One section as it will be sent."""

    section: PaperSection
    answers: Sequence[tuple[str, str, str]]
    ticks: Sequence[str]
    counts: bool


def departments_of(paper: BallotPaper) -> list[tuple[str, list[PaperSection]]]:
    """Return (department name, its sections) in the paper's order."""
    by_department = groupby(paper.sections, key=lambda section: section.department)
    return [(department, list(sections)) for department, sections in by_department]


def rating_cards(paper: BallotPaper, lines: Sequence[RawLine], errors: Mapping[str, str]) -> list[Card]:
    """Return a card per line with what was typed and what is wrong with it."""
    sections = {section.code: section for section in paper.sections}
    return [
        Card(
            section=sections[line.section],
            questions=[_question(paper, line, indicator, errors) for indicator in Indicator],
            error=errors.get(f"{line.section}.manifestations", ""),
        )
        for line in lines
    ]


def review_lines(paper: BallotPaper, vote: Vote) -> list[ReviewLine]:
    """Return the lines of a valid vote in words: (indicator, level as sent, word)."""
    sections = {section.code: section for section in paper.sections}
    texts = {sign.code: sign.text for sign in paper.manifestations}
    words = level_words(paper)
    return [
        ReviewLine(
            section=sections[line.section],
            answers=[(i.label, level, words[level]) for i in Indicator for level in [_sent(line.answers, i)]],
            ticks=[texts[code] for code in line.manifestations],
            counts=is_valid_line(line.answers, paper.min_answered),
        )
        for line in vote.lines
    ]


def level_words(paper: BallotPaper) -> dict[str, str]:
    """Return value -> word for the paper's levels; a scale other than 0 to 3 gets numbered words between."""
    top = str(paper.levels)
    words = {str(level): LEVEL_WORDS.get(str(level), f"{level}级") for level in range(paper.levels + 1)}
    if top not in LEVEL_WORDS:
        words[top] = "非常严重"
    return words | {DONT_KNOW: LEVEL_WORDS[DONT_KNOW]}


def _sent(answers: Mapping[str, int], indicator: Indicator) -> str:
    return str(answers[indicator]) if indicator in answers else DONT_KNOW


def _question(paper: BallotPaper, line: RawLine, indicator: Indicator, errors: Mapping[str, str]) -> Question:
    given = line.answers.get(indicator, ())
    typed = given[0] if len(given) == 1 else ""
    name = f"{line.section}.{indicator}"
    signs = [sign for sign in paper.manifestations if sign.indicator == indicator]
    return Question(
        name=name,
        title=indicator.label,
        explanation=QUESTIONS[indicator],
        options=[Option(value, word, value == typed) for value, word in level_words(paper).items()],
        ticks=[Option(sign.code, sign.text, sign.code in line.manifestations) for sign in signs],
        error=errors.get(name, ""),
        ticks_error=errors.get(f"{name}.manifestations", ""),
    )
