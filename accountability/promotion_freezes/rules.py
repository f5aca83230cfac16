"""Answers from the register of promotion freezes (影响期): who is in one, who may be (docs/lists.md, section 5).

Names are compared by key, units as the roster knows them. 无影响期 is answered only if nothing found speaks against it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import TextChoices

from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.names.rules.incomplete import is_full
from nanchuan_eval.names.rules.keys import is_no_name, is_same_name, name_key
from nanchuan_eval.names.rules.likeness import are_near
from nanchuan_eval.names.rules.mistaken import Readings
from nanchuan_eval.names.rules.units import Recognised, UnitNames
from nanchuan_eval.workdays.rules import in_chinese

MOST_NAMED = 3  # freezes without a name that an answer names


class Verdict(TextChoices):
    """Answers (答复), the gravest first."""

    FROZEN = "frozen", "影响期内"
    CHECK = "check", "请核对"
    FREE = "free", "无影响期"


class SameName(TextChoices):
    """How a freeze's name agrees with the one asked about."""

    SAME = "same", "同名"
    NEAR = "near", "姓名相近"
    UNNAMED = "unnamed", "有一项影响期未登记姓名"


class SameUnit(TextChoices):
    """How a freeze's unit agrees with the one asked about."""

    SAME = "same", "同单位"
    OTHER_SECTION = "other_section", "同单位的另一科室"
    UNSURE = "unsure", "单位写法不同，无法确认是否同一单位"
    UNKNOWN = "unknown", "名录中没有该单位，无法确认是否同一单位"
    NOT_GIVEN = "not_given", "未填写单位"
    OTHER = "other", "单位不同"


@dataclass(frozen=True)
class Question:
    """A question: name, unit (may be empty) and days."""

    name: str
    unit: str
    on: Span

    def __str__(self) -> str:
        return f"{self.name}（{self.unit}）" if self.unit else self.name


@dataclass(frozen=True)
class RegisterEntry:
    """One freeze of the register.

    `unit` = the unit's name in the round, `codes` = its code there and that of the unit its section now belongs to;
    `section_names` = the keys of the section's names then and now.
    """

    name: str
    unit: str
    post: str
    starts_on: date
    ends_on: date
    lifted_on: date | None = None
    revoked_by: str = ""  # the correction of the list or of the head that has shown it to be a mistake
    codes: frozenset[str] = frozenset()
    section: str = ""
    section_names: frozenset[str] = frozenset()

    @property
    def is_unnamed(self) -> bool:
        """True if nobody's name is registered; “空缺” is no name."""
        return is_no_name(self.name)

    @property
    def place(self) -> str:
        """Unit and post; most posts begin with the unit."""
        return self.post if self.post.startswith(self.unit) else f"{self.unit} {self.post}"

    @property
    def period(self) -> str:
        """First and last day in words, and the day of lifting before it ran out."""
        how = f"{self.revoked_by}，影响期撤销" if self.revoked_by else "解除"
        span = f"{in_chinese(self.starts_on)}至{in_chinese(self.ends_on)}"
        # What is registered after the last day does not shorten it.
        is_cut = self.lifted_on and (self.revoked_by or self.lifted_on <= self.ends_on)
        return f"{span}，已于{in_chinese(self.lifted_on)}{how}" if self.lifted_on and is_cut else span

    @property
    def was_in_force(self) -> bool:
        """True unless the freeze was lifted from its first day on, or was set by mistake: it is not spoken of."""
        return not self.revoked_by and (self.lifted_on is None or self.lifted_on > self.starts_on)

    @property
    def person(self) -> tuple[str, str]:
        """Distinguish people of one name: two posts are two people until somebody has compared them."""
        return name_key(self.name), self.section or name_key(self.unit + self.post)

    def holds(self, on: date) -> bool:
        """True if the freeze is in force on a day; the last day counts, the day of lifting does not."""
        return self.starts_on <= on <= self.ends_on and (self.lifted_on is None or self.lifted_on > on)

    def days(self, span: Span) -> frozenset[date]:
        """Return the days of the span on which the freeze is in force."""
        if self.ends_on < span.first or self.starts_on > span.last:
            return frozenset()
        return frozenset(on for on in span.days if self.holds(on))


