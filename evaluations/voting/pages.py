"""Data of the ballot pages: departments with their sections, rating cards, lines to review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from evaluations.ballot_form.rules.form import (
    DONT_KNOW,
    QUESTIONS,
    BallotForm,
    FormSection,
    ServiceTopics,
    level_words,
    topics_of,
)
from evaluations.ballot_form.rules.votes import RawLine, Vote, is_valid_line
from evaluations.scoring.method import Indicator

# From this many sections on, a table replaces the cards, for evaluators who rate all sections.
TABLE_FROM = 13
SELECTED, SEVERE = mark_safe(" selected"), mark_safe(' data-severe="1"')


@dataclass(frozen=True)
class Option:
    """A radio button or a checkbox."""

    value: str
    label: str
    is_chosen: bool
    is_severe: bool = False

    @property
    def as_html(self) -> SafeString:
        """The `<option>` of a select field."""
        return _option(self.value, self.label, self.is_chosen, self.is_severe)


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
    indicator: str
    is_severe: bool

    @property
    def select_options(self) -> SafeString:
        """The options for the compact table, selected by the keys 0 to 3 and x."""
        blank = format_html('<option value=""{}>-</option>', "" if any(o.is_chosen for o in self.options) else SELECTED)
        return blank + format_html_join("", "{}", ((o.as_html,) for o in self.options))


@dataclass(frozen=True)
class Card:
    """One section to rate; `error` concerns its manifestations as a whole."""

    section: FormSection
    questions: Sequence[Question]
    error: str

    @property
    def needs_ticks(self) -> bool:
        """True if an answer requires a manifestation."""
        return any(question.is_severe for question in self.questions)


@dataclass(frozen=True)
class ReviewLine:
    """One section of the vote to be submitted."""

    section: FormSection
    answers: Sequence[tuple[str, str, str]]
    ticks: Sequence[str]
    counts: bool


def sections_to_choose(
    ballot_form: BallotForm, service_topics: ServiceTopics
) -> list[tuple[str, str, list[tuple[FormSection, str]]]]:
    """Return (department, its code, its sections with their service topics) in the order of the form."""
    return [
        (
            name,
            sections[0].department_code,
            [(section, topics_of(section.name, service_topics)) for section in sections],
        )
        for name, sections in departments_of(ballot_form)
    ]


def departments_of(ballot_form: BallotForm) -> list[tuple[str, list[FormSection]]]:
    """Return (department, its sections) in the order of the form."""
    by_department = groupby(ballot_form.sections, key=lambda section: section.department)
    return [(department, list(sections)) for department, sections in by_department]


def rating_cards(ballot_form: BallotForm, lines: Sequence[RawLine], errors: Mapping[str, str]) -> list[Card]:
    """Return a card per line, with its answers and errors."""
    sections = {section.code: section for section in ballot_form.sections}
    return [
        Card(
            section=sections[line.section],
            questions=[_question(ballot_form, line, indicator, errors) for indicator in Indicator],
            error=errors.get(f"{line.section}.manifestations", ""),
        )
        for line in lines
    ]


def error_summary(ballot_form: BallotForm, errors: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (field to link to, message naming section and indicators); merges equal errors of a section."""
    names = {section.code: section.name for section in ballot_form.sections}
    found: dict[tuple[str, str], list[str]] = {}
    for field, text in errors.items():
        found.setdefault((field.partition(".")[0], text), []).append(field)
    return [
        (fields[0] or "content", f"{names[code]}{_indicators_of(fields)}：{text}" if code in names else text)
        for (code, text), fields in found.items()
    ]


def review_lines(ballot_form: BallotForm, vote: Vote) -> list[ReviewLine]:
    """Return the lines of a valid vote for review; answers are (indicator, level, word)."""
    sections = {section.code: section for section in ballot_form.sections}
    texts = {sign.code: sign.text for sign in ballot_form.manifestations}
    words = level_words(ballot_form)
    return [
        ReviewLine(
            section=sections[line.section],
            answers=[(i.label, level, words[level]) for i in Indicator for level in [_sent(line.answers, i)]],
            ticks=[texts[code] for code in line.manifestations],
            counts=is_valid_line(line.answers, ballot_form.min_answered),
        )
        for line in vote.lines
    ]


@lru_cache(maxsize=64)
def _option(value: str, label: str, is_chosen: bool, is_severe: bool) -> SafeString:
    chosen, severe = SELECTED if is_chosen else "", SEVERE if is_severe else ""
    return format_html('<option value="{}"{}{}>{} {}</option>', value, chosen, severe, value, label)


def _indicators_of(fields: Sequence[str]) -> str:
    labels = [i.label for i in Indicator if any(field.split(".")[1] == i for field in fields)]
    return f"（{'、'.join(labels)}）" if labels else ""


def _sent(answers: Mapping[str, int], indicator: Indicator) -> str:
    return str(answers[indicator]) if indicator in answers else DONT_KNOW


def _question(ballot_form: BallotForm, line: RawLine, indicator: Indicator, errors: Mapping[str, str]) -> Question:
    given = line.answers.get(indicator, ())
    typed = given[0] if len(given) == 1 else ""
    name = f"{line.section}.{indicator}"
    signs = [sign for sign in ballot_form.manifestations if sign.indicator == indicator]
    return Question(
        name=name,
        title=indicator.label,
        explanation=QUESTIONS[indicator],
        options=[
            Option(value, word, value == typed, value in ballot_form.severe_answers)
            for value, word in level_words(ballot_form).items()
        ],
        ticks=[Option(sign.code, sign.text, sign.code in line.manifestations) for sign in signs],
        error=errors.get(name, ""),
        ticks_error=errors.get(f"{name}.manifestations", ""),
        indicator=indicator.value,
        is_severe=typed in ballot_form.severe_answers,
    )
