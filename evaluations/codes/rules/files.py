"""Files that ballots and messages are made from: codes (票号), and the phone numbers of the people who get them."""

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

from evaluations.protocol.codes import CodeError, normalize_code
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import SourceRow, TableError, read_table

# Columns beside the one that counts: a row that has only these is a gap, not the end of the list.
NUMBER = Column("number", "序号", examples=("1", "2"))
NAME = Column("name", "姓名", ("名字",), examples=("张三", "李四"))
UNIT = Column("unit", "单位", ("工作单位",), examples=("区供水公司", "区个体劳动者协会"))
CODE = Column(
    "code",
    "票号",
    ("评议票号",),
    is_required=True,
    most=100,
    examples=("7K3M-9QXA-2BTR-C4DE-F5GH", "Q2ZN-8WVB-4CXE-M6RT-J9AD"),
)
PHONE = Column(
    "phone",
    "手机号",
    ("手机", "手机号码", "联系电话", "电话", "移动电话"),
    Kind.PHONE,
    is_required=True,
    examples=("13800000001", "13800000002"),
)
# Codes of one batch are 200,000 at most, made in one file.
MOST_CODES = 200_001


class Found(NamedTuple):
    """What a file holds, and what staff should know about it: hidden rows, rows struck out."""

    values: tuple[str, ...]
    notices: tuple[str, ...]


def codes_in(rows: Iterable[SourceRow]) -> Found:
    """Return the codes of a file in its order; raises `TableError`, which never quotes a code."""
    table = read_table(rows, [CODE, NUMBER], what="票号")
    codes: list[tuple[str, str]] = []
    faults = []
    for record in table.records:
        try:
            codes.append((record.where, normalize_code(record["code"])))
        except CodeError as error:
            faults.append(Fault(record.where, str(error), "票号有误"))
    return _each_once(codes, faults, "票号", table.notices)


def phones_in(rows: Iterable[SourceRow]) -> Found:
    """Return the phone numbers of a list in its order; raises `TableError`, also if one comes twice."""
    table = read_table(rows, [PHONE, NAME, UNIT])
    return _each_once([(record.where, record["phone"]) for record in table.records], [], "手机号", table.notices)


def _each_once(found: list[tuple[str, str]], faults: list[Fault], what: str, notices: tuple[str, ...]) -> Found:
    faults = [*faults, *_repeated(found, what)]
    if faults:
        raise TableError(faults)
    return Found(tuple(value for _, value in found), notices)


def _repeated(found: Iterable[tuple[str, Hashable]], what: str) -> Iterator[Fault]:
    first: dict[Hashable, str] = {}
    for where, value in found:
        if value in first:
            yield Fault(where, f"{what}与{first[value]}的相同，请删去多余的一行，或者改正。", f"{what}重复")
        else:
            first[value] = where
