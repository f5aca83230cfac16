"""The template, which imports as it is once filled in, the errors of a file, and the whole preview."""

import io

from openpyxl import load_workbook

from nanchuan_eval.core.faults import Fault
from nanchuan_eval.lists import workbooks
from nanchuan_eval.lists.rules.previews import Change, Preview, Question
from nanchuan_eval.lists.rules.tables import read_table
from nanchuan_eval.spreadsheets import read_rows
from tests.departments.roster.files import saved
from tests.nanchuan_eval.lists.fake import COLUMNS, PEOPLE


def book_of(content):
    return load_workbook(io.BytesIO(content))


def cells(sheet):
    return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]


def test_the_template_has_the_headings_alone_with_the_required_ones_marked():
    book = book_of(workbooks.template("名单", COLUMNS))

    assert book.sheetnames == ["名单", "填写示例", "填写说明"]
    assert cells(book["名单"]) == [["姓名*", "手机号*", "单位"]]


def test_what_is_typed_into_the_template_stays_as_typed():
    sheet = book_of(workbooks.template("名单", COLUMNS))["名单"]

    assert [sheet.column_dimensions[letter].number_format for letter in "ABC"] == ["@"] * 3
    assert all(sheet.column_dimensions[letter].width >= 10 for letter in "ABC")


def test_the_template_shows_two_examples_and_explains_each_column():
    book = book_of(workbooks.template("名单", COLUMNS))

    assert cells(book["填写示例"])[1:] == [
        ["姓名*", "手机号*", "单位"],
        ["张三", "13900000001", "发改委"],
        ["李四", "139 0000 0002", ""],
    ]
    assert cells(book["填写说明"])[2:] == [
        ["姓名", "必填", "文字，不超过40字；身份证上的姓名", "名字"],
        ["手机号", "必填", "11位手机号，可以有空格、短横线或+86", ""],
        ["单位", "可不填", "文字，不超过300字", ""],
    ]


def test_a_filled_in_template_is_read_without_its_examples():
    book = book_of(workbooks.template("名单", COLUMNS))
    for row in PEOPLE:
        book["名单"].append(row)

    table = read_table(read_rows(saved(book), "名单.xlsx"), COLUMNS)

    assert [record["name"] for record in table.records] == ["张三", "李四"]
    assert [notice for notice in table.notices if "填写示例" in notice]


def test_the_file_of_errors_has_every_one_of_them():
    faults = [Fault(f"第{n}行", "“姓名”为空。", "“姓名”为空") for n in range(2, 300)]

    sheet = book_of(workbooks.errors("名单.xlsx", [*faults, Fault("", "文件中没有人员。", "没有内容")]))["错误清单"]

    rows = cells(sheet)
    assert "共299处问题，没有导入任何内容" in rows[1][0]
    assert rows[3] == [1, "第2行", "“姓名”为空。"]
    assert rows[-1] == [299, "整份文件", "文件中没有人员。"]


def test_the_whole_preview_has_every_change_and_the_answers():
    question = Question("phones", "以哪个为准？", (("new", "新的"), ("old", "原来的")), detail=("张三：1 → 2",))
    changes = [Change("变更", ((f"人{n}", f"人{n}"), ("1", "2"), ("", ""))) for n in range(120)]
    preview = Preview((("变更", 120),), ("姓名", "手机号", "单位"), tuple(changes), ("第5行是隐藏的。",), (question,))

    book = book_of(workbooks.changes("名单.xlsx", preview, {"phones": "old"}))

    rows = cells(book["变动"])
    assert rows[1] == ["序号", "变动", "姓名", "手机号"]
    assert rows[-1] == [120, "变更", "人119", "1 → 2"]
    assert cells(book["说明"])[1:] == [
        ["变更", "120"],
        ["提示", "第5行是隐藏的。"],
        ["以哪个为准？", "原来的"],
        ["", "张三：1 → 2"],
    ]
