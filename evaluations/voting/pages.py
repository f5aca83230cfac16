"""Data of the ballot pages: departments with their sections, rating cards, lines to review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from evaluations.ballot_form.rules.form import (
    BallotForm,
    FormSection,
    level_words,
)
from evaluations.ballot_form.rules.votes import RawLine, Vote, is_valid_line
from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import DONT_KNOW

# From this many sections on, a page has the table of a department instead of one section's questions.
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


def departments_of(ballot_form: BallotForm) -> list[tuple[str, list[FormSection]]]:
    """Return (department, its sections) in the order of the form."""
    by_department = groupby(ballot_form.sections, key=lambda section: section.department)
    return [(department, list(sections)) for department, sections in by_department]


def rating_pages(ballot_form: BallotForm, chosen: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sections on each rating page: one section a page, of many sections one department a page."""
    if not is_table(chosen):
        return [(code,) for code in chosen]
    wanted = frozenset(chosen)
    by_department = ([s.code for s in sections if s.code in wanted] for _, sections in departments_of(ballot_form))
    return [tuple(codes) for codes in by_department if codes]


def page_with(ballot_form: BallotForm, chosen: Sequence[str], errors: Mapping[str, str], otherwise: int = 0) -> int:
    """Return the number of the first rating page that an error concerns; the comment stands on the last one."""
    pages = rating_pages(ballot_form, chosen)
    places = {code: number for number, codes in enumerate(pages) for code in codes} | {"comment": len(pages) - 1}
    return min((places[field] for name in errors if (field := name.partition(".")[0]) in places), default=otherwise)


def errors_on(ballot_form: BallotForm, chosen: Sequence[str], errors: Mapping[str, str], number: int) -> dict[str, str]:
    """Return the errors that concern a rating page or the whole ballot."""
    pages = rating_pages(ballot_form, chosen)
    fields = {*pages[number], "", *(["comment"] if number == len(pages) - 1 else [])}
    return {name: text for name, text in errors.items() if name.partition(".")[0] in fields}


def is_table(chosen: Sequence[object]) -> bool:
    """True if so many sections are rated that they stand in tables, where a row may stay blank."""
    return len(chosen) >= TABLE_FROM


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
        (
            fields[0] or "content",
            f"{names[code]}{_indicators_of(ballot_form, fields)}：{text}" if code in names else text,
        )
        for (code, text), fields in found.items()
    ]


def review_lines(ballot_form: BallotForm, vote: Vote) -> list[ReviewLine]:
    """Return the lines of a valid vote for review; answers are (indicator, level, word)."""
    sections = {section.code: section for section in ballot_form.sections}
    texts = {sign.code: sign.text for sign in ballot_form.manifestations}
    words, names = level_words(ballot_form), ballot_form.questionnaire.names
    return [
        ReviewLine(
            section=sections[line.section],
            answers=[(names[i], level, words[level]) for i in Indicator for level in [_sent(line.answers, i)]],
            ticks=[texts[code] for code in line.manifestations],
            counts=is_valid_line(line.answers, ballot_form.min_answered),
        )
        for line in vote.lines
    ]


@lru_cache(maxsize=64)
def _option(value: str, label: str, is_chosen: bool, is_severe: bool) -> SafeString:
    chosen, severe = SELECTED if is_chosen else "", SEVERE if is_severe else ""
    return format_html('<option value="{}"{}{}>{} {}</option>', value, chosen, severe, value, label)


def _indicators_of(ballot_form: BallotForm, fields: Sequence[str]) -> str:
    names = ballot_form.questionnaire.names
    found = [name for i, name in names.items() if any(field.split(".")[1] == i for field in fields)]
    return f"（{'、'.join(found)}）" if found else ""


def _sent(answers: Mapping[str, int], indicator: Indicator) -> str:
    return str(answers[indicator]) if indicator in answers else DONT_KNOW


def _question(ballot_form: BallotForm, line: RawLine, indicator: Indicator, errors: Mapping[str, str]) -> Question:
    given = line.answers.get(indicator, ())
    typed = given[0] if len(given) == 1 else ""
    name = f"{line.section}.{indicator}"
    signs = [sign for sign in ballot_form.manifestations if sign.indicator == indicator]
    return Question(
        name=name,
        title=ballot_form.questionnaire.names[indicator],
        explanation=ballot_form.questionnaire.questions[indicator],
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
