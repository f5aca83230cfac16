"""Service topics as a list that staff edit in a spreadsheet: its columns, and what a file would change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluations.ballot_form.rules.topics import NO_WORDS, as_words
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column
from nanchuan_eval.lists.rules.tables import Record

COLUMNS = (
    Column(
        "text",
        "办事事项",
        ("事项", "办什么事"),
        is_required=True,
        most=60,
        help="与现有事项按此列对应。",
        examples=("办房产证、过户、抵押", "电费、电表"),
    ),
    Column("synonyms", "群众说法", ("说法", "同义词"), help="用空格分隔。", examples=("房产证 房本 查档", "欠费 停电")),
    Column(
        "words",
        "科室名称关键词",
        ("科室关键词",),
        most=200,
        help="与单位名称关键词至少填一个。",
        examples=("不动产登记", "抄表收费"),
    ),
    Column("departments", "单位名称关键词", ("单位关键词",), most=200, examples=("", "供电")),
    Column("note", "不在评议范围的说明", ("说明",), most=100, help="名录中没有办理的科室时显示。"),
)
KEYS = tuple(column.key for column in COLUMNS)
HEADINGS = tuple(column.label for column in COLUMNS)
# The values of a topic, by the keys of the columns.
Values = Mapping[str, str]


@dataclass(frozen=True)
class TopicChange:
    """A topic that a file adds (`before` is empty) or changes."""

    before: Values
    after: Values

    @property
    def cells(self) -> tuple[tuple[str, str], ...]:
        """(before, after) of each column."""
        return tuple((self.before.get(key, ""), self.after[key]) for key in KEYS)


def changes(records: Sequence[Record], found: Iterable[str], known: Mapping[str, Values]) -> list[TopicChange]:
    """Return what the rows change; a column that the file lacks stays, a topic that it lacks too."""
    given = frozenset(found)
    changed = []
    for record in records:
        before = known.get(record["text"], {})
        after = {key: str(record[key]) if key in given else before.get(key, "") for key in KEYS}
        if before != after:
            changed.append(TopicChange(before, after))
    return changed


def faults(records: Sequence[Record], found: Sequence[TopicChange]) -> Iterator[Fault]:
    """Yield topics that stand twice in the file, and topics without any keyword."""
    seen: set[str] = set()
    for record in records:
        if record["text"] in seen:
            yield Fault(record.where, f"“{record['text']}”在文件中重复，请删去一行。", "办事事项重复")
        seen.add(record["text"])
    empty = {each.after["text"] for each in found if not any(as_words(each.after[k]) for k in ("words", "departments"))}
    for record in records:
        if record["text"] in empty:
            yield Fault(record.where, NO_WORDS, "没有关键词")