@dataclass(frozen=True)
class Finding:
    """A freeze that speaks against an all-clear, and why; `part` = its days, if not all of those asked about."""

    entry: RegisterEntry
    same_name: SameName
    same_unit: SameUnit
    is_of_two: bool = False
    part: Span | None = None

    @property
    def is_surely_meant(self) -> bool:
        """True if name and unit are those asked about."""
        return (self.same_name, self.same_unit) == (SameName.SAME, SameUnit.SAME)

    @property
    def reason(self) -> str:
        """What has to be compared, in words."""
        if (self.same_name, self.same_unit) == (SameName.UNNAMED, SameUnit.SAME):
            said = ["该单位有一项影响期未登记姓名"]
        else:
            said = [self.same_name.label, self.same_unit.label]
        if self.is_of_two:
            said.append("登记中有同名的两人")
        if self.part:
            said.append(f"影响期只覆盖所查时间中的{self.part}")
        return "，".join(said)


@dataclass(frozen=True)
class Answer:
    """The verdict on a question, what was found, and for which unit of the roster the text was taken.

    `on_other_days` = freezes of that name, for an all-clear: they are not in force on the days asked about.
    """

    asked: Question
    verdict: Verdict
    found: tuple[Finding, ...] = ()
    unit: Recognised = field(default_factory=Recognised)
    on_other_days: tuple[RegisterEntry, ...] = ()

    @property
    def unit_names(self) -> str:
        """The roster's units that the text is or may be."""
        return _names(self.unit)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the verdict means, and what to do."""
        if self.verdict == Verdict.FROZEN:
            return ("影响期内不得提拔重用。",)
        if self.verdict == Verdict.CHECK:
            return ("不能认定在影响期内，也不能认定无影响期，请与登记核对。", *_advice(self))
        clear = f"在所查日期（{self.asked.on}），没有同名或姓名相近的人员在影响期内"
        sentences = [f"{clear}，也没有可能属于该人员而未登记姓名的影响期。"]
        if self.on_other_days:
            known = "；".join(f"{entry.name}，{entry.place}，{entry.period}" for entry in self.on_other_days)
            sentences.append(f"登记中有同名人员在其他日期的影响期，供参考：{known}。")
        return tuple(sentences)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the answer must be compared, each reason once."""
        return tuple(dict.fromkeys(finding.reason for finding in self.found)) if self.verdict == Verdict.CHECK else ()


def counts(answers: Iterable[Answer]) -> dict[Verdict, int]:
    """Return how many people got each answer, the gravest first."""
    counted = Counter(each.verdict for each in answers)
    return {verdict: counted[verdict] for verdict in Verdict}


def figures(answers: Iterable[Answer]) -> str:
    """Return how many people got each answer, in words."""
    return "，".join(f"{verdict.label}{number}人" for verdict, number in counts(answers).items())


@dataclass(frozen=True)
class UnitAnswer:
    """The freezes of a unit: those that are surely in it, and those that may be."""

    asked: str
    on: Span
    unit: Recognised
    found: tuple[Finding, ...]

    @property
    def unit_names(self) -> str:
        """The roster's units that the text is or may be."""
        return _names(self.unit)

    @property
    def sure(self) -> tuple[Finding, ...]:
        """Freezes of the unit, in force on all days asked about."""
        return tuple(each for each in self.found if each.same_unit == SameUnit.SAME)

    @property
    def unsure(self) -> tuple[Finding, ...]:
        """Freezes of units that the text may mean, and of other sections than the one that it names."""
        return tuple(each for each in self.found if each.same_unit != SameUnit.SAME)

    @property
    def verdict(self) -> Verdict:
        """影响期内 if the unit surely has a freeze; 无影响期 only for a unit of the roster with no freeze."""
        if any(not each.part for each in self.sure):
            return Verdict.FROZEN
        return Verdict.CHECK if self.found or not self.unit.sure else Verdict.FREE

    @property
    def advice(self) -> str:
        """What to do about a unit that is not recognised for certain."""
        if self.unit.possible:
            return "" if _is_name_of(self.asked, self.unit) else "请按名录填写单位名称后重新查询。"
        if self.unit.sure:
            return ""
        return "单位名称有误或者使用了简称的，请改正后重新查询；确不在名录中的单位，请按姓名查询。"


