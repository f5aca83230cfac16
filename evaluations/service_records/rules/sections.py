"""Which section a record means: by its code, its name, or a name that it or a section it continues once had."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nanchuan_eval.core.faults import shortened
from nanchuan_eval.lists.rules.values import half_width
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import UnitNames, without_remark

NAMED = 3


@dataclass(frozen=True)
class Called:
    """A name of a section, now or once, with the unit it stood in, and the code it had."""

    code: str
    name: str
    unit_code: str
    unit_name: str


def heirs_of(code: str, changes: Mapping[str, Iterable[str]], active: frozenset[str]) -> frozenset[str]:
    """Return the sections taking part that are, or continue, the one of this code; `changes` = code -> later codes."""
    if code in active:
        return frozenset({code})
    found, seen, waiting = set[str](), {code}, [code]
    while waiting:
        for later in set(changes.get(waiting.pop(), ())) - seen:
            seen.add(later)
            if later in active:
                found.add(later)
            else:
                waiting.append(later)
    return frozenset(found)


class SectionNames:
    """All sections by code and by every name, each answer computed once."""

    def __init__(self, called: Iterable[Called], heirs: Mapping[str, frozenset[str]], units: UnitNames) -> None:
        self._heirs, self._units = heirs, units
        self._codes = {code.casefold(): code for code in heirs}
        self._by_name: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._homes: dict[str, set[str]] = {}  # codes and names of the units that a section stands or stood in
        for one in called:
            self._names.setdefault(one.code, f"{one.unit_name}“{one.name}”")
            self._homes.setdefault(one.code, set()).update((one.unit_code, name_key(one.unit_name)))
            for key in without_remark(one.name):
                for whole in (key, name_key(one.unit_name) + key):
                    self._by_name.setdefault(whole, set()).add(one.code)
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, text: str, unit: str) -> tuple[str, str]:
        """Return (code, "") of the section that a text means, or ("", what is wrong)."""
        written = (text, unit)
        if written not in self._known:
            self._known[written] = self._find(text, unit)
        return self._known[written]

    def _find(self, text: str, unit: str) -> tuple[str, str]:
        shown = shortened(text)
        code = self._codes.get(half_width(text).casefold(), "")
        found = {code} if code else self._by_name.get(name_key(text), set())
        if not found:
            return "", f"科室“{shown}”不在评议对象名录中，也不是曾用名，请核对。"
        if unit:
            found = self._of_unit(found, unit)
        if not found:
            return "", f"评议对象单位“{shortened(unit)}”没有科室“{shown}”，请核对。"
        now = frozenset[str]().union(*(self._heirs[each] for each in found))
        if not now:
            return "", f"科室“{shown}”已经撤销，没有科室延续，请核对。"
        if len(now) > 1:
            names = "、".join(f"{self._names.get(each, '')}（{each}）" for each in sorted(now)[:NAMED])
            return "", f"科室“{shown}”可能是{names}，不能确定，请填写科室代码，或者填写评议对象单位。"
        return next(iter(now)), ""

    def _of_unit(self, codes: set[str], unit: str) -> set[str]:
        """Return the sections that stand or stood in the unit, or else those that are continued in it."""
        meant = {name_key(unit)} | {one.code for one in self._units.recognise(unit).all}
        own = {code for code in codes if meant & self._homes[code]}
        return own or {code for code in codes if any(meant & self._homes[heir] for heir in self._heirs[code])}
