"""Recognition of units written in other words: short names, former names, with the district or a section."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from nanchuan_eval.names.rules.keys import name_key

SHORTEST = 2  # characters of a name that may stand for a longer one
LONG = 4  # characters of a short form that may begin otherwise (公积金中心), or of a section named inside a text
SLIP = 3  # characters of a name in which a single other one may be a slip (公按局)
FORMERLY = "原"
KINDS = re.compile("委员会|办公室|公司|中心|局|委|办")  # the last word of a unit's full name
OFFICES = ("局", "委", "委员会", "办", "办公室")
# A section of such a name is an institution; 项目管理科 may be anybody's.
INSTITUTIONS = ("所", "站", "馆", "中心", "大厅", "队", "院", "校")
# Sections that every organisation has: the name alone does not say whose.
ANYBODYS = frozenset(
    ("办公室", "党政办", "党政办公室", "综合科", "综合办", "综合办公室", "人事科", "财务科", "业务科", "窗口")
)


@dataclass(frozen=True)
class Unit:
    """A unit of the roster: its name, its short and former names, the names of its sections."""

    code: str
    name: str
    other_names: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recognised:
    """What a written unit may mean: the one unit it certainly is, or those it may be; nothing if it is none of them.

    `section` = the key of the sure unit's section that the text names, too, or alone.
    """

    sure: Unit | None = None
    possible: tuple[Unit, ...] = ()
    section: str = ""

    @property
    def all(self) -> tuple[Unit, ...]:
        """Every unit that it is or may be."""
        return (self.sure,) if self.sure else self.possible


class UnitNames:
    """The roster's units by all their names, each answer computed once.

    `places` = what people write in front of a unit's name (a district's name, also with its city's).
    """

    def __init__(self, units: Iterable[Unit], places: Sequence[str] = ()) -> None:
        self.units = tuple(units)
        self._places = sorted({name_key(place) for place in places} - {""}, key=len, reverse=True)
        self._names = [
            _Named(
                unit,
                self._forms([unit.name, *unit.other_names]),
                self._forms(unit.other_names),
                {name_key(section): self._forms(without_remark(section)) for section in unit.sections},
            )
            for unit in self.units
        ]
        self._known: dict[str, Recognised] = {}

    def recognise(self, text: str) -> Recognised:
        """Return which unit a written name is, or may be."""
        key = name_key(text)
        if key not in self._known:
            self._known[key] = self._recognise(key) if key else Recognised()
        return self._known[key]

    def bearing(self, text: str) -> tuple[Unit, ...]:
        """Return the units that bear a name as their own, with or without the district in front."""
        keys = {name_key(text), self._without_place(name_key(text))}
        return tuple(named.unit for named in self._names if keys & named.forms)

    def _recognise(self, key: str) -> Recognised:
        plain = self._without_place(key)
        keys = {key, plain}
        former = self._without_place(plain.removeprefix(FORMERLY)) if plain.startswith(FORMERLY) else ""
        alone = [named for named in self._names if keys & named.sections]
        for exact in (
            [named for named in self._names if keys & named.forms],
            [named for named in self._names if keys & named.with_sections],
            [named for named in self._names if former in named.other_forms],
            alone,
        ):
            if len(exact) == 1 and not keys & ANYBODYS and (exact is not alone or _is_institution(plain)):
                return Recognised(sure=exact[0].unit, section=exact[0].section_in(keys))
            if exact:
                return Recognised(possible=tuple(named.unit for named in exact))
        before = [form for named in self._names for form in named.forms if len(form) >= SHORTEST]
        rest = plain.removeprefix(max(filter(plain.startswith, before), key=len, default=plain))
        return Recognised(
            possible=tuple(
                named.unit for named in self._names if named.resembles(key, plain) or named.is_named_after_another(rest)
            )
        )

    def _forms(self, names: Iterable[str]) -> frozenset[str]:
        keys = {name_key(name) for name in names} - {""}
        return frozenset(keys | {self._without_place(key) for key in keys})

    def _without_place(self, key: str) -> str:
        return next((key.removeprefix(place) for place in self._places if key.startswith(place) and key != place), key)


@dataclass(frozen=True)
class _Named:
    """A unit with the keys of its names and of its sections, also without the district in front."""

    unit: Unit
    forms: frozenset[str]
    other_forms: frozenset[str]
    forms_of_sections: Mapping[str, frozenset[str]]
    sections: frozenset[str] = field(init=False)
    with_sections: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", frozenset().union(*self.forms_of_sections.values()))
        object.__setattr__(
            self, "with_sections", frozenset(form + section for form in self.forms for section in self.sections)
        )

    def section_in(self, keys: Set[str]) -> str:
        """Return the key of the section that the text names alone or after the unit, if it is not the unit's name."""
        named = {each for each in self.sections if each in keys or any(form + each in keys for form in self.forms)}
        whole = (key for key, forms in self.forms_of_sections.items() if forms & named)
        return "" if keys & self.forms else min(whole, default="")

    def resembles(self, key: str, plain: str) -> bool:
        """True if one name contains the other or may be short for it (教委: 教育委员会), or if it holds a section's."""
        return any(
            (len(form) >= SHORTEST and form in key)
            or (len(plain) >= SHORTEST and (plain in form or _is_short_for(plain, form)))
            or _may_be_full(plain, form)
            or _are_like(plain, form)
            for form in self.forms
        ) or any(
            (len(section) >= LONG and section not in ANYBODYS and section in key)
            or (len(plain) > SHORTEST and plain[0] == section[0] and _is_short_for(plain, section))
            or (len(plain) >= LONG and f"({plain})" in section)
            for section in self.sections
        )

    def is_named_after_another(self, rest: str) -> bool:
        """True if what follows another unit's name may name this one (政务服务中心水利窗口, 林业局水资源科)."""
        if len(rest) <= SHORTEST or rest in ANYBODYS:
            return False
        begins_alike = any(len(form) > SHORTEST and form.startswith(rest[:SHORTEST]) for form in self.forms)
        return begins_alike or self.resembles(rest, rest)


def _is_short_for(short: str, form: str) -> bool:
    if len(short) > len(form):  # what most texts are turned down by
        return False
    rest = iter(form)
    return (short[0] == form[0] or len(short) >= LONG) and all(character in rest for character in short)


def _may_be_full(text: str, form: str) -> bool:
    """True if the roster's form may be short for the text or for its beginning (教委 for 教育委员会基础教育科)."""
    if len(form) < SHORTEST or not text:
        return False
    fulls = [text[: kind.end()] for kind in KINDS.finditer(text)] + [text] * (text[-1] == form[-1])
    return any(_is_short_for(form, full) for full in fulls)


def _are_like(text: str, form: str) -> bool:
    """True if one character of the names differs (公按局), or if two offices begin alike (卫生局, 卫生健康委)."""
    if min(len(text), len(form)) < SLIP:
        return False
    if len(text) == len(form) and text[-1] == form[-1] and sum(a != b for a, b in zip(text, form, strict=True)) == 1:
        return True
    return text[:SHORTEST] == form[:SHORTEST] and text.endswith(OFFICES) and form.endswith(OFFICES)


def _is_institution(section: str) -> bool:
    return section.partition("(")[0].endswith(INSTITUTIONS)


def without_remark(section: str) -> tuple[str, ...]:
    """Return the key of a section's name, also without a remark in brackets at its end: 第一税务所（办税服务厅）."""
    key = name_key(section)
    before, bracket, _ = key.partition("(")
    return (key, before) if before and bracket and key.endswith(")") else (key,)
