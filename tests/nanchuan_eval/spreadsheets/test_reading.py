"""Reading and writing workbooks: real files for every untidy or malicious case."""

import io
import subprocess
import sys
import time
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.names.rules.keys import tidy
from nanchuan_eval.spreadsheets import (
    ColumnSpec,
    Row,
    SheetSpec,
    child,
    guard,
    read_rows,
    reading,
    stream_workbook,
    write_workbook,
)

pytestmark = pytest.mark.reader
PAYLOADS = [
    "=1+1",
    '=HYPERLINK("http://example.com","点我")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "'=1+1",
    " =1+1",
]
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
FOREIGN = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def workbook(rows=(), *, title="名录", edit=lambda _: None):
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    edit(sheet)
    return saved(book)


def moment(*numbers):
    """A time without time zone, as spreadsheets hold it."""
    return datetime(*numbers)  # noqa: DTZ001


def saved(book):
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def repacked(content, *, change=lambda _, data: data, extra=()):
    """The zip with parts replaced and added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            archive.writestr(name, change(name, source.read(name)))
        for name, data in extra:
            archive.writestr(name, data)
    return target.getvalue()


def cells(content, filename="名录.xlsx"):
    return [row.cells for row in read_rows(content, filename)]


def one(value, **cell):
    """The text read from a single cell."""

    def edit(sheet):
        sheet["A1"] = value
        for key, setting in cell.items():
            setattr(sheet["A1"], key, setting)

    return cells(workbook(edit=edit))[0][0]


# Reading cells


def test_a_row_keeps_its_sheet_and_number_and_empty_rows_are_left_out():
    content = workbook([["单位", "科室"], [None, None], ["发改委", "能源科"]])

    assert read_rows(content, "名录.xlsx") == [
        Row("名录", 1, ("单位", "科室")),
        Row("名录", 3, ("发改委", "能源科")),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (3.0, "3"),
        (13800138000.0, "13800138000"),
        (0.1 + 0.2, "0.3"),
        (1e21, "1000000000000000000000"),
        (True, "是"),
        (False, "否"),
        (date(2019, 3, 1), "2019-03-01"),
        (moment(2019, 3, 1), "2019-03-01"),
        (moment(2019, 3, 1, 9, 30), "2019-03-01 09:30:00"),
        ("_x000D_能源科", "能源科"),
    ],
)
def test_numbers_and_dates_are_read_as_people_write_them(value, text):
    assert one(value) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("　能源科　 ", "能源科"),
        ("能源科\u200b\ufeff", "能源科"),
        ("能源\n科", "能源科"),
        ("\u202e能源科", "能源科"),
        ("能\x07源科", "能源科"),
        ("张　三", "张 三"),
        ("D01-01\nD02-02", "D01-01 D02-02"),
        ("price \r\n list", "price list"),
        ("e\u0301", "é"),
        ("\u200b \u3000", ""),
    ],
)
def test_invisible_characters_and_outer_blanks_are_cleaned_away(raw, text):
    assert tidy(raw) == text


def test_text_that_looks_like_a_formula_stays_text():
    assert one("=1+1", data_type="s") == "=1+1"


@pytest.mark.parametrize("formula", ["=1+1", "=NOW()"])
def test_a_formula_is_refused_with_sheet_and_row(formula):
    content = workbook([["单位"], ["发改委"], [formula]])

    with pytest.raises(RuleViolation, match="工作表“名录”第3行：含有公式"):
        read_rows(content, "名录.xlsx")


def test_an_error_value_is_refused_with_sheet_and_row():
    def edit(sheet):
        sheet["B2"] = "#N/A"
        sheet["B2"].data_type = "e"

    with pytest.raises(RuleViolation, match="工作表“名录”第2行：有错误值“#N/A”"):
        read_rows(workbook([["单位"]], edit=edit), "名录.xlsx")


def test_all_formulas_are_named_at_once():
    with pytest.raises(RuleViolation) as refusal:
        read_rows(workbook([["=A2"], ["=A3"]]), "名录.xlsx")

    assert len(refusal.value.reasons) == 2


def test_a_merged_area_reads_as_its_first_cell_everywhere():
    content = workbook(
        [["D01", "发改委", "价格科"], [None, None, "能源科"]],
        edit=lambda sheet: (sheet.merge_cells("A1:A2"), sheet.merge_cells("B1:B2")),
    )

    assert cells(content) == [("D01", "发改委", "价格科"), ("D01", "发改委", "能源科")]


def test_a_cell_merged_over_columns_belongs_to_the_first():
    content = workbook([["评议对象名录"], ["单位", "科室"]], edit=lambda sheet: sheet.merge_cells("A1:B1"))

    assert cells(content)[0] == ("评议对象名录",)


def test_several_sheets_are_read_in_order_and_hidden_ones_are_not():
    book = Workbook()
    book.active.title = "行政部门"
    book.active.append(["发改委"])
    book.create_sheet("公用企业").append(["供电公司"])
    hidden = book.create_sheet("旧名录")
    hidden.append(["旧"])
    hidden.sheet_state = "hidden"

    assert read_rows(saved(book), "名录.xlsx") == [
        Row("行政部门", 1, ("发改委",)),
        Row("公用企业", 1, ("供电公司",)),
        Row("旧名录", 1, ("",), in_hidden_sheet=True),
    ]


def test_formatting_far_out_does_not_matter():
    def edit(sheet):
        sheet["XFD1"].number_format = "0.00"
        sheet["A1048576"].number_format = "0.00"

    assert cells(workbook([["单位"]], edit=edit))[0][0] == "单位"


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "XFD1", "CW1"])
def test_content_far_out_is_refused_at_once(place):
    content = workbook([["单位"]], edit=lambda sheet: sheet.__setitem__(place, "远"))
    started = time.process_time()

    with pytest.raises(RuleViolation, match="请删除多余的内容"):
        read_rows(content, "名录.xlsx")

    assert time.process_time() - started < 2


def test_the_declared_extent_is_ignored():
    content = repacked(
        workbook([["单位", "科室"]]), change=lambda _, data: data.replace(b'ref="A1:B1"', b'ref="A1:A1"')
    )

    assert cells(content) == [("单位", "科室")]


def test_too_many_merged_cells_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_MERGED", 3)
    content = workbook([["单位"]], edit=lambda sheet: sheet.merge_cells("A1:B2"))

    with pytest.raises(RuleViolation, match="合并单元格过多"):
        reading.read_workbook(content)


# Reading CSV

TABLE = "单位,科室\r\n发改委,能源科\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_csv_is_read_in_every_usual_encoding(encoding):
    assert cells(TABLE.encode(encoding), "名录.csv") == [("单位", "科室"), ("发改委", "能源科")]


def test_csv_may_be_parted_by_tabs():
    assert cells("单位\t科室,股\n发改委\t能源科\n".encode(), "名录.csv") == [
        ("单位", "科室,股"),
        ("发改委", "能源科"),
    ]


def test_csv_rows_are_counted_as_a_spreadsheet_program_shows_them():
    text = '单位,科室\n\n发改委,"能源\n科"\n教委,职教科\n'

    assert read_rows(text.encode(), "名录.csv")[1:] == [
        Row("名录.csv", 3, ("发改委", "能源科")),
        Row("名录.csv", 4, ("教委", "职教科")),
    ]


def test_csv_with_unclosed_quotes_is_refused_with_its_row():
    with pytest.raises(RuleViolation, match=r"“名录\.csv”第2行的引号"):
        read_rows('单位,科室\n"发改委,能源科\n'.encode(), "名录.csv")


@pytest.mark.parametrize("content", [b"\n", b"\n\r\n", b" \t\n", b"\xef\xbb\xbf"])
def test_csv_without_text_has_no_rows(content):
    assert read_rows(content, "名单.csv") == []


def test_csv_with_a_nul_is_refused():
    with pytest.raises(RuleViolation, match="空字符"):
        read_rows(b"a,b\n\x00,c\n", "名录.csv")


def test_csv_in_no_known_encoding_is_refused():
    with pytest.raises(RuleViolation, match="编码无法识别"):
        read_rows(b"\xff\xff\xff,\x80\n", "名录.csv")


def test_csv_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 1)

    with pytest.raises(RuleViolation, match="第2行第2列有内容"):
        read_rows(TABLE.encode(), "名录.csv")


# Files that are not what they say, and hostile ones


def bomb():
    return repacked(workbook([["单位"]]), extra=[("xl/media/zeros.bin", b"\0" * 3 * guard.MIB)])


def huge():
    with_zeros = io.BytesIO()
    with zipfile.ZipFile(with_zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * (guard.LARGEST_UNPACKED + 1))
    return with_zeros.getvalue()


def with_entities(declaration):
    return repacked(
        workbook([["单位"]]),
        change=lambda name, data: declaration.encode() + data if "sheet1" in name else data,
    )


def encrypted_zip():
    content = bytearray(workbook([["单位"]]))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (b"", "名录.xlsx", "没有内容"),
        (b"x" * (guard.LARGEST_FILE + 1), "名录.csv", "超过10MB"),
        (b"x", "名录.pdf", "只能导入"),
        (b"x", "名录", "只能导入"),
        (guard.OLE_MAGIC + b"x", "名录.xls", "旧版 .xls"),
        (b"PK", "名录.xlsm", "带宏"),
        (b"x", "名录.ET", "WPS"),
        (guard.OLE_MAGIC + b"x" * 600, "名录.xlsx", "内容却是旧版 .xls"),
        (guard.OLE_MAGIC + "EncryptedPackage".encode("utf-16-le"), "名录.xlsx", "打开密码"),
        (b"<html>", "名录.xlsx", "改了扩展名"),
        (b"PK\x03\x04garbage", "名录.xlsx", "已损坏"),
        (workbook([["单位"]])[:-40], "名录.xlsx", "已损坏"),
        (workbook([["单位"]]), "名录.csv", "改了扩展名"),
        (repacked(workbook(), extra=[("xl/vbaProject.bin", b"x")]), "名录.xlsx", "含有宏"),
        (repacked(workbook(), extra=[(f"x/{n}", b"") for n in range(1000)]), "名录.xlsx", "部件过多"),
        (encrypted_zip(), "名录.xlsx", "内部已加密"),
        (bomb(), "名录.xlsx", "压缩比异常"),
        (huge(), "名录.xlsx", "解压后超过60MB"),
        (with_entities(ENTITIES), "名录.xlsx", "实体声明"),
        (with_entities(FOREIGN), "名录.xlsx", "实体声明"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_own_reason(content, filename, reason):
    with pytest.raises(RuleViolation, match=reason):
        read_rows(content, filename)


def test_another_zip_named_xlsx_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")

    with pytest.raises(RuleViolation, match="其他压缩文件"):
        read_rows(target.getvalue(), "名录.xlsx")


def test_a_zip_that_lies_about_its_sizes_is_refused():
    content = bytearray(bomb())
    at = content.index(b"xl/media/zeros.bin", content.index(b"PK\x01\x02")) - 46
    content[at + 24 : at + 28] = (100).to_bytes(4, "little")

    assert cells(bytes(content)) == [("单位",)]  # the lying part is never unpacked


def test_a_sheet_that_lies_about_its_size_is_refused():
    content = bytearray(workbook([["单位"]] * 50))
    at = content.index(b"xl/worksheets/sheet1.xml", content.index(b"PK\x01\x02")) - 46
    content[at + 24 : at + 28] = (100).to_bytes(4, "little")

    with pytest.raises(RuleViolation, match="已损坏"):
        read_rows(bytes(content), "名录.xlsx")


def test_too_many_texts_are_refused(monkeypatch):
    monkeypatch.setattr(guard, "LISTS", guard.Limits(strings=1))

    with pytest.raises(RuleViolation, match="文字单元格过多"):
        read_rows(repacked(workbook(), extra=[(guard.STRINGS, "<si/><si/>")]), "名录.xlsx")


@pytest.mark.parametrize("content", [bomb(), huge()])
def test_a_bomb_is_refused_before_anything_is_unpacked(content):
    started = time.process_time()

    with pytest.raises(RuleViolation):
        read_rows(content, "名录.xlsx")

    assert time.process_time() - started < 0.05


# Writing


def written(*rows, columns=None, **spec):
    columns = columns or [ColumnSpec(f"列{n}", 12) for n in range(1, len(rows[0]) + 1)]
    content = write_workbook([SheetSpec(title="前十名", columns=columns, rows=rows, **spec)])
    return load_workbook(io.BytesIO(content)).worksheets[0], content


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_a_formula(payload):
    sheet, content = written([payload], heading=payload, notes=[payload], columns=[ColumnSpec(payload, 12)])

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert [(cell.data_type, cell.quotePrefix) for (cell,) in sheet["A1:A4"]] == [("s", True)] * 4


def test_control_characters_are_left_out_and_line_breaks_stay():
    sheet, _ = written(["第一\x00行\x0b\n第二\u202e行"])

    assert sheet["A2"].value == "第一行\n第二行"


def test_numbers_and_dates_are_written_as_such():
    noon = datetime(2020, 7, 10, 4, 30, tzinfo=UTC)
    sheet, _ = written([3, Decimal("12.3456"), date(2020, 7, 1), noon, None])

    assert [cell.value for cell in sheet[2]] == [
        3,
        12.3456,
        moment(2020, 7, 1),
        moment(2020, 7, 10, 12, 30),
        None,
    ]
    assert [cell.number_format for cell in sheet[2]][2:4] == ["yyyy-mm-dd", "yyyy-mm-dd hh:mm"]


def test_columns_decide_width_format_and_alignment():
    sheet, _ = written([Decimal("1.5")], columns=[ColumnSpec("难办指数", 9, "0.00", "right")])

    assert sheet.column_dimensions["A"].width == 9
    assert (sheet["A2"].number_format, sheet["A2"].alignment.horizontal) == ("0.00", "right")


def test_heading_and_notes_stand_above_the_header_over_the_whole_width():
    sheet, _ = written(["甲", "乙"], heading="前10位科室", notes=["演示数据，非真实评议结果"])

    assert [row[0].value for row in sheet.iter_rows()] == [
        "前10位科室",
        "演示数据，非真实评议结果",
        "列1",
        "甲",
    ]
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:B1", "A2:B2"}


def test_a_sheet_prints_on_a4_one_page_wide_with_its_header_on_every_page():
    sheet, _ = written(["甲"], heading="前10位科室", landscape=False)

    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.print_title_rows, sheet.freeze_panes, sheet.auto_filter.ref) == ("$2:$2", "A3", None)


def test_a_sheet_title_that_excel_forbids_is_made_possible():
    content = write_workbook(
        [SheetSpec(title="2020/上半年:前[10]" + "位" * 40, columns=[ColumnSpec("列", 9)], rows=[])]
    )

    assert load_workbook(io.BytesIO(content)).sheetnames == [("2020_上半年_前_10_" + "位" * 40)[:31]]


def test_a_row_of_the_wrong_length_raises():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        written(["甲"], columns=[ColumnSpec("列1", 9), ColumnSpec("列2", 9)])


def test_what_was_written_reads_back_the_same():
    _, content = written(["能源科", 3, date(2020, 7, 1)])

    assert cells(content)[1] == ("能源科", "3", "2020-07-01")


def test_a_row_is_high_enough_for_its_wrapped_text():
    columns = [ColumnSpec("位次", 6), ColumnSpec("主要问题", 21)]
    rows = [[1, "短"], [2, "长" * 27], [3, "一\n二\n三"], [4, "长" * 30_000], [5, None]]

    book = load_workbook(io.BytesIO(write_workbook([SheetSpec("前十名", columns, rows)])))

    heights = [book.active.row_dimensions[row].height for row in range(2, 7)]
    assert heights == [20, 48, 48, 409, 20]


def test_characters_that_no_xml_holds_are_left_out():
    book = load_workbook(
        io.BytesIO(write_workbook([SheetSpec("表", [ColumnSpec("列", 9)], [["前\uffff\ufffe\U0001fffe后"]])]))
    )

    assert book.active["A2"].value == "前后"


class TestTheChildProcess:
    """Workbooks are read in a child process, whose failures become refusals."""

    def test_the_limits_are_set_before_the_file_is_opened(self):
        program = "import resource, sys; from nanchuan_eval.spreadsheets import child; child.main(); "
        program += "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])"
        done = subprocess.run(
            [sys.executable, "-c", program], input=workbook([["单位"]]), capture_output=True, check=True
        )
        assert done.stdout.endswith(f"{child.MOST_MEMORY} {child.MOST_SECONDS}\n".encode())

    def test_a_child_that_dies_is_a_refusal(self, monkeypatch):
        monkeypatch.setattr(reading.sys, "executable", "/bin/false")
        with pytest.raises(RuleViolation, match="过于复杂"):
            read_rows(workbook([["单位"]]), "名录.xlsx")

    def test_a_child_that_takes_too_long_is_a_refusal(self, monkeypatch):
        monkeypatch.setattr(reading, "MOST_SECONDS", 0.01)
        with pytest.raises(RuleViolation, match="过于复杂"):
            read_rows(workbook([["单位"]]), "名录.xlsx")

    def test_a_refusal_in_the_child_reaches_the_person_in_full(self):
        content = workbook([["单位"], ["=1+1"], ["=2+2"]])
        with pytest.raises(RuleViolation) as refusal:
            read_rows(content, "名录.xlsx")
        assert len(refusal.value.reasons) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "正文", "a\x01b", ""])
def test_a_streamed_text_stays_text(text):
    target = io.BytesIO()

    stream_workbook(target, "行", ["列", "数"], [[text, 7], [None, 8]])

    sheet = load_workbook(target)["行"]
    assert sheet["A2"].data_type in {"s", "n"}  # an empty text is an empty cell
    assert (sheet["A2"].value or "") == text.replace("\x01", "").replace("\t", "")
    assert (sheet["B2"].value, sheet["B3"].value) == (7, 8)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("姓名,手机号,办过事的科室\n甲,1,D1;D2;D3;D4\n", ("姓名", "手机号", "办过事的科室")),
        ("姓名;手机号;备注\n甲;1;一,二,三,四\n", ("姓名", "手机号", "备注")),
        ("2026年上半年名单\n姓名\t手机号\n甲,乙,丙\t1\n", ("姓名", "手机号")),
        ("附件1,南川区,拟任用人员名单\n姓名;单位;日期\n甲;乙;2026-12-1\n", ("姓名", "单位", "日期")),
        ("姓名，手机号\n甲，1\n", ("姓名", "手机号")),
    ],
)
def test_the_delimiter_is_judged_by_the_header_line(text, cells):
    assert cells in [row.cells for row in read_rows(text.encode(), "名单.csv")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"])
def test_a_csv_file_may_have_any_usual_encoding(encoding):
    text = "姓名,手机号\n张三,13800000001\n"
    if encoding == "gb18030":
        text += "𬭎䶮𠅤,13800000002\n"
    assert read_rows(text.encode(encoding), "名单.csv")[1].cells == ("张三", "13800000001")


def test_characters_of_the_private_use_area_of_gbk_become_those_of_unicode():
    assert read_rows("姓名,手机号\n张\ue863,1\n".encode("gb18030"), "名单.csv")[1].cells[0] == "张䶮"


def test_a_number_shown_otherwise_is_marked():
    def edit(sheet):
        sheet["A1"].number_format = "0.00"
        sheet["B1"].number_format = "0.00"
        sheet["D1"].number_format = '"D"000'

        sheet["F1"].number_format = "0.0_ "
        sheet["G1"].number_format = r"0.0_);[Red]\(0.0\)"

    (row,) = read_rows(workbook([(2019.1, 2019.11, 2019.1, 7, 42, 2027.12, 2027.12)], edit=edit), "名录.xlsx")
    assert row.cells == ("2019.1", "2019.11", "2019.1", "7", "42", "2027.12", "2027.12")
    assert row.doubtful == ((0, "2019.10"), (2, "2019.10"), (3, "D007"), (5, "2027.1"), (6, "2027.1"))


def test_hidden_and_crossed_out_rows_are_marked():
    def edit(sheet):
        sheet.row_dimensions[2].hidden = True
        for cell in sheet[3]:
            cell.font = Font(strike=True)
        sheet["A4"].font = Font(strike=True)

    rows = read_rows(workbook([("甲", "1"), ("乙", "2"), ("丙", "3"), ("丁", "4")], edit=edit), "名录.xlsx")
    assert [row.is_hidden for row in rows] == [False, True, False, False]
    assert [row.is_struck for row in rows] == [False, False, True, True]


def test_rows_without_height_or_number_are_hidden_too():
    part = (
        b'<row r="2" ht="0" customHeight="1"><c/></row><row><c/></row><row hidden="1"/><row r="9" hidden="0" ht="9"/>'
    )
    assert reading._hidden_rows(part) == {2, 4}


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def with_shared_string(runs):
    """Return a workbook as Excel writes it, with one cell whose text stands in the shared strings."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    names = {"worksheet": "worksheets/sheet1", "sharedStrings": "sharedStrings"}
    types = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{kind}.{part}+xml"/>' for part, name in names.items()
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/{part}" Target="{name}.xml"/>'
        for n, (part, name) in enumerate(names.items())
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r0" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="名单" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si>{runs}</si></sst>',
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in parts.items():
            target.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return content.getvalue()


