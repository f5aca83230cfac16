"""Other names of a unit, as one text: short names, former names (简称、曾用名)."""

import re
from collections.abc import Iterable

from nanchuan_eval.names.rules.keys import name_key, tidy
from nanchuan_eval.names.rules.units import UnitNames

BETWEEN = "、"
LEAST_NAME, MOST_NAME = 2, 60  # characters of a unit's name
_SEPARATORS = re.compile(r"[、，,；;\r\n]+")


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a typed list, each spelling once."""
    names: dict[str, str] = {}
    for name in _SEPARATORS.split(text):
        names.setdefault(name_key(name), tidy(name))
    return tuple(name for key, name in names.items() if key)


def joined(names: Iterable[str], *, but: Iterable[str] = ()) -> str:
    """Return names as one text, each once; `but` = those that are known otherwise (the name of today)."""
    known = {name_key(name) for name in but}
    return BETWEEN.join(name for name in names_in(BETWEEN.join(names)) if name_key(name) not in known)


def with_former(former: str, name: str, now: str) -> str:
    """Return the former names of a unit whose name was `name` and is `now`; a new spelling is no new name."""
    return joined([former, name], but=[now])


def name_fault(name: str, units: UnitNames, but: str = "") -> str:
    """Return why a unit cannot bear a name, or ""; `but` = the unit's own code.

    Another unit must not bear the name, with or without the district in front.
    """
    if not LEAST_NAME <= len(name) <= MOST_NAME:
        return f"“{name}”：每个名称应为{LEAST_NAME}至{MOST_NAME}字。"
    for other in units.bearing(name):
        if other.code != but:
            return f"“{name}”已是“{other.name}”（{other.code}）的名称、简称或曾用名，无法区分，请核对。"
    return ""
