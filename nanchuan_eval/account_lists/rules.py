"""Accounts from a list (账号名单): what each row asks for, compared with the accounts that are there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.previews import Question
from nanchuan_eval.lists.rules.tables import Record
from nanchuan_eval.names.rules.units import UnitNames
from nanchuan_eval.users.rules import conflicts, person_key

LONGEST = 40
LIAISON = "L"
LABELS = {"L": "单位联络员", "I": "暗访督查员", "O": "组织/考核部门", "C": "评议办工作人员"}
USUAL = {"I": "inspector", "O": "personnel", "C": "clerk"}
ASKED = "unit-"
COLUMNS = (
    Column(
        "unit",
        "单位",
        ("单位名称", "所在单位", "所属单位"),
        most=60,
        help="单位联络员必填，可用简称、曾用名。",
        examples=("公安局", ""),
    ),
    Column("name", "姓名", ("名字", "联络员"), is_required=True, most=LONGEST, examples=("张三", "李四")),
    Column(
        "person_code",
        "人员编号",
        ("工号", "编号"),
        is_required=True,
        most=LONGEST,
        help="工号等；一人有几个账号的，填同一编号。",
        examples=("NC0101", "NC0102"),
    ),
    Column(
        "username",
        "账号",
        ("用户名", "登录名"),
        Kind.CODE,
        most=LONGEST,
        help="不填的由系统起名，如 d05-1。",
        examples=("", "lisi"),
    ),
    Column(
        "role",
        "角色",
        ("岗位", "职责"),
        Kind.CHOICE,
        choices={word: role for role, label in LABELS.items() for word in (label, role)}
        | {"联络员": "L", "督查员": "I"},
        help="不填的为单位联络员。负责人、纪委监委、三员和监督员的账号逐个办理。",
        examples=("单位联络员", "暗访督查员"),
    ),
)


@dataclass(frozen=True)
class Wanted:
    """An account that a row asks for."""

    name: str
    person_code: str
    username: str
    role: str
    unit_code: str
    unit: str

    @property
    def cells(self) -> tuple[str, ...]:
        """What the preview shows."""
        return (self.name, LABELS[self.role], self.unit, self.person_code, self.username)


HEADINGS = ("姓名", "角色", "单位", "人员编号", "账号")


@dataclass(frozen=True)
class Known:
    """An account that is there: with its role, or the one it waits for."""

    username: str
    person: str
    role: str
    unit_code: str
    is_active: bool


@dataclass(frozen=True)
class Comparison:
    """The new accounts, the rows that have theirs already, and what must be answered or corrected first."""

    wanted: tuple[Wanted, ...]
    present: int
    questions: tuple[Question, ...]
    faults: tuple[Fault, ...]
    notices: tuple[str, ...]


def compare(
    records: Sequence[Record], known: Sequence[Known], units: UnitNames, answers: Mapping[str, str]
) -> Comparison:
    """Compare the rows of a list with the accounts that are there."""
    questions = {question.key: question for record in records if (question := _question(_text(record, "unit"), units))}
    rows = [(record.where, _wanted(record, units, questions, answers)) for record in records]
    faults = [*_unit_faults(records, units), *_person_faults(rows, known), *_username_faults(rows, known)]
    held = {(one.person, one.role, one.unit_code) for one in known if one.is_active}
    new = [one for _, one in rows if (person_key(one.person_code), one.role, one.unit_code) not in held]
    outside = sum(
        bool(_text(record, "unit")) and one.role != LIAISON for record, (_, one) in zip(records, rows, strict=True)
    )
    notices = (f"{outside}行不是单位联络员，其单位不作登记。",) if outside else ()
    return Comparison(
        tuple(_named(new, known)), len(rows) - len(new), tuple(questions.values()), tuple(faults), notices
    )


def _text(record: Record, key: str) -> str:
    return str(record.values.get(key) or "")


def _is_liaison(record: Record) -> bool:
    return (record.values.get("role") or LIAISON) == LIAISON


def _question(text: str, units: UnitNames) -> Question | None:
    found = units.recognise(text)
    if not text or found.sure or not found.possible:
        return None
    choices = tuple((unit.code, f"{unit.name}（{unit.code}）") for unit in found.possible)
    return Question(f"{ASKED}{text}", f"“{text}”是哪个单位？", choices)


def _wanted(record: Record, units: UnitNames, questions: Mapping[str, Question], answers: Mapping[str, str]) -> Wanted:
    text = _text(record, "unit")
    sure = units.recognise(text).sure if text else None
    question = questions.get(f"{ASKED}{text}")
    code = sure.code if sure else question.answer(answers) if question else ""
    is_liaison = _is_liaison(record)
    names = {unit.code: unit.name for unit in units.units}
    return Wanted(
        name=_text(record, "name"),
        person_code=_text(record, "person_code"),
        username=_text(record, "username"),
        role=_text(record, "role") or LIAISON,
        unit_code=code if is_liaison else "",
        unit=(names.get(code) or text) if is_liaison else "",
    )


def _unit_faults(records: Iterable[Record], units: UnitNames) -> Iterator[Fault]:
    for record in records:
        text = _text(record, "unit")
        if not _is_liaison(record):
            continue
        if not text:
            yield Fault(record.where, "单位联络员没有填写单位，请填写。", "没有填写单位")
        elif not units.recognise(text).all:
            yield Fault(record.where, f"名录中没有单位“{text}”，请核对，或者先导入名录。", "名录中没有单位")


def _person_faults(rows: Sequence[tuple[str, Wanted]], known: Sequence[Known]) -> Iterator[Fault]:
    held: dict[str, list[str]] = {}
    for account in known:
        if account.is_active and account.person:
            held.setdefault(account.person, []).append(account.role)
    seen: set[tuple[str, str, str]] = set()
    for where, one in rows:
        person = person_key(one.person_code)
        for text in conflicts([one.role, *held.get(person, [])]):
            yield Fault(where, f"{one.name}（人员编号{one.person_code}）另有账号：{text}请更换人选。", "角色不能兼任")
        held.setdefault(person, []).append(one.role)
        key = (person, one.role, one.unit_code or one.unit)
        if key in seen:
            yield Fault(where, f"人员编号{one.person_code}在名单中重复，请删去一行。", "人员重复")
        seen.add(key)


def _username_faults(rows: Sequence[tuple[str, Wanted]], known: Sequence[Known]) -> Iterator[Fault]:
    owners = {account.username.lower(): account.person for account in known}
    several = Counter(one.username.lower() for _, one in rows if one.username)
    for where, one in rows:
        name = one.username.lower()
        if name and (several[name] > 1 or owners.get(name, person_key(one.person_code)) != person_key(one.person_code)):
            yield Fault(where, f"账号“{one.username}”已经使用，请改用其他账号，或者不填由系统起名。", "账号重复")


def _named(new: Iterable[Wanted], known: Iterable[Known]) -> Iterator[Wanted]:
    """Yield the accounts, those without a username with one of their unit or role."""
    rows = list(new)
    taken = {account.username.lower() for account in known} | {one.username.lower() for one in rows}
    for one in rows:
        stem = f"{one.unit_code.lower()}-" if one.role == LIAISON else USUAL[one.role]
        name = one.username or next(
            f"{stem}{n}" for n in range(1, len(taken) + len(rows) + 2) if f"{stem}{n}" not in taken
        )
        taken.add(name.lower())
        yield replace(one, username=name)
