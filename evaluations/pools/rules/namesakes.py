"""Namesakes (同名): one name and one unit with several phones are asked about, whatever the spelling."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from evaluations.pools.rules.kinds import MOST_CODES
from evaluations.pools.rules.people import Person, PoolRules, described, first_lines, joined
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.units import UnitNames

DIFFERENT, SAME = "different", "same"
NOWHERE = "/"


def groups_of(people: Sequence[Person], units: UnitNames) -> list[tuple[int, ...]]:
    """Return the places of people of one name whose units are or may be one, in the order of the list.

    People of one name without any unit are just people, unless the name is typed in several ways.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for place, person in enumerate(people):
        by_name[person.key].append(place)
    found = []
    for places in by_name.values():
        for group in _linked(places, people, units) if len(places) > 1 else ():
            members = [people[place] for place in group]
            if any(member.units for member in members) or not _are_typed_alike(members):
                found.append(group)
    return sorted(found)


def question_about(members: Sequence[Person], rules: PoolRules) -> Question:
    """Ask whether these are different people; only if all is typed alike does the list itself say so."""
    # An answer to one file is no answer to another one with other people in these rows.
    rows = "|".join(f"{row.where}/{member.key}" for member in members for row in member.rows)
    first, alike = members[0], _are_typed_alike(members)
    unit = f"（{first.unit}）" if first.unit else ""
    spelled = "" if alike else "，姓名或者单位的写法不同"
    obstacle = _obstacle(members)
    same = f"是同一人，手机号用{first.where}的{rules.masked(first.phone)}"
    return Question(
        f"people-{sha256_hex(rows.encode())[:8]}",
        f"“{first.name}”{unit}有{len(members)}个手机号{spelled}：是不同的人，还是同一人？",
        ((DIFFERENT, "是不同的人"), *(((SAME, same),) if not obstacle else ())),
        DIFFERENT if alike else "",
        (*first_lines(line for one in members for line in described(one, rules)), *([obstacle] if obstacle else [])),
    )


def _obstacle(members: Sequence[Person]) -> str:
    """Return why these people cannot be merged in the preview, or ""."""
    if len({member.stratum for member in members}) > 1:
        return "身份类别不同；是同一人的，请放弃这次上传，在文件中只保留一行后重新上传。"
    if len(joined(members).dealt_with) > MOST_CODES:
        return f"办过事的科室合计超过{MOST_CODES}字；是同一人的，请在文件中删减后重新上传。"
    return ""


def _linked(places: Sequence[int], people: Sequence[Person], units: UnitNames) -> Iterator[tuple[int, ...]]:
    """Yield the groups of places that share a written unit, or a unit that theirs are or may be."""
    group_of: dict[int, set[int]] = {}
    first_with: dict[str, int] = {}
    for place in places:
        group_of[place] = {place}
        for mark in _marks(people[place], units):
            other = group_of[first_with.setdefault(mark, place)]
            small, large = sorted((group_of[place], other), key=len)
            if small is not large:
                large |= small
                group_of.update(dict.fromkeys(small, large))
    distinct = {id(group): group for group in group_of.values()}
    return (tuple(sorted(group)) for group in distinct.values() if len(group) > 1)


def _marks(person: Person, units: UnitNames) -> Iterator[str]:
    """Yield what the person's units may be: keys, and codes of the roster."""
    for written in person.units or ():
        yield f"key {name_key(written)}"
        yield from (f"code {unit.code}" for unit in units.recognise(written).all)
    if not person.units:
        yield NOWHERE


def _are_typed_alike(members: Sequence[Person]) -> bool:
    return len({(row.name, row.unit) for member in members for row in member.rows}) == 1