@pytest.mark.parametrize("strike", ["<strike/>", ""])
def test_a_text_crossed_out_in_part_is_marked(strike):
    runs = f"<r><t>陈刚</t></r><r><rPr>{strike}<sz val='11'/></rPr><t>李四</t></r>"
    (row,) = read_rows(with_shared_string(runs), "名单.xlsx")
    assert row.cells == ("陈刚李四",)
    assert row.is_struck is bool(strike)


def test_a_csv_file_cannot_tell_january_from_a_lost_zero():
    assert read_rows("姓名,日期\n甲,2027.1\n乙,2027.10\n丙,2027-1\n".encode(), "名单.csv")[1].doubtful == (
        (1, "2027.10"),
    )


def test_a_hidden_sheet_is_not_read_but_named():
    book = Workbook()
    book.active.append(("甲",))
    book.create_sheet("旧").append(("乙",))
    book["旧"].sheet_state = "hidden"
    assert [(row.sheet, row.cells, row.in_hidden_sheet) for row in read_rows(saved(book), "名录.xlsx")] == [
        ("Sheet", ("甲",), False),
        ("旧", ("",), True),
    ]


def with_part(content, name, old, new):
    """Return a workbook with a text of one of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        parts = {part: source.read(part) for part in source.namelist()}
    parts[name] = parts[name].replace(old.encode(), new.encode())
    changed = io.BytesIO()
    with zipfile.ZipFile(changed, "w") as target:
        for part, text in parts.items():
            target.writestr(part, text)
    return changed.getvalue()


def test_a_strict_workbook_is_answered_with_how_to_save_it():
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strict = with_part(workbook([("甲",)]), "xl/workbook.xml", main, "http://purl.oclc.org/ooxml/spreadsheetml/main")
    with pytest.raises(RuleViolation, match="另存为“Excel 工作簿"):
        read_rows(strict, "名录.xlsx")


@pytest.mark.parametrize(
    ("number_format", "text"),
    [
        ("yyyy-mm-dd", "2026-12-01"),
        ('yyyy"年"m"月"', "2026-12"),
        ("[$-804]yyyy/m;@", "2026-12"),
        ("mmm-yy", "2026-12"),
        ('m"月"d"日"', "2026-12-01"),
        ("d-mmm-yy", "2026-12-01"),
        ("yyyy/m/d h:mm", "2026-12-01"),
    ],
)
def test_a_month_typed_as_such_stays_a_month(number_format, text):
    def edit(sheet):
        sheet["A1"].number_format = number_format

    (row,) = read_rows(workbook([(date(2026, 12, 1),)], edit=edit), "名单.xlsx")
    assert row.cells == (text,)


def test_another_day_shown_as_a_month_may_be_either():
    def edit(sheet):
        sheet["A1"].number_format = "yyyy-mm"

    (row,) = read_rows(workbook([(date(2026, 12, 15),)], edit=edit), "名单.xlsx")
    assert row.cells == ("2026-12-15",)
    assert row.doubtful == ((0, "2026-12"),)


@pytest.mark.parametrize("content", [b" \n\n\t\n", b"\r\n\r\n"])
def test_a_text_of_blank_lines_has_no_cells(content):
    """The refusal that there is nothing in it is the list's."""
    assert not any(cell for row in read_rows(content, "名单.csv") for cell in row.cells)


@pytest.mark.parametrize(
    ("number_format", "other"),
    [
        ('m"月"', "12月"),
        ("mmm", "12月"),
        ('[$-804]m"月"', "12月"),
        ("yyyy", "2026年"),
        ('yyyy"年"', "2026年"),
        ("dddd", "“dddd”格式的内容"),
        ("h:mm", "“h:mm”格式的内容"),
        ('"2027年"m"月"d"日"', '“"2027年"m"月"d"日"”格式的内容'),
    ],
)
def test_a_day_that_is_not_shown_whole_may_be_another(number_format, other):
    def edit(sheet):
        sheet["A1"].number_format = number_format

    (row,) = read_rows(workbook([(date(2026, 12, 1),)], edit=edit), "名单.xlsx")
    assert row.doubtful == ((0, other),)
