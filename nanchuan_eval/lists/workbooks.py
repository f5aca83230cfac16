"""Workbooks of the lists: the template to fill in, the errors of a file, all changes of a preview."""

from collections.abc import Mapping, Sequence

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists.rules.columns import Column, Kind
from nanchuan_eval.lists.rules.previews import Preview
from nanchuan_eval.lists.rules.tables import TEMPLATE_SHEETS
from nanchuan_eval.spreadsheets import ColumnSpec, SheetSpec, write_workbook

EXAMPLES, MEANING = TEMPLATE_SHEETS
NARROWEST, WIDEST = 10, 36
SHORT = 20  # characters, of a column that is no wider than its heading needs
ACCEPTED = {
    Kind.PHONE: "11位手机号，可以有空格、短横线或+86",
    Kind.DATE: "日期，如2026-12-01、2026/12/1、2026.12.1、2026年12月1日",
    Kind.NUMBER: "整数",
    Kind.CODE: "代码，只能用字母、数字和短横线",
    Kind.CODES: "代码，可以有几个，用顿号、逗号、分号或空格分开",
}


def template(title: str, columns: Sequence[Column]) -> bytes:
    """Return the workbook to fill in: the headings alone, then examples and an explanation that are not read."""
    specs = [ColumnSpec(heading(column), _width(column)) for column in columns]
    examples = [[_example(column, n) for column in columns] for n in range(2)]
    meaning = [(c.label, "必填" if c.is_required else "可不填", _accepted(c), "、".join(c.synonyms)) for c in columns]
    about = [ColumnSpec("列", 18), ColumnSpec("是否必填", 10), ColumnSpec("填写内容", 60), ColumnSpec("也可写作", 36)]
    note = f"本页只作说明，导入时不读取。请在第一张工作表“{title}”中填写，每行一条；带*的列必须填写。"
    return write_workbook(
        [
            SheetSpec(title, specs, [], is_form=True),
            SheetSpec(EXAMPLES, specs, examples, notes=["本页只作示例，导入时不读取。"]),
            SheetSpec(MEANING, about, meaning, notes=[note]),
        ]
    )


def errors(filename: str, faults: Sequence[Fault], *, nothing: str = "没有导入任何内容") -> bytes:
    """Return all faults of a file, one row each; `nothing` = what was not done with it."""
    columns = [ColumnSpec("序号", 8, align="right"), ColumnSpec("位置", 30), ColumnSpec("问题", 90)]
    rows = [(number, fault.where or "整份文件", fault.text) for number, fault in enumerate(faults, start=1)]
    notes = [f"文件“{filename}”共{len(faults)}处问题，{nothing}。改正后请重新上传整份文件。"]
    return write_workbook([SheetSpec("错误清单", columns, rows, heading="错误清单", notes=notes)])


def changes(filename: str, preview: Preview, answers: Mapping[str, str]) -> bytes:
    """Return the whole preview: every change with the values before and after, then figures, notices and questions."""
    shown = preview.arranged()
    columns = [ColumnSpec("序号", 8, align="right"), ColumnSpec("变动", 10)]
    columns += [ColumnSpec(name, min(WIDEST, max(16, 2 * len(name) + 4))) for name in shown.headings]
    rows: list[tuple[str | int, ...]] = [
        (n, change.kind, *change.texts()) for n, change in enumerate(shown.changes, start=1)
    ]
    facts = [(name, str(number)) for name, number in preview.figures]
    facts += [("提示", notice) for notice in preview.notices]
    for question in preview.questions:
        facts.append((question.text, question.answer_text(answers) or "（尚未回答）"))
        facts += [("", line) for line in question.detail]
    about = [ColumnSpec("项目", 40), ColumnSpec("内容", 80)]
    notes = [f"文件“{filename}”的预览，尚未确认；“→”前为现有内容，后为文件中的内容。"]
    return write_workbook([SheetSpec("变动", columns, rows, notes=notes), SheetSpec("说明", about, facts)])


def heading(column: Column) -> str:
    """Return the column's heading in the template; a star marks a required one, and is ignored when it is read."""
    return f"{column.label}*" if column.is_required else column.label


def _example(column: Column, number: int) -> str:
    return column.examples[number] if number < len(column.examples) else ""


def _width(column: Column) -> float:
    texts = (heading(column), *column.examples)
    return min(WIDEST, max(NARROWEST, *(2 * len(text) + 4 for text in texts if len(text) <= SHORT)))


def _accepted(column: Column) -> str:
    if column.choices:
        first = {value: word for word, value in reversed([*column.choices.items()])}
        kind = f"限填：{'、'.join(reversed([*first.values()]))}"
    else:
        kind = ACCEPTED.get(column.kind, f"文字，不超过{column.most}字")
    return "；".join(filter(None, (kind, column.help.rstrip("。"))))
