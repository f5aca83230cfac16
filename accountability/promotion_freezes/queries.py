"""Questions to the register of promotion freezes (影响期), with the roster's units and the readings of characters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from pypinyin import Style, pinyin

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.rules import Answer, Question, Register, RegisterEntry, UnitAnswer
from departments.roster.queries import unit_names
from evaluations.rounds.models import RoundSection
from nanchuan_eval.audit.queries import FixedFact
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.names.rules.units import Unit, UnitNames, without_remark
from nanchuan_eval.profile.queries import current_profile

FREEZES = FixedFact(
    "影响期",
    lambda case: PromotionFreeze.objects.filter(case=int(case)).order_by("pk").values_list(),
)
# Sounds that speakers of the district confuse when they type.
INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
FINALS = {"ing": "in", "eng": "en"}
SYLLABLES = {"hu": "fu", "huang": "wang"}


def ask_register(asked: Iterable[Question]) -> list[Answer]:
    """Answer each question (three queries)."""
    questions = list(asked)
    if not questions:
        return []
    register = _register()
    return [register.answer(question) for question in questions]


def freezes_of_unit(unit: str, on: Span) -> UnitAnswer:
    """Return the freezes of a unit, including those without a name (three queries)."""
    return _register().answer_unit(unit, on)


@lru_cache(maxsize=32768)
def readings(character: str) -> frozenset[str]:
    """Return all readings of a character, without tones."""
    return frozenset(pinyin(character, style=Style.NORMAL, heteronym=True)[0])


@lru_cache(maxsize=32768)
def loose_readings(character: str) -> frozenset[str]:
    """Return the readings of a character with sounds that the dialect confuses as one."""
    return frozenset(map(_loose, readings(character)))


def _loose(reading: str) -> str:
    for sound, taken_for in INITIALS.items():
        if reading.startswith(sound):
            reading = taken_for + reading.removeprefix(sound)
            break
    for sound, taken_for in FINALS.items():
        if reading.endswith(sound):
            reading = reading.removesuffix(sound) + taken_for
    return SYLLABLES.get(reading, reading)


def _register() -> Register:
    """Return all freezes; those of other days are named with an all-clear."""
    freezes = list(PromotionFreeze.objects.select_related("case__result__section__section__department"))
    units, heirs = _units([freeze.case.result.section for freeze in freezes])
    return Register([_entry(freeze, heirs) for freeze in freezes], units, readings, loose_readings)


def _entry(freeze: PromotionFreeze, heirs: Mapping[str, str]) -> RegisterEntry:
    section = freeze.case.result.section
    return RegisterEntry(
        freeze.person_name,
        section.department_name,
        freeze.post,
        freeze.starts_on,
        freeze.ends_on,
        freeze.lifted_on,
        freeze.revoked_by,
        frozenset(heirs.get(code, code) for code, _ in _units_of(section)),
        section.section.code,
        frozenset((*without_remark(section.name), *without_remark(section.section.name))),
    )


def _units_of(section: RoundSection) -> list[tuple[str, str]]:
    """Return code and name of the section's unit in the round, and of its unit now."""
    now = section.section.department
    return [(section.department_code, section.department_name), (now.code, now.name)]


def _units(sections: Sequence[RoundSection]) -> tuple[UnitNames, dict[str, str]]:
    """Return the roster's units, also by their and their sections' names in the rounds of the freezes.

    The second value leads from the code of a unit that was merged to that of the unit which took over its name.
    """
    roster, heirs = unit_names(), dict[str, str]()
    units = {unit.code: unit for unit in roster.units}
    for code, name in {unit for section in sections for unit in _units_of(section)}:
        if code not in units:
            heir = roster.recognise(name).sure or units.setdefault(code, Unit(code, name))
            heirs[code] = heir.code
    for section in sections:
        code = heirs.get(section.department_code, section.department_code)
        names = (*units[code].other_names, section.department_name)
        units[code] = replace(units[code], other_names=names, sections=(*units[code].sections, section.name))
    return UnitNames(units.values(), current_profile().place_names), heirs