def _advice(answer: Answer) -> Iterable[str]:
    """Yield what can be done to get a surer answer; nothing that has been done, or that would not change it."""
    unnamed = [each.entry for each in answer.found if each.same_name == SameName.UNNAMED]
    named = [each for each in answer.found if each.same_name != SameName.UNNAMED]
    if named and not is_full(answer.asked.name):
        yield f"“{answer.asked.name}”不是汉字书写的全名，请填写全名后重新查询。"
    for name in dict.fromkeys(each.entry.name for each in named):
        if not is_full(name):
            yield f"登记的姓名“{name}”不是全名，请与登记的单位核对。"
    yield from _advice_on_unit(answer)
    if any(each.same_unit == SameUnit.OTHER_SECTION for each in named):
        yield "影响期不因科室变动终止，请与该单位核对是否为同一人。"
    if unnamed:
        known = "；".join(f"{entry.place}，{entry.period}" for entry in unnamed[:MOST_NAMED])
        more = f"；等{len(unnamed)}项" if len(unnamed) > MOST_NAMED else ""
        yield (
            f"影响期未登记姓名的：{known}{more}。请与该单位核对当时的负责人是谁；"
            "由评议办补登负责人任职、纪委监委更正责任人后，登记中即有姓名。"
        )


def _advice_on_unit(answer: Answer) -> Iterable[str]:
    places = {finding.same_unit for finding in answer.found}
    if SameUnit.NOT_GIVEN in places:
        yield "请填写单位后重新查询。"
    if SameUnit.UNSURE in places and answer.unit.possible and not _is_name_of(answer.asked.unit, answer.unit):
        yield f"单位确为{'或者'.join(f'“{each.name}”' for each in answer.unit.all)}的，请填写该名称后重新查询。"
    if SameUnit.UNKNOWN in places:
        yield "单位名称有误或者使用了简称的，请改正后重新查询；确不在名录中的单位，重新查询结果不变。"


def _is_name_of(text: str, unit: Recognised) -> bool:
    return any(is_same_name(text, each.name) for each in unit.all)


def _names(unit: Recognised) -> str:
    return "、".join(each.name for each in unit.all)


