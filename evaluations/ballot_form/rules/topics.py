"""Service topics (办事事项): what people come for, in their own words, and the sections it leads to."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nanchuan_eval.names.rules.keys import name_key

MOST_NAMED = 20
BETWEEN_PARTS = re.compile(r"[、；，（）]")


@dataclass(frozen=True)
class Topic:
    """A matter: its public name, words in names of sections and of units, what people say, and a note.

    The note is for a matter of an office that is not rated: it is shown only where the topic leads to no section.
    """

    text: str
    words: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_of_units(self) -> bool:
        """True if the topic is another name of whole units, as their former one."""
        return bool(self.departments) and not self.words

    def leads_to(self, section: str, department: str) -> bool:
        """True if the matter belongs to a section: its name has one of the words, and its unit's one of its words."""
        if not self.words and not self.departments:
            return False
        return _has_one(section, self.words) and _has_one(department, self.departments)


ServiceTopics = tuple[Topic, ...]
# Names of a section and its department.
Place = tuple[str, str]


def topics_of(section: str, department: str, topics: Iterable[Topic]) -> list[Topic]:
    """Return the topics that belong to a section by its own name."""
    return [topic for topic in topics if not topic.is_of_units and topic.leads_to(section, department)]


def topics_of_unit(department: str, topics: Iterable[Topic]) -> list[Topic]:
    """Return the topics that are other names of a unit."""
    return [topic for topic in topics if topic.is_of_units and topic.leads_to("", department)]


def found_by(topic: Topic, places: Iterable[Place]) -> list[str]:
    """Return the names of the sections that a topic leads to; those of one name with their department."""
    all_places = list(places)
    names = Counter(name for name, _ in all_places)
    return [f"{unit}{name}" if names[name] > 1 else name for name, unit in all_places if topic.leads_to(name, unit)]


def in_words(topic: Topic, places: Sequence[Place]) -> str:
    """Return the sections that a topic leads to, or what is shown or should be done if there are none."""
    found = found_by(topic, places)
    units = {unit for name, unit in places if topic.leads_to(name, unit)}
    if topic.is_of_units and found:
        return f"{'、'.join(sorted(units))}的全部{len(found)}个科室"
    if found:
        return "、".join(found)
    return f"不在评议范围，查找时提示：{topic.note}" if topic.note else "没有匹配的科室，请更换关键词"


def warnings(topics: Sequence[Topic], places: Sequence[Place]) -> list[str]:
    """Return what staff should mend: topics that lead nowhere, sections that no everyday word leads to."""
    if not places:
        return []
    astray = [topic.text for topic in topics if not topic.note and not found_by(topic, places)]
    unfound = [f"{unit}{name}" for name, unit in places if not topics_of(name, unit, topics)]
    found = []
    if astray:
        found.append(f"有{len(astray)}个办事事项没有匹配的科室，请更换关键词或者删除：{_listed(astray)}。")
    if unfound:
        found.append(f"有{len(unfound)}个科室只能按名称查找，请补充办事事项：{_listed(unfound)}。")
    return found


def _listed(names: Sequence[str]) -> str:
    return "、".join(names[:MOST_NAMED]) + "等" * (len(names) > MOST_NAMED)


NO_WORDS = "请填写科室名称关键词或者单位名称关键词，至少一个词。"


def as_words(text: str) -> tuple[str, ...]:
    """Split a field at blanks and Chinese commas."""
    return tuple(text.replace("、", " ").replace("，", " ").split())


def parts_of(text: str) -> list[str]:
    """Return the parts of a public name: 用水开户, 水表 of 用水开户、水表."""
    return [part for part in map(str.strip, BETWEEN_PARTS.split(text)) if part]


def _has_one(name: str, words: Sequence[str]) -> bool:
    return not words or any(name_key(word) in name_key(name) for word in words)
