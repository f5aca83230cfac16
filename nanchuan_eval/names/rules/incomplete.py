"""Names that are no full names: 陈某, 陈×× and what is said to people: 陈科长, 小陈."""

import re
from functools import lru_cache

from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.names.rules.mistaken import ILLEGIBLE, Readings, are_mistaken

# Of two characters each.
_SURNAMES = "欧阳司马上官诸葛东方皇甫尉迟公孙慕容令狐司徒司空夏侯端木百里呼延轩辕长孙宇文独孤南宫淳于申屠澹台"
TWO_CHARACTER_SURNAMES = frozenset(_SURNAMES[n : n + 2] for n in range(0, len(_SURNAMES), 2))
_RANK = "[副代正原前总]|党组|党委|支部|常务|第一"
_POST = (
    "科长|处长|局长|主任|所长|队长|支队长|大队长|中队长|站长|部长|组长|股长|厅长|院长|校长|园长|会长|董事长|行长|社长|团长|秘书长|"
    "镇长|乡长|县长|区长|市长|主席|书记|委员|常委|政委|政治委员|指导员|教导员|调研员|巡视员|主任科员|科员|负责人|经理|总经理|总监|秘书|"
    "干事|会计|出纳|工程师|老师|医生|大夫|律师|警官|法官|检察官|师傅|同志|先生|女士|小姐|领导"
)
_ENDS_IN_POST = re.compile(rf"(?:{_RANK})*(?:{_POST})$")
# Short for a post, after a surname only: 陈刚处 is a name.
_SHORT_POST = re.compile("[总工队局处科所董哥姐老]$")
_FAMILIAR = "小老阿大"
_UNNAMED = re.compile(f"[某{ILLEGIBLE}]+人?|x+$")
_UNKNOWN = str.maketrans("×*?", ILLEGIBLE * 3)
_CHINESE = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")


def without_post(key: str) -> str:
    """Return what stands before a post or a form of address: 陈刚 of 陈刚副科长, 陈 of 陈科长."""
    while (shorter := _ENDS_IN_POST.sub("", key)) != key:
        key = shorter
    return key


def is_post(key: str) -> bool:
    """True if a text is only a post (副局长)."""
    return not without_post(key)


def is_full(name: str) -> bool:
    """False for 陈某, 陈××, 陈科长, 小陈, and names in the Latin alphabet."""
    key = name_key(name)
    return len(key) > 1 and bool(_CHINESE.search(key)) and without_post(key) == key and not _patterns(key)


def may_stand_for(one: str, other: str, readings: Readings) -> bool:
    """True if one of two keys is no full name and says nothing that speaks against the other."""
    return any(
        _agree(pattern, other_pattern, readings)
        for first, second in ((one, other), (other, one))
        for pattern in _patterns(first)
        for other_pattern in (*_patterns(second), (second, second))
    )


@lru_cache(maxsize=65536)
def _patterns(key: str) -> frozenset[tuple[str, str]]:
    """Return the ways to read a key that is no full name: how the name begins and how it ends, as far as it says so."""
    key = key.translate(_UNKNOWN)
    if not _CHINESE.match(key) and not key.startswith(ILLEGIBLE):
        return frozenset()
    stem = without_post(key)
    short, familiar = _SHORT_POST.sub("", stem), stem[1:]
    patterns = set[tuple[str, str]]()
    if unnamed := list(_UNNAMED.finditer(stem)):
        patterns.add((stem[: unnamed[0].start()], stem[unnamed[-1].end() :]))
    if stem != key and (not stem or _is_surname(stem)):
        patterns.add((stem, ""))
    if short != stem and _is_surname(short):
        patterns.add((short, ""))
    if stem.startswith(tuple(_FAMILIAR)) and _is_surname(familiar):
        patterns |= {(familiar, ""), ("", familiar)}
    return frozenset(patterns)


def _is_surname(text: str) -> bool:
    return len(text) == 1 or text in TWO_CHARACTER_SURNAMES


def _agree(one: tuple[str, str], other: tuple[str, str], readings: Readings) -> bool:
    """True if two names may begin and end alike; one of which nothing is known may be any."""
    (start, end), (begins, ends) = one, other
    first, last = min(len(start), len(begins)), min(len(end), len(ends))
    if not first and not last and any(one) and any(other):
        return False
    return are_mistaken(start[:first], begins[:first], readings) and are_mistaken(
        end[len(end) - last :], ends[len(ends) - last :], readings
    )
