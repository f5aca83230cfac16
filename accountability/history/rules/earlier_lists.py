"""Lists published before this system (往期上榜名单): their columns, and what a file of them says."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import Record, SourceRow, TableError, read_table
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.workdays.rules import add_months, in_chinese

LAST_RANK = 1000
HALF_YEAR, QUARTER = 6, 3
NAMES_A_QUARTER = re.compile(r"季|Q[1-4]", re.IGNORECASE)
COLUMNS = (
    Column(
        "key", "轮次代码", ("轮次编号", "轮次", "期次"), is_required=True, most=20, examples=("2019H1", "2019H1"),
        help="每轮一个代码，同一轮的各行相同。",
    ),
    Column(
        "name", "轮次名称", ("评议轮次", "评议名称", "轮次名"), is_required=True, most=40,
        examples=("2019年上半年", "2019年上半年"),
    ),
    Column(
        "period_start", "评议期起",
        ("评议期", "起始日期", "开始日期", "评议期起始", "评议期开始", "评议期起始日期", "评议开始日期"),
        Kind.DATE, is_required=True, examples=("2019-01-01", "2019年1月"),
        help="评议期的第一日；只写年月的，指当月1日。",
    ),
    Column("rank", "位次", ("名次", "排名", "排位", "排序"), Kind.NUMBER, is_required=True, examples=("1", "2")),
    Column(
        "department", "单位", ("单位名称", "部门", "部门名称", "所属单位", "所在单位", "责任单位", "主管部门"),
        is_required=True, most=60, examples=("公安局", "发改委"), help="公布时的名称；简称、曾用名也可以。",
    ),
    Column(
        "section", "科室", ("科室名称", "上榜科室", "责任科室", "股室", "科室站所"), is_required=True, most=60,
        examples=("户政科", "价格科"), help="公布时的名称。",
    ),
    Column("problems", "主要问题", ("问题", "存在问题", "存在的问题", "突出问题"), examples=("办事拖拉", "")),
)  # fmt: skip


@dataclass(frozen=True)
class EarlierEntry:
    """One listed section as published, and where it stands in the file."""

    where: str
    key: str
    name: str
    period_start: date
    rank: int
    department: str
    section: str
    problems: str = ""

    @property
    def title(self) -> str:
        """Unit and section, as published."""
        return f"{self.department}{self.section}"

    @property
    def section_key(self) -> tuple[str, str]:
        """The section for comparing."""
        return name_key(self.department), name_key(self.section)


@dataclass(frozen=True)
class EarlierLists:
    """The listed sections of a file, and what staff should know about it."""

    entries: tuple[EarlierEntry, ...]
    notices: tuple[str, ...] = ()

    @property
    def rounds(self) -> dict[str, EarlierEntry]:
        """Round -> its first entry."""
        rounds: dict[str, EarlierEntry] = {}
        for entry in self.entries:
            rounds.setdefault(entry.key, entry)
        return rounds

    def with_codes(self, codes: Mapping[str, str]) -> "EarlierLists":
        """Return the lists with other codes for some rounds."""
        entries = (replace(entry, key=codes.get(entry.key, entry.key)) for entry in self.entries)
        return replace(self, entries=tuple(entries))


def period_end(name: str, key: str, starts_on: date) -> date:
    """Return the last day of an imported round's period: a quarter where its name or code says so, else a half-year."""
    months = QUARTER if NAMES_A_QUARTER.search(f"{name} {key}") else HALF_YEAR
    return add_months(starts_on, months) - timedelta(days=1)


def parse_earlier_lists(rows: Iterable[SourceRow], today: date) -> EarlierLists:
    """Return what the rows list; raises `TableError` with every fault."""
    table = read_table(rows, COLUMNS, what="上榜科室")
    faults = [fault for record in table.records for fault in _faults(record, today)]
    if faults:
        raise TableError(faults)
    entries = _of_one_spelling([_entry(record) for record in table.records])
    faults = [*_disagreements(entries), *_repeated(entries)]
    if faults:
        raise TableError(faults)
    return EarlierLists(tuple(entries), table.notices)


def _faults(record: Record, today: date) -> Iterator[Fault]:
    if not 1 <= record["rank"] <= LAST_RANK:
        yield Fault(record.where, f"“位次”的“{record['rank']}”不是1到{LAST_RANK}的整数，请核对。", "位次超出范围")
    if record["period_start"].first > today:
        text = f"“评议期起”{in_chinese(record['period_start'].first)}晚于今天，往期上榜名单是已经公布的，请核对。"
        yield Fault(record.where, text, "评议期起晚于今天")


def _entry(record: Record) -> EarlierEntry:
    given = {key: record[key] for key in ("key", "name", "rank", "department", "section", "problems")}
    return EarlierEntry(record.where, period_start=record["period_start"].first, **given)


def _of_one_spelling(entries: Sequence[EarlierEntry]) -> list[EarlierEntry]:
    """Return the entries with code and name of a round as they are first written."""
    first: dict[str, EarlierEntry] = {}
    for entry in entries:
        first.setdefault(name_key(entry.key), entry)
    return [
        replace(entry, key=known.key, name=known.name if name_key(known.name) == name_key(entry.name) else entry.name)
        for entry in entries
        for known in [first[name_key(entry.key)]]
    ]


def _disagreements(entries: Sequence[EarlierEntry]) -> Iterator[Fault]:
    first: dict[str, EarlierEntry] = {}
    for entry in entries:
        known = first.setdefault(entry.key, entry)
        if entry.name != known.name:
            text = f"轮次“{entry.key}”的名称是“{entry.name}”，{known.where}写的是“{known.name}”，请改为一致。"
            yield Fault(entry.where, text, "轮次名称前后不一致")
        if entry.period_start != known.period_start:
            dates = f"{entry.period_start}，{known.where}写的是{known.period_start}"
            text = f"轮次“{entry.key}”的评议期起是{dates}，请改为一致。"
            yield Fault(entry.where, text, "评议期起前后不一致")


def _repeated(entries: Sequence[EarlierEntry]) -> Iterator[Fault]:
    first: dict[tuple[str, str, str], EarlierEntry] = {}
    for entry in entries:
        known = first.setdefault((entry.key, *entry.section_key), entry)
        if known is not entry:
            text = f"轮次“{entry.key}”的“{entry.title}”与{known.where}是同一科室，请只留一行。"
            yield Fault(entry.where, text, "科室重复")
