"""The ballot form (评议表): frozen with the round and identified by its digest; its wording.

A form never changes and is looked up by digest, so a process may cache it without expiry.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

from evaluations.scoring.method import Indicator
from evaluations.scoring.questionnaire import (
    DEFAULT,
    DONT_KNOW,
    INDICATORS,
    LEVEL_WORDS,
    Questionnaire,
    questionnaire_of,
)
from nanchuan_eval.core.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class FormSection:
    """One section on the form."""

    code: str
    name: str
    department_code: str
    department: str
    service_kind: str


@dataclass(frozen=True)
class FormSign:
    """One manifestation (表象) on the form."""

    code: str
    indicator: str
    text: str


@dataclass(frozen=True)
class BallotForm:
    """The frozen form: sections by code, manifestations by indicator, levels and limits."""

    round_key: str
    round_name: str
    sections: tuple[FormSection, ...]
    manifestations: tuple[FormSign, ...]
    levels: int
    severe_from: int
    min_answered: int
    max_sections: Mapping[str, int]
    comment_length: int
    is_demo: bool = False
    office_phone: str = ""
    questionnaire: Questionnaire = DEFAULT

    @cached_property
    def section_codes(self) -> frozenset[str]:
        """The codes of the form's sections."""
        return frozenset(section.code for section in self.sections)

    @cached_property
    def sign_codes(self) -> dict[str, tuple[str, ...]]:
        """Indicator -> codes of its manifestations, in the order of the form."""
        return {i.value: tuple(s.code for s in self.manifestations if s.indicator == i) for i in Indicator}

    @cached_property
    def known_signs(self) -> frozenset[str]:
        """The codes of all manifestations on the form."""
        return frozenset(sign.code for sign in self.manifestations)

    @cached_property
    def allowed_answers(self) -> frozenset[str]:
        """The values a radio button may submit: a level or no answer."""
        return frozenset({str(level) for level in range(self.levels + 1)} | {DONT_KNOW})

    @cached_property
    def known_levels(self) -> frozenset[int]:
        """The levels an answer may have."""
        return frozenset(range(self.levels + 1))

    @cached_property
    def severe_answers(self) -> frozenset[str]:
        """The answers that require a ticked manifestation by their level."""
        return frozenset(str(level) for level in range(self.severe_from, self.levels + 1))

    @cached_property
    def mild_answers(self) -> frozenset[str]:
        """The answers that require no manifestation."""
        return self.allowed_answers - self.severe_answers

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, which identifies the form."""
        return sha256_hex(self.to_json())

    def only(self, section: str) -> "BallotForm":
        """Return the form with one section, as a ballot bound to that section has it; "" = with all of them."""
        return replace(self, sections=tuple(s for s in self.sections if s.code == section)) if section else self

    def to_json(self) -> bytes:
        """Return the canonical JSON; the default questionnaire is left out, as in forms older than it."""
        content = asdict(self)
        del content["questionnaire"]
        own = {} if self.questionnaire == DEFAULT else self.questionnaire.as_settings()
        return canonical_json(content | own)

    @classmethod
    def from_json(cls, text: str) -> "BallotForm":
        """Parse a stored form."""
        data = json.loads(text)
        sections = tuple(FormSection(**row) for row in data.pop("sections"))
        signs = tuple(FormSign(**row) for row in data.pop("manifestations"))
        own = {key: data.pop(key) for key in (INDICATORS, LEVEL_WORDS) if key in data}
        return cls(sections=sections, manifestations=signs, questionnaire=questionnaire_of(own), **data)


def signs_by_indicator(ballot_form: BallotForm) -> list[tuple[str, str, list[FormSign]]]:
    """Return (indicator, its name, its manifestations) in the order of the indicators."""
    names = ballot_form.questionnaire.names
    return [(i, name, [s for s in ballot_form.manifestations if s.indicator == i]) for i, name in names.items()]


def level_words(ballot_form: BallotForm) -> dict[str, str]:
    """Return value -> word for the form's levels."""
    return ballot_form.questionnaire.answers(ballot_form.levels)


def severe_words(ballot_form: BallotForm) -> list[str]:
    """Return the words of the answers that require a manifestation."""
    return ballot_form.questionnaire.severe(ballot_form.severe_from, ballot_form.levels)
