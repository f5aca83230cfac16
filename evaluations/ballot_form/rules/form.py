"""The ballot paper (评议表): all a form needs, frozen with the round and named by its digest.

Because a paper never changes and is asked for by digest, a process may keep it in memory for ever.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from evaluations.scoring.method import Indicator
from nanchuan_eval.core.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class FormSection:
    """One section on the paper."""

    code: str
    name: str
    department_code: str
    department: str
    service_kind: str


@dataclass(frozen=True)
class FormSign:
    """One 表象 on the paper."""

    code: str
    indicator: str
    text: str


@dataclass(frozen=True)
class BallotForm:
    """The frozen form: sections by code, 表象 by indicator, levels and limits."""

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

    @cached_property
    def section_codes(self) -> frozenset[str]:
        """The codes on the paper."""
        return frozenset(section.code for section in self.sections)

    @cached_property
    def sign_codes(self) -> dict[str, tuple[str, ...]]:
        """The 表象 codes of each indicator, in the paper's order."""
        return {i.value: tuple(s.code for s in self.manifestations if s.indicator == i) for i in Indicator}

    @cached_property
    def known_signs(self) -> frozenset[str]:
        """All 表象 codes on the paper."""
        return frozenset(sign.code for sign in self.manifestations)

    @cached_property
    def allowed_answers(self) -> frozenset[str]:
        """What a radio button may send: a level or 不了解."""
        return frozenset({str(level) for level in range(self.levels + 1)} | {"x"})

    @cached_property
    def severe_answers(self) -> frozenset[str]:
        """The answers that ask for a tick (较重、严重)."""
        return frozenset(str(level) for level in range(self.severe_from, self.levels + 1))

    @cached_property
    def mild_answers(self) -> frozenset[str]:
        """The answers that ask for nothing more."""
        return self.allowed_answers - self.severe_answers

    @cached_property
    def digest(self) -> str:
        """The paper's name: SHA-256 of its canonical JSON."""
        return sha256_hex(self.to_json())

    def to_json(self) -> bytes:
        """Return the canonical bytes."""
        return canonical_json(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "BallotForm":
        """Read a paper back."""
        data = json.loads(text)
        sections = tuple(FormSection(**row) for row in data.pop("sections"))
        signs = tuple(FormSign(**row) for row in data.pop("manifestations"))
        return cls(sections=sections, manifestations=signs, **data)
