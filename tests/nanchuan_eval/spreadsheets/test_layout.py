"""Print set-up, what fits on a page, and the parts of a sheet that need no table of their own: filter, scale, chart."""

import io
import zipfile

import pytest
from openpyxl import load_workbook

from nanchuan_eval.spreadsheets import (
    ChartSpec,
    ColumnSpec,
    SheetSpec,
    page_count,
    shortened,
    stream_workbook,
    write_workbook,
)
from nanchuan_eval.spreadsheets.layout import line_count, pages_high

NAME, SCORE = ColumnSpec("科室", 20), ColumnSpec("得分", 9, "0.00", "right")
CHART = ChartSpec("得分", "科室", ["得分"], "科室", "分", height=8)


def spec(rows=3, **fields):
    return SheetSpec("表", [NAME, SCORE], [[f"第{n}科", n] for n in range(rows)], **fields)


def sheet_of(given):
    return load_workbook(io.BytesIO(write_workbook([given]))).worksheets[0]


@pytest.mark.parametrize(
    ("given", "area"),
    [
        (spec(), "'表'!$A$1:$B$4"),
        (spec(heading="标题", notes=["说明"]), "'表'!$A$1:$B$6"),
        (spec(rows=0), "'表'!$A$1:$B$1"),
        (spec(chart=CHART), "'表'!$A$1:$B$21"),
    ],
)
def test_the_print_area_is_the_table_with_what_stands_above_and_the_chart_below(given, area):
    assert sheet_of(given).print_area == area


@pytest.mark.parametrize(
    ("rows", "pages"), [(3, 0), (23, 0), (24, 1), (28, 1), (29, 0), (40, 0), (47, 0), (50, 2), (60, 0)]
)
def test_a_last_page_with_next_to_nothing_is_avoided(rows, pages):
    """Landscape holds 498 points: header and 23 rows at 20 points each, and so does the next page."""
    assert pages_high(spec(rows)) == pages


def test_a_sheet_of_one_page_is_fitted_to_one():
    assert pages_high(spec(300, one_page=True)) == 1


def test_a_wide_sheet_holds_more_rows_because_it_is_printed_smaller():
    wide = SheetSpec("表", [ColumnSpec(f"列{n}", 20) for n in range(20)], [[""] * 20] * 60)

    assert page_count(wide) < page_count(spec(60))


@pytest.mark.parametrize("lines", [1, 2, 5])
@pytest.mark.parametrize("text", ["短", "长" * 60, "a" * 200, "一\n二\n三\n四", "科" * 9])
def test_a_shortened_text_takes_no_more_lines_and_says_that_it_is_cut(text, lines):
    short = shortened(text, NAME, lines)

    assert line_count(short, NAME) <= lines
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
    assert (short == text) is (line_count(text, NAME) <= lines)


def test_frozen_columns_filter_and_scale_refer_to_the_columns_by_name():
    sheet = sheet_of(spec(heading="标题", frozen="科室", has_filter=True, scale=["得分"]))

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B3", "A2:B5")
    assert [str(area.sqref) for area in sheet.conditional_formatting] == ["B3:B5"]


def test_a_table_without_rows_has_neither_scale_nor_chart():
    sheet = sheet_of(spec(rows=0, scale=["得分"], chart=CHART, has_filter=True))

    assert not list(sheet.conditional_formatting)
    assert sheet._charts == []


def test_no_text_of_a_chart_becomes_a_formula():
    risky = ColumnSpec("=1+1", 9)
    chart = ChartSpec("=1+1", "=1+1", ["得分"], "=1+1", "@SUM(A1)", height=8)

    content = write_workbook([SheetSpec("=1", [risky, SCORE], [["=1+1", 2]], chart=chart)])

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        formulas = archive.read("xl/charts/chart1.xml").decode().split("<f>")[1:]
    assert {text.split("<")[0] for text in formulas} == {"'=1'!$A$2", "'=1'!B1", "'=1'!$B$2"}


def test_a_long_plain_table_is_printed_on_a4_with_its_header_and_page_numbers():
    target = io.BytesIO()
    stream_workbook(target, "计票行", ["票编号", "科室"], [["1", "甲"]])

    sheet = load_workbook(target).worksheets[0]
    setup = (sheet.page_setup.paperSize, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight)
    assert (setup, sheet.print_title_rows) == ((9, 1, 0), "$1:$1")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "&P" in sheet.oddFooter.center.text