class Register:
    """The freezes to ask about, and how names and units are compared.

    `readings` = the readings of a character; `loose_readings` = the same, with the sounds that the dialect confuses as
    one: they are compared where the unit does not speak against one person.
    """

    def __init__(
        self, entries: Iterable[RegisterEntry], units: UnitNames, readings: Readings, loose_readings: Readings
    ) -> None:
        self._entries = tuple(entries)
        self._units = units
        self._readings, self._loose_readings = readings, loose_readings

    def answer(self, asked: Question) -> Answer:
        """Answer one question."""
        unit = self._units.recognise(asked.unit)
        running = [entry for entry in self._entries if entry.days(asked.on)]
        found = [finding for entry in running if (finding := self._compare(entry, asked, unit))]
        namesakes = [finding for finding in found if _may_be_meant(finding)]
        people = {finding.entry.person for finding in namesakes}
        if len(people) == 1 and all(finding.is_surely_meant for finding in namesakes):
            if _in_force({day for each in namesakes for day in each.entry.days(asked.on)}, asked.on):
                return Answer(asked, Verdict.FROZEN, tuple(namesakes), unit)
        two = people if len(people) > 1 else set()
        shown = tuple(sorted((_with_details(each, asked.on, two) for each in found), key=_gravest_first))
        if shown:
            return Answer(asked, Verdict.CHECK, shown, unit)
        return Answer(asked, Verdict.FREE, (), unit, tuple(self._on_other_days(asked, unit)))

    def answer_unit(self, text: str, on: Span) -> UnitAnswer:
        """Return all freezes of a unit, those without a name included, and those of units that the text may mean."""
        unit = self._units.recognise(text)
        compared = ((entry, self._compare_places(entry, text, unit)) for entry in self._entries if entry.days(on))
        found = (
            Finding(entry, SameName.UNNAMED if entry.is_unnamed else SameName.SAME, same, part=_part(entry, on))
            for entry, same in compared
            if same in {SameUnit.SAME, SameUnit.OTHER_SECTION, SameUnit.UNSURE}
        )
        return UnitAnswer(text, on, unit, tuple(sorted(found, key=_gravest_first)))

    def _on_other_days(self, asked: Question, unit: Recognised) -> Iterable[RegisterEntry]:
        """Yield the freezes of the name, unless surely of another unit, when none is in force on the days asked for."""
        for entry in self._entries:
            if entry.was_in_force and is_same_name(entry.name, asked.name):
                if self._compare_units(entry, asked.unit, unit) != SameUnit.OTHER:
                    yield entry

    def _compare(self, entry: RegisterEntry, asked: Question, unit: Recognised) -> Finding | None:
        same_unit = self._compare_places(entry, asked.unit, unit)
        if entry.is_unnamed:
            return None if same_unit == SameUnit.OTHER else Finding(entry, SameName.UNNAMED, same_unit)
        if is_same_name(entry.name, asked.name):
            return Finding(entry, SameName.SAME, same_unit)
        return Finding(entry, SameName.NEAR, same_unit) if self._are_near(entry.name, asked.name, same_unit) else None

    def _are_near(self, one: str, other: str, same_unit: SameUnit) -> bool:
        if same_unit == SameUnit.OTHER:
            return are_near(one, other, self._readings)
        return are_near(one, other, self._loose_readings, in_one_unit=True)

    def _compare_places(self, entry: RegisterEntry, text: str, unit: Recognised) -> SameUnit:
        """Compare the units, and the sections if the text names one."""
        same_unit = self._compare_units(entry, text, unit)
        is_other = same_unit == SameUnit.SAME and unit.section and unit.section not in entry.section_names
        return SameUnit.OTHER_SECTION if is_other else same_unit

    def _compare_units(self, entry: RegisterEntry, text: str, unit: Recognised) -> SameUnit:
        if not name_key(text):
            return SameUnit.NOT_GIVEN
        if is_same_name(entry.unit, text) or (unit.sure and unit.sure.code in entry.codes):
            return SameUnit.SAME
        if not unit.all:
            return SameUnit.UNKNOWN
        also = {each.code for each in self._units.recognise(entry.unit).all}
        is_possible = any(each.code in entry.codes | also for each in unit.all)
        return SameUnit.UNSURE if is_possible else SameUnit.OTHER


def _may_be_meant(finding: Finding) -> bool:
    return finding.same_name == SameName.SAME and finding.same_unit != SameUnit.OTHER


def _with_details(finding: Finding, on: Span, two: set[tuple[str, str]]) -> Finding:
    is_of_two = _may_be_meant(finding) and finding.entry.person in two
    return Finding(finding.entry, finding.same_name, finding.same_unit, is_of_two, _part(finding.entry, on))


def _part(entry: RegisterEntry, on: Span) -> Span | None:
    days = entry.days(on)
    return None if _in_force(days, on) else Span(min(days), max(days))


def _in_force(days: Iterable[date], on: Span) -> bool:
    """True if the days are all those asked about."""
    return set(days) >= set(on.days)


def _gravest_first(finding: Finding) -> tuple[int, int, str, date]:
    names, units = list(SameName), list(SameUnit)
    order = names.index(finding.same_name), units.index(finding.same_unit)
    return *order, finding.entry.post, finding.entry.starts_on
