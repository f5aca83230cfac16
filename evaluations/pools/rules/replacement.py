"""Replacing a pool by a new list: who is new, gone or changed, what becomes of exclusions (回避) entered by hand."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evaluations.pools.rules.conflicts import is_note_of_list
from evaluations.pools.rules.people import Person
from nanchuan_eval.core.canonical import sha256_hex
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.names.rules.keys import name_key

NOBODY = "nobody"
NO_UNIT = "未填单位"


@dataclass(frozen=True)
class Standing:
    """A person who is in the pool now; `phones` = as imported and as corrected since."""

    pk: int
    stratum: str
    name: str
    unit: str
    phones: tuple[str, ...]
    dealt_with: str
    exclusion: str = ""
    exclusion_note: str = ""

    @property
    def is_excluded_by_hand(self) -> bool:
        """True if the office excluded the person, not the list."""
        return bool(self.exclusion) and not is_note_of_list(self.exclusion_note)

    @property
    def is_readmitted(self) -> bool:
        """True if the office admitted the person again whom a list had excluded."""
        return not self.exclusion and bool(self.exclusion_note)

    def is_same(self, person: Person) -> bool:
        """True if nothing of the person differs; another spelling of a name is no difference."""
        was = (self.stratum, self.dealt_with, self.exclusion, *_keys(self))
        now = (person.stratum, person.dealt_with, person.exclusion, *_keys(person))
        return was == now and person.phone in self.phones


@dataclass(frozen=True)
class Line:
    """One person before and after: new without the first, gone without the second."""

    before: Standing | None
    after: Person | None

    @property
    def is_changed(self) -> bool:
        """True if the person stays and something of them differs."""
        return self.before is not None and self.after is not None and not self.before.is_same(self.after)

    @property
    def is_under_the_name(self) -> bool:
        """True if the person stands there now under the same name."""
        return self.before is not None and self.after is not None and _is_named(self.before, self.after)

    @property
    def is_renamed(self) -> bool:
        """True if the person changes, and stays under another name, unit, stratum or phone."""
        before, after = self.before, self.after
        if before is None or after is None or not self.is_changed:
            return False
        was, now = (before.stratum, before.name, before.unit), (after.stratum, after.name, after.unit)
        return was != now or after.phone not in before.phones


@dataclass(frozen=True)
class Replacement:
    """The new pool person by person, with what must be asked and told about exclusions."""

    lines: tuple[Line, ...]
    questions: tuple[Question, ...] = ()
    notices: tuple[str, ...] = ()


def replace_pool(
    standing: Sequence[Standing],
    people: Sequence[Person],
    answers: Mapping[str, str],
    masked: Callable[[str], str],
    reason: Callable[[str], str] = str,
) -> Replacement:
    """Compare the pool with the people of a list; `reason` = label of a reason of exclusion."""
    matched = list(_matched(standing, people))
    carrier = _Carrier(matched, answers, masked, reason)
    lines = tuple(carrier.lines())
    return Replacement(lines, tuple(carrier.questions), tuple(carrier.notices(lines)))


def _matched(standing: Sequence[Standing], people: Sequence[Person]) -> Iterator[Line]:
    """Yield each person once, before and after."""
    found = _by_phone(standing, people)
    taken = {one.pk for one in found.values()}
    found |= _by_name([one for one in standing if one.pk not in taken], people, found)
    taken = {one.pk for one in found.values()}
    yield from (Line(one, None) for one in standing if one.pk not in taken)
    yield from (Line(found.get(place), person) for place, person in enumerate(people))


def _by_phone(standing: Sequence[Standing], people: Sequence[Person]) -> dict[int, Standing]:
    """Return the places of people with a phone that stood in the pool; the name that it stood for comes first."""
    of_phone: dict[str, list[Standing]] = defaultdict(list)
    for one in standing:
        for phone in filter(None, one.phones):
            of_phone[phone].append(one)
    pairs = [(place, one) for place, person in enumerate(people) for one in of_phone.get(person.phone, ())]
    found: dict[int, Standing] = {}
    taken: set[int] = set()
    for place, one in sorted(pairs, key=lambda pair: not _is_named(pair[1], people[pair[0]])):
        if place not in found and one.pk not in taken:
            found[place] = one
            taken.add(one.pk)
    return found


def _by_name(
    standing: Sequence[Standing], people: Sequence[Person], found: Mapping[int, Standing]
) -> dict[int, Standing]:
    """Return the places of people of whose name and unit there is one on both sides: their phone has changed."""
    left, coming = defaultdict(list), defaultdict(list)
    for one in standing:
        left[name_key(one.name), name_key(one.unit)].append(one)
    for place, person in enumerate(people):
        if place not in found and person.unit:
            coming[person.key, name_key(person.unit)].append(place)
    return {
        places[0]: left[key][0] for key, places in coming.items() if len(places) == 1 and len(left.get(key, ())) == 1
    }


def _choice(person: Person) -> str:
    """Return the answer that means this person of this list."""
    return f"row-{sha256_hex(f'{person.where}/{person.key}'.encode())[:8]}"


def _keys(one: Standing | Person) -> tuple[str, ...]:
    # The list's note quotes the unit as written.
    return name_key(one.name), name_key(one.unit), name_key(one.exclusion_note)


def _is_named(one: Standing, person: Person) -> bool:
    return name_key(one.name) == person.key


@dataclass
class _Carrier:
    """Carries exclusions entered by hand over to the same people; asks where that is not certain."""

    matched: Sequence[Line]
    answers: Mapping[str, str]
    masked: Callable[[str], str]
    reason: Callable[[str], str]
    questions: list[Question] = field(default_factory=list)
    lost: list[Standing] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Yield the lines with the exclusions that are carried over."""
        carried = {}
        for line in self.matched:
            if line.before and line.before.is_excluded_by_hand and (person := self._same_person(line)):
                carried[person.where] = line.before
        for line in self.matched:
            by = carried.get(line.after.where) if line.after else None
            after = line.after.excluded(by.exclusion, by.exclusion_note) if by and line.after else line.after
            yield replace(line, after=self._readmitted(line.before, after))

    def notices(self, lines: Sequence[Line]) -> Iterator[str]:
        """Yield what becomes of exclusions and admissions, person by person."""
        for one in self.lost:
            yield f"{self._named(one)}原登记为“{self.reason(one.exclusion)}”，不在本次名单中，登记随之取消。"
        for line in lines:
            before, after = line.before, line.after
            if before is None or after is None:
                continue
            if before.exclusion and not after.exclusion:
                yield f"{self._named(before)}原为“{self.reason(before.exclusion)}”，按本次名单参加抽取，请核对。"
            if before.is_readmitted and after.exclusion:
                yield f"{self._named(before)}原已恢复参加抽取，按本次名单又列为回避，请核对。"

    def _same_person(self, line: Line) -> Person | None:
        """Return the person of the new list whom an exclusion entered by hand concerns; asks if it is not certain."""
        before, after = line.before, line.after
        if before is None or (after is not None and _is_named(before, after)):
            return after
        others = [line.after for line in self.matched if line.after and not line.is_under_the_name]
        candidates = [*filter(None, [after]), *(one for one in others if _is_named(before, one))]
        if not candidates:
            self.lost.append(before)
            return None
        question = self._question(before, candidates)
        self.questions.append(question)
        chosen = question.answer(self.answers)
        return next((one for one in candidates if _choice(one) == chosen), None)

    def _question(self, before: Standing, candidates: Sequence[Person]) -> Question:
        choices = [
            (
                _choice(one),
                f"是{one.where}的“{one.name}”（{one.unit or NO_UNIT}，{self.masked(one.phone)}），继续不参加抽取",
            )
            for one in candidates
        ]
        return Question(
            f"excluded-{before.pk}",
            f"{self._named(before)}原登记为“{self.reason(before.exclusion)}”，是本次名单中的哪一位？",
            (*choices, (NOBODY, "都不是，登记随之取消")),
            detail=(f"原登记的说明：{before.exclusion_note}",),
        )

    def _readmitted(self, before: Standing | None, after: Person | None) -> Person | None:
        """Keep the office's note on somebody admitted again while the list does not exclude them anew."""
        if before and after and before.is_readmitted and not after.exclusion and _is_named(before, after):
            return after.excluded("", before.exclusion_note)
        return after

    def _named(self, one: Standing) -> str:
        return f"“{one.name}”（{one.unit or NO_UNIT}，{self.masked(one.phones[-1])}）"
