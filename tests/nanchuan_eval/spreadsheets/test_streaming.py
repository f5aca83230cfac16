"""Very large files row by row: the same texts as the reader of lists, and every bad file refused in words."""

import io
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.spreadsheets import stream_rows
from nanchuan_eval.spreadsheets.guard import MIB, Limits
from nanchuan_eval.spreadsheets.streaming import cleaned

LIMITS = Limits(rows=1000, unpacked=100 * MIB)


@pytest.fixture
def book(tmp_path):
    def make(*rows, name="records.xlsx", **sheets):
        workbook = Workbook()
        workbook.active.title = "办件"
        for row in rows:
            workbook.active.append(row)
        for title, state in sheets.items():
            sheet = workbook.create_sheet(title)
            sheet.append(["x"])
            sheet.sheet_state = state
        path = tmp_path / name
        workbook.save(path)
        return path

    return make


def read(path, limits=LIMITS):
    with path.open("rb") as source:
        return list(stream_rows(source, path.name, limits))


def read_text(content, limits=LIMITS, name="records.csv"):
    return [tuple(row.cells) for row in stream_rows(io.BytesIO(content), name, limits)]


class TestWorkbooks:
    def test_cells_are_texts_and_empty_rows_are_left_out(self, book):
        path = book(
            ["编号", "日期"],
            [None, None],
            [13800000001, date(2026, 7, 1)],
            [" 甲　乙 ", datetime(2026, 7, 1, 9)],  # noqa: DTZ001  as a cell holds it
        )
        rows = read(path)
        assert [(row.sheet, row.number) for row in rows] == [("办件", 1), ("办件", 3), ("办件", 4)]
        assert [row.cells for row in rows[1:]] == [("13800000001", "2026-07-01"), ("甲 乙", "2026-07-01 09:00:00")]

    def test_a_hidden_sheet_is_only_named(self, book):
        rows = read(book(["甲"], 密="hidden"))
        assert [(row.sheet, row.in_hidden_sheet) for row in rows] == [("办件", False), ("密", True)]

    def test_more_rows_than_a_part_come_in_order(self, book):
        rows = read(book(*([n] for n in range(1, 900))))
        assert [row.cells[0] for row in rows] == [str(n) for n in range(1, 900)]

    @pytest.mark.parametrize("value", ["=1+1", "#N/A"])
    def test_formulas_and_errors_are_refused(self, book, value):
        with pytest.raises(RuleViolation, match="第2行含有公式或者错误值"):
            read(book(["甲"], [value]))

    def test_too_many_rows_are_refused(self, book):
        with pytest.raises(RuleViolation, match="超出2行"):
            read(book(*([n] for n in range(3))), Limits(rows=2))

    def test_a_broken_or_disguised_workbook_is_refused(self, book, tmp_path):
        whole = book(["甲"]).read_bytes()
        for content in (b"x", whole[:-30], b"PK\x03\x04" + b"x" * 100):
            path = tmp_path / "bad.xlsx"
            path.write_bytes(content)
            with pytest.raises(RuleViolation, match=r"[一-龥]"):
                read(path)

    def test_a_reader_that_ends_early_is_noticed(self, book, monkeypatch):
        monkeypatch.setattr("nanchuan_eval.spreadsheets.streaming.CHILD", "print('{\"rows\": []}')")
        with pytest.raises(RuleViolation, match="读取中断"):
            read(book(["甲"]))

    def test_whoever_stops_reading_leaves_no_child(self, book):
        with book(*([n] for n in range(900))).open("rb") as source:
            rows = stream_rows(source, "records.xlsx", LIMITS)
            assert next(rows).cells == ("0",)
            rows.close()


class TestTexts:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_encodings_and_delimiters_are_recognised(self, encoding):
        for delimiter in (",", "\t", ";"):
            content = f"编号{delimiter}姓名\n1{delimiter}张三\n".encode(encoding)
            assert read_text(content) == [("编号", "姓名"), ("1", "张三")]

    @pytest.mark.parametrize(
        ("content", "name", "text"),
        [
            (b"", "a.csv", "没有内容"),
            (b"\x81\xff\xff", "a.csv", "编码无法识别"),
            ('编号,姓名\n"1'.encode(), "a.csv", "引号或者分隔符有误"),
            (b"PK\x03\x04", "a.csv", "内容却是工作簿"),
            (b"x", "a.xls", "旧版"),
            (b"x", "a.pdf", "只能导入"),
            ("编号,姓名\n1,甲\n2,乙".encode(), "a.csv", "超过2行"),
        ],
    )
    def test_bad_texts_are_refused(self, content, name, text):
        with pytest.raises(RuleViolation, match=text):
            read_text(content, Limits(rows=2), name)

    @pytest.mark.parametrize(
        "text", ["", "甲 乙", " 甲", "甲  乙", "甲\u3000乙", "é", "A-1,b", "甲\n乙", "\u200b甲", "２"]
    )
    def test_a_text_is_cleaned_as_lists_clean_it(self, text):
        assert cleaned(text) == tidy(text)
