"""Parse the workbook of lists published before this system (历史榜单)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

COLUMNS = ("轮次代码", "轮次名称", "评议期起", "位次", "单位", "科室", "主要问题")
NEEDED = COLUMNS[:-1]


class EarlierListError(ValueError):
    """The file cannot be imported; one Chinese sentence per fault, with its row number."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class EarlierEntry:
    """One listed section as published."""

    key: str
    name: str
    period_start: date
    rank: int
    department: str
    section: str
    problems: str = ""


def parse_earlier_lists(rows: Iterable[tuple[int, Sequence[str]]]) -> list[EarlierEntry]:
    """Parse numbered rows, the first being the header; reports all faults at once."""
    numbered = list(rows)
    header = list(numbered[0][1]) if numbered else []
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise EarlierListError([f"第1行表头缺少：{'、'.join(missing)}。"])
    entries, faults = [], []
    for number, cells in numbered[1:]:
        row = {
            name: cells[header.index(name)].strip() if name in header and header.index(name) < len(cells) else ""
            for name in COLUMNS
        }
        fault = _fault(row)
        if fault:
            faults.append(f"第{number}行：{fault}")
        else:
            entries.append(_entry(row))
    faults += [] if entries or faults else ["文件里没有上榜科室。"]
    faults += _contradictions(entries)
    if faults:
        raise EarlierListError(faults)
    return entries


def _fault(row: dict[str, str]) -> str:
    empty = [name for name in NEEDED if not row[name]]
    if empty:
        return f"{'、'.join(empty)}为空。"
    if not (row["位次"].isascii() and row["位次"].isdigit() and 1 <= int(row["位次"]) <= 1000):
        return f"位次“{row['位次']}”不是1到1000的整数。"
    try:
        date.fromisoformat(row["评议期起"])
    except ValueError:
        return f"评议期起“{row['评议期起']}”不是日期，应写成 2019-07-01。"
    too_long = [
        name for name, most in (("轮次代码", 20), ("轮次名称", 40), ("单位", 60), ("科室", 60)) if len(row[name]) > most
    ]
    too_long += ["主要问题"] if len(row["主要问题"]) > 300 else []
    return f"{'、'.join(too_long)}太长。" if too_long else ""


def _entry(row: dict[str, str]) -> EarlierEntry:
    start = date.fromisoformat(row["评议期起"])
    return EarlierEntry(
        row["轮次代码"], row["轮次名称"], start, int(row["位次"]), row["单位"], row["科室"], row["主要问题"]
    )


def _contradictions(entries: Sequence[EarlierEntry]) -> list[str]:
    faults = []
    for key, group in groupby(sorted(entries, key=lambda e: e.key), key=lambda e: e.key):
        listed = list(group)
        if len({(e.name, e.period_start) for e in listed}) > 1:
            faults.append(f"轮次“{key}”的名称或评议期起前后不一致。")
        sections = [(e.department, e.section) for e in listed]
        faults += [
            f"轮次“{key}”中{d}{s}出现了两次。" for d, s in sorted({x for x in sections if sections.count(x) > 1})
        ]
    return faults
