"""Questions to the register of promotion freezes (影响期), single or as a workbook."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.rules import Answer, Question, RegisterEntry, answer
from nanchuan_eval.audit.queries import FixedFact
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.spreadsheets import ColumnSpec, Row, SheetSpec, Value, read_rows, write_workbook
from nanchuan_eval.workdays.rules import in_chinese

NAME, UNIT, ON = "姓名", "单位", "日期"
DAY = "yyyy-mm-dd"
MOST_ROWS = 5000
COLUMNS = (
    ColumnSpec("序号", 5, "0", "center"),
    ColumnSpec(NAME, 10),
    ColumnSpec(UNIT, 16),
    ColumnSpec(ON, 11, DAY, "center"),
    ColumnSpec("查询结果", 24),
    ColumnSpec("单位、职务", 30),
    ColumnSpec("影响期", 26),
)


FREEZES = FixedFact(
    "影响期",
    lambda case: PromotionFreeze.objects.filter(case=int(case)).order_by("pk").values_list(),
)


@dataclass(frozen=True)
class _Table:
    """An uploaded sheet: positions of its columns, and the rows below the header."""

    columns: dict[str, int]
    rows: Sequence[Row]


def ask_register(asked: Iterable[Question]) -> list[Answer]:
    """Answer each question (one query)."""
    questions = list(asked)
    register = list(_register({question.name for question in questions}))
    return [answer(question, register) for question in questions]


def freezes_of_unit(unit: str, on: date) -> list[PromotionFreeze]:
    """Return the freezes in force in a unit on a day, including those without a name (one query)."""
    rows = PromotionFreeze.objects.in_force(on).filter(case__result__section__department_name=unit)
    return list(rows.select_related("case__result__section"))


def answer_workbook(content: bytes, filename: str, *, today: date) -> bytes:
    """Answer an uploaded list of names with a workbook; refused as a whole if any row is faulty."""
    answers = ask_register(_questions(content, filename, today))
    sheet = SheetSpec(
        title="影响期查询结果",
        heading="影响期（不得提拔重用）查询结果",
        notes=[f"查询日期{in_chinese(today)}。同名人员按单位和职务区分；查询结果为“请核对”的，须核对后使用。"],
        columns=COLUMNS,
        rows=[_row(number, each) for number, each in enumerate(answers, start=1)],
    )
    return write_workbook([sheet])


def shown_period(known: RegisterEntry) -> str:
    """Format the period of a freeze."""
    return f"{in_chinese(known.starts_on)}至{in_chinese(known.ends_on)}"


def _register(names: set[str]) -> Iterator[RegisterEntry]:
    rows = PromotionFreeze.objects.filter(person_name__in=names).exclude(person_name="")
    for row in rows.select_related("case__result__section"):
        unit = row.case.result.section.department_name
        yield RegisterEntry(row.person_name, unit, row.post, row.starts_on, row.ends_on, row.lifted_on)


def _questions(content: bytes, filename: str, today: date) -> list[Question]:
    table = _table(read_rows(content, filename))
    faults: list[str] = []
    questions = [question for row in table.rows if (question := _question(row, table.columns, today, faults))]
    if faults:
        raise RuleViolation(*faults[:20])
    if not questions:
        raise RuleViolation("文件中没有需要查询的人员。")
    return questions


def _table(rows: Sequence[Row]) -> _Table:
    for place, row in enumerate(rows):
        if NAME in row.cells:
            columns = {name: row.cells.index(name) for name in (NAME, UNIT, ON) if name in row.cells}
            below = rows[place + 1 :]
            if len(below) > MOST_ROWS:
                raise RuleViolation(f"一次最多查询{MOST_ROWS}人，请分批。")
            return _Table(columns, below)
    raise RuleViolation("没有找到表头：第一行应有“姓名”，可有“单位”“日期”。")


def _question(row: Row, columns: dict[str, int], today: date, faults: list[str]) -> Question | None:
    cells = {name: row.cells[at] if at < len(row.cells) else "" for name, at in columns.items()}
    if not cells[NAME]:
        faults.append(f"工作表“{row.sheet}”第{row.number}行没有姓名。")
        return None
    text = cells.get(ON, "")
    try:
        on = date.fromisoformat(text) if text else today
    except ValueError:
        faults.append(f"工作表“{row.sheet}”第{row.number}行的日期“{text}”应写成 2020-08-01。")
        return None
    return Question(cells[NAME], cells.get(UNIT, ""), on)


def _row(number: int, each: Answer) -> list[Value]:
    posts = "\n".join(f"{known.unit} {known.post}" for known in each.matches)
    periods = "\n".join(shown_period(known) for known in each.matches)
    return [number, each.asked.name, each.asked.unit, each.asked.on, each.verdict.label, posts, periods]
