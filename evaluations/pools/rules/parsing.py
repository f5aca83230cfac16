"""Reading a pool's list: one person for each phone, then recusals and namesakes (rulebook R-B)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluations.pools.rules.conflicts import Recusals
from evaluations.pools.rules.kinds import MOST_CODES, RECIPIENT, ExclusionReason, PoolKind, columns_of
from evaluations.pools.rules.namesakes import SAME, groups_of, question_about
from evaluations.pools.rules.people import Person, PoolRules, Written, joined
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.lists.rules.tables import Record, SourceRow, TableError, read_table
from nanchuan_eval.names.rules.keys import name_key


@dataclass(frozen=True)
class PoolFile:
    """What a list says with the answers given: its people, notes on merges and recusals, questions, notices."""

    people: tuple[Person, ...] = ()
    merges: tuple[str, ...] = ()
    recusals: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that staff should know about the list."""
        return *self.notices, *self.merges, *self.recusals

    def sizes(self) -> dict[str, int]:
        """Return stratum -> number of people."""
        return {name: sum(p.stratum == name for p in self.people) for name in sorted({p.stratum for p in self.people})}

    def excluded(self) -> int:
        """Return how many people the list itself excludes (回避)."""
        return sum(bool(person.exclusion) for person in self.people)


def parse_people(
    rows: Iterable[SourceRow], kind: PoolKind, rules: PoolRules, answers: Mapping[str, str] | None = None
) -> PoolFile:
    """Read a pool's list; raises `TableError` with all faults. Unanswered questions leave people apart."""
    table = read_table(rows, columns_of(kind, rules.strata))
    by_phone: dict[str, list[Written]] = {}
    for row in _with_one_stratum([_written(record) for record in table.records]):
        by_phone.setdefault(row.phone, []).append(row)
    faults = [fault for written in by_phone.values() for fault in _faults(written, rules)]
    if faults:
        raise TableError(faults)
    people = [Person(tuple(written)) for written in by_phone.values()]
    merges = [note for person in people for note in _merged(person)]
    people, recusals = _judged(people, rules, answers or {})
    groups, asked = _namesakes(people, rules)
    same = [group for group, question in zip(groups, asked, strict=True) if question.answer(answers or {}) == SAME]
    merges += [_joined_note([people[place] for place in group], rules) for group in same]
    people = _joined(people, same)
    excluded = tuple(f"{one.where}：{one.exclusion_note}，列为回避，不参加抽取。" for one in people if one.exclusion)
    return PoolFile(tuple(people), tuple(merges), excluded, (*recusals, *asked), table.notices)


def _written(record: Record) -> Written:
    fields = {key: record[key] for key in ("name", "phone", "unit", "relatives")}
    return Written(record.where, record["stratum"] or RECIPIENT, codes=record["dealt_with"] or (), **fields)


def _with_one_stratum(rows: Sequence[Written]) -> Iterator[Written]:
    """Yield the rows, with every stratum in its first spelling."""
    first: dict[str, str] = {}
    for row in rows:
        stratum = first.setdefault(name_key(row.stratum), row.stratum)
        yield Written(row.where, stratum, row.name, row.phone, row.unit, row.codes, row.relatives)


def _faults(rows: Sequence[Written], rules: PoolRules) -> Iterator[Fault]:
    """Yield what is wrong with the rows of one phone."""
    first = rows[0]
    for row in rows:
        unknown = [code for code in row.codes if code not in rules.section_codes]
        if unknown:
            what = "科室代码不在名录中"
            yield Fault(row.where, f"科室代码{'、'.join(f'“{code}”' for code in unknown)}不在名录中，请核对。", what)
        if name_key(row.name) != name_key(first.name):
            what = f"手机号与{first.where}相同，但姓名不同"
            yield Fault(row.where, f"{what}（“{row.name}”和“{first.name}”），请核对。", "手机号相同，但姓名不同")
        elif row.stratum != first.stratum:
            text = f"与{first.where}是同一人，但身份类别不同；一人只能列入一个身份类别。"
            yield Fault(row.where, text, "同一人的身份类别不同")
    if len(Person(tuple(rows)).dealt_with) > MOST_CODES:
        text = f"同一手机号各行的科室代码合计超过{MOST_CODES}字，请删减。"
        yield Fault(first.where, text, "科室代码超过规定长度")


def _merged(person: Person) -> Iterator[str]:
    """Yield a note for every further row of a person, with what is kept where the rows differ."""
    first = person.rows[0]
    for row in person.rows[1:]:
        name = "" if row.name == first.name else f"，姓名按“{first.name}”登记"
        unit = "" if row.unit in ("", person.unit) else f"，单位按“{person.unit}”登记"
        yield f"{row.where}：与{first.where}手机号相同，合并为一人{name}{unit}。"


def _judged(
    people: Sequence[Person], rules: PoolRules, answers: Mapping[str, str]
) -> tuple[list[Person], list[Question]]:
    recusals = Recusals(rules, answers)
    notes = [recusals.note(person) for person in people]
    conflict = ExclusionReason.CONFLICT.value
    judged = [one.excluded(conflict, note) if note else one for one, note in zip(people, notes, strict=True)]
    return judged, recusals.questions


def _namesakes(people: Sequence[Person], rules: PoolRules) -> tuple[list[tuple[int, ...]], list[Question]]:
    groups = groups_of(people, rules.units)
    return groups, [question_about([people[place] for place in group], rules) for group in groups]


def _joined_note(members: Sequence[Person], rules: PoolRules) -> str:
    first = members[0]
    others = "、".join(row.where for member in members[1:] for row in member.rows)
    return f"{others}：与{first.where}是同一人，合并为一人，手机号用{rules.masked(first.phone)}。"


def _joined(people: Sequence[Person], groups: Sequence[tuple[int, ...]]) -> list[Person]:
    first_of = {group[0]: group for group in groups}
    gone = {place for group in groups for place in group[1:]}
    return [
        joined(people[member] for member in first_of.get(place, (place,)))
        for place in range(len(people))
        if place not in gone
    ]
