"""Lists of people to ask about, and the workbook of the answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from accountability.promotion_freezes.rules import Answer, Finding, Question, Verdict, figures
from nanchuan_eval.core.errors import FileRefused
from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.tables import TableError, read_table
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.names.rules.keys import name_key
from nanchuan_eval.spreadsheets import ColumnSpec, Mark, Row, SheetSpec, Value, write_workbook
from nanchuan_eval.workdays.rules import in_chinese

MOST_ASKED = 5000
COLUMNS = (
    Column(
        "name",
        "姓名",
        ("名字", "人员姓名", "干部姓名"),
        is_required=True,
        most=40,
        help="空格、间隔号的写法、全角半角不影响查询",
        examples=("陈刚", "阿依努尔·买买提"),
    ),
    Column(
        "unit",
        "单位",
        ("单位名称", "工作单位", "所在单位", "现单位", "现工作单位", "单位科室", "单位及职务", "部门"),
        most=100,
        help="全称、简称、曾用名均可；不填写的，同名人员只能答复“请核对”",
        examples=("公安局", "交通局"),
    ),
    Column(
        "on",
        "日期",
        ("拟任用日期", "拟任日期", "任用日期", "拟任职日期", "任职日期", "查询日期"),
        Kind.DATE,
        help="拟任用日期；只写月份的，按整月查询；不填写的，按今天",
        kin="^(?!.*(出生|工作|入党|毕业|现)).*(日期|时间)",
        examples=("2026-12-01", "2026年12月"),
    ),
)
DAY = "yyyy-mm-dd"
ANSWERS = (
    ColumnSpec("序号", 5, "0", "center"),
    ColumnSpec("姓名", 15),
    ColumnSpec("单位", 15),
    ColumnSpec("日期", 11, DAY, "center"),
    ColumnSpec("查询结果", 9, align="center"),
    ColumnSpec("核对原因", 21),
    ColumnSpec("名录中的单位", 14),
    ColumnSpec("登记的姓名", 13),
    ColumnSpec("登记的单位、职务", 22),
    ColumnSpec("影响期", 15),
    ColumnSpec("说明", 36),
)
MARKS = {Verdict.FROZEN: Mark.ALARM, Verdict.CHECK: Mark.WARN}


@dataclass(frozen=True)
class AskedList:
    """The questions of a list, and what staff should know about the file."""

    questions: tuple[Question, ...]
    notices: tuple[str, ...] = ()


def read_questions(rows: Iterable[Row], *, today: date) -> AskedList:
    """Return the questions of an uploaded list; refused as a whole, with all its faults."""
    try:
        table = read_table(rows, COLUMNS)
    except TableError as error:
        raise FileRefused(error.faults) from None
    faults = [
        Fault(record.where, f"“姓名”中没有文字：{record['name']}", "“姓名”中没有文字")
        for record in table.records
        if not any(character.isalnum() or character in "□×*?〓" for character in name_key(record["name"]))
    ]
    if len(table.records) > MOST_ASKED:
        faults.append(Fault("", f"一次最多查询{MOST_ASKED}人，请分批。", "人数过多"))
    if faults:
        raise FileRefused(faults)
    day = Span(today, today)
    asked = (Question(record["name"], record["unit"], record["on"] or day) for record in table.records)
    return AskedList(tuple(asked), table.notices)


def answer_workbook(answers: Sequence[Answer], *, notices: Sequence[str] = (), today: date) -> bytes:
    """Return the workbook of the answers; rows other than 无影响期 are marked, their counts stand at the top."""
    sheet = SheetSpec(
        title="影响期查询结果",
        heading="影响期（不得提拔重用）查询结果",
        notes=[
            f"查询日期{in_chinese(today)}。共{len(answers)}人：{figures(answers)}。",
            "“影响期内”“请核对”的各行以底色和粗体标出。“请核对”不等于无影响期，须按“核对原因”逐一核对后使用，办法见“说明”。",
            *notices,
        ],
        columns=ANSWERS,
        rows=[_row(number, each) for number, each in enumerate(answers, start=1)],
        marks={place: MARKS[each.verdict] for place, each in enumerate(answers) if each.verdict in MARKS},
    )
    return write_workbook([sheet])


def _row(number: int, each: Answer) -> list[Value]:
    found = each.found
    return [
        number,
        each.asked.name,
        each.asked.unit,
        _days(each.asked.on),
        each.verdict.label,
        _lines(found, lambda finding: finding.reason) if each.verdict == Verdict.CHECK else "",
        _unit(each),
        _lines(found, lambda finding: finding.entry.name or "（姓名未登记）"),
        _lines(found, lambda finding: finding.entry.place),
        _lines(found, lambda finding: f"{finding.entry.starts_on}至{finding.entry.ends_on}"),
        "".join(each.sentences),
    ]


def _unit(each: Answer) -> str:
    if each.unit.possible:
        return f"可能是：{each.unit_names}"
    return each.unit_names or ("（名录中没有）" if each.asked.unit else "")


def _days(on: Span) -> Value:
    return on.first if on.first == on.last else str(on)


def _lines(found: Sequence[Finding], text: Callable[[Finding], str]) -> str:
    """Return a line per freeze found, numbered if there are several, so that the columns can be read together."""
    if len(found) == 1:
        return text(found[0])
    return "\n".join(f"（{number}）{text(finding)}" for number, finding in enumerate(found, start=1))
