"""Roster files for tests, as offices make them."""

import io

from openpyxl import Workbook

HEADER = ("单位代码", "单位", "单位性质", "科室代码", "科室", "服务类型", "科室负责人", "任职日期")
ROWS = (
    ("D01", "发改委", "行政部门", "D01-01", "价格科", "行政审批", "张三", "2019-03-01"),
    ("D01", "发改委", "行政部门", "D01-02", "能源科", "行政服务", "李四", "2018-05-01"),
    ("D02", "公安局", "行政部门", "D02-01", "户政科", "行政服务", "王五", ""),
)


def saved(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def xlsx(*rows, edit=lambda _: None):
    """A workbook with one sheet 名录."""
    book = Workbook()
    book.active.title = "名录"
    for row in rows:
        book.active.append(row)
    edit(book.active)
    return saved(book)


def roster(*changes, header=HEADER, rows=ROWS):
    """The three sections as a workbook; a change = (index of the row, heading, value)."""
    table = [list(row) for row in rows]
    for index, heading, value in changes:
        table[index][header.index(heading)] = value
    return xlsx(header, *table)


def wrong_heads(number=20):
    """A roster whose heads are all wrong, and the one with the right names and no first days."""
    rows = [
        ("D01", "发改委", "行政部门", f"D01-{n:02d}", f"第{n}科", "行政审批", f"错名{n}", "2019-03-01")
        for n in range(number)
    ]
    right = [(*row[:6], f"王{n}", "" if n % 2 else "2019-03-01") for n, row in enumerate(rows)]
    return roster(rows=rows), roster(rows=right)


def csv_text(header=HEADER, rows=ROWS, delimiter=","):
    return "\r\n".join(delimiter.join(row) for row in (header, *rows))
