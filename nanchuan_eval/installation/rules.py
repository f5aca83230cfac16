"""The first accounts of an installation: who they must be, so that no person can act alone from the first day on."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import Record, SourceRow, TableError, read_table
from nanchuan_eval.users.rules import person_key

LONGEST = 40


@dataclass(frozen=True)
class Office:
    """A role that an installation needs, by how many persons at least, and the usual name of its account."""

    role: str
    label: str
    least: int
    username: str


# Two clerks: the figures of a draw are typed in by two, papers are keyed by two.
OFFICES = (
    Office("SYS", "系统管理员", 1, "sysadmin"),
    Office("SEC", "安全管理员", 1, "secadmin"),
    Office("AUD", "审计员", 1, "auditor"),
    Office("H", "评议办负责人", 1, "chief"),
    Office("C", "评议办工作人员", 2, "clerk"),
    Office("D", "纪委监委", 1, "commission"),
)
LABELS = {office.role: office.label for office in OFFICES}
COLUMNS = (
    Column(
        "role",
        "角色",
        ("岗位", "职责"),
        Kind.CHOICE,
        is_required=True,
        choices={word: role for role, label in LABELS.items() for word in (label, role)},
        help="系统管理员、安全管理员、审计员、评议办负责人、纪委监委各至少一人，评议办工作人员至少两人。",
        examples=("系统管理员", "评议办工作人员"),
    ),
    Column("name", "姓名", ("名字",), is_required=True, most=LONGEST, examples=("张三", "李四")),
    Column(
        "person_code",
        "人员编号",
        ("工号", "编号"),
        is_required=True,
        most=LONGEST,
        help="工号等，一人一号；系统据此认定是否为同一人。",
        examples=("NC0001", "NC0002"),
    ),
    Column(
        "username",
        "账号",
        ("用户名", "登录名"),
        Kind.CODE,
        most=LONGEST,
        help="不填的由系统起名。",
        examples=("zhangsan", ""),
    ),
)
ONLY_ONE_SECURITY = (
    "只有一名安全管理员：其手机和恢复码都遗失的，没有人能为其重置动态口令。建议再设一名（可以在建立账号后补设）。"
)


@dataclass(frozen=True)
class FirstAccount:
    """One of the first accounts."""

    role: str
    name: str
    person_code: str
    username: str = ""

    @property
    def label(self) -> str:
        """The role in Chinese."""
        return LABELS[self.role]


def read_accounts(rows: Iterable[SourceRow]) -> list[FirstAccount]:
    """Return the accounts of a list; raises `TableError` with every fault of the file."""
    records = read_table(rows, COLUMNS, what="账号").records
    accounts = named([FirstAccount(**{key: record[key] for key in record.values}) for record in map(_text, records)])
    if found := list(faults(accounts)):
        raise TableError([Fault("", text, text) for text in found])
    return accounts


def _text(record: Record) -> Record:
    return Record(record.where, {"username": "", **record.values})


def named(accounts: Sequence[FirstAccount]) -> list[FirstAccount]:
    """Return the accounts, those without a username with the usual one of their role, numbered if it is taken."""
    usual = {office.role: office.username for office in OFFICES}
    taken = {account.username.lower() for account in accounts if account.username}
    several = Counter(account.role for account in accounts)
    found = []
    for account in accounts:
        name = account.username or _free(usual[account.role], taken, is_numbered=several[account.role] > 1)
        taken.add(name.lower())
        found.append(FirstAccount(account.role, account.name, account.person_code, name))
    return found


def _free(name: str, taken: set[str], *, is_numbered: bool) -> str:
    if not is_numbered and name not in taken:
        return name
    return next(f"{name}{n}" for n in range(1, len(taken) + 2) if f"{name}{n}" not in taken)


def faults(accounts: Sequence[FirstAccount]) -> Iterator[str]:
    """Yield why these accounts cannot be the first, in Chinese: a role is missing, or a person stands twice."""
    held = Counter(account.role for account in accounts)
    for office in OFFICES:
        if held[office.role] < office.least:
            yield f"“{office.label}”要有至少{office.least}人，现有{held[office.role]}人，请补上。"
    for account in accounts:
        if not person_key(account.person_code):
            yield f"{account.label}“{account.name}”没有人员编号，请填写工号等。"
    persons = Counter(person_key(account.person_code) for account in accounts)
    for key, number in persons.items():
        if key and number > 1:
            names = "、".join(f"{one.name}（{one.label}）" for one in accounts if person_key(one.person_code) == key)
            yield f"{names}的人员编号相同。首批账号须由不同的人持有，请改为各自的编号或者另外安排人员。"
    usernames = Counter(account.username.lower() for account in accounts if account.username)
    yield from (f"账号“{name}”重复，请改用不同的账号。" for name, number in usernames.items() if number > 1)


def site_fault(site: str) -> str:
    """Return what is wrong with the site's address for links, in Chinese, or an empty text."""
    if re.fullmatch(r"https://[^\s/?#]+/?", site) or re.fullmatch(r"http://(localhost|127\.0\.0\.1)(:\d+)?/?", site):
        return ""
    return "网站地址要以 https:// 开头，后面只写主机名（和端口），如 https://pingyi.example。"


class Level(Enum):
    """How a line ends."""

    GOOD = "✓"
    WARNING = "！"
    FAULT = "×"


EXIT_CODES = {Level.GOOD: 0, Level.WARNING: 1, Level.FAULT: 2}


@dataclass(frozen=True)
class Line:
    """One checked subject or setting: how it is, and what to do."""

    level: Level
    setting: str
    text: str

    def __str__(self) -> str:
        return f"{self.level.value} {self.setting}：{self.text}"


def judged(setting: str, is_good: bool, good: str, bad: str, worst: Level = Level.FAULT) -> Line:
    """Return the good line or the bad one."""
    return Line(Level.GOOD if is_good else worst, setting, good if is_good else bad)


def exit_code(lines: Iterable[Line]) -> int:
    """Return 0 if all is well, 1 if a line warns, 2 if one is a fault."""
    return max((EXIT_CODES[line.level] for line in lines), default=0)
