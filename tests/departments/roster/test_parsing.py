"""Reading the roster from untidy files: it works, or fails with sheet, row and reason."""

from datetime import date

import pytest
from openpyxl import Workbook

from departments.roster.rules.parsing import MOST_SECTIONS, parse_roster
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.core.faults import summed_up
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.spreadsheets import Row, read_rows
from tests.departments.roster.files import HEADER, ROWS, csv_text, roster, saved, xlsx

CODES = ["D01-01", "D01-02", "D02-01"]


def parsed(content, filename="名录.xlsx"):
    return parse_roster(read_rows(content, filename)).rows


def faults(content, filename="名录.xlsx"):
    with pytest.raises(TableError) as refusal:
        parsed(content, filename)
    return tuple(summed_up(refusal.value.faults))


def codes(rows):
    return [row.section_code for row in rows]


def test_a_tidy_workbook_gives_its_sections_in_order():
    rows = parsed(roster())

    assert codes(rows) == CODES
    assert rows[0].head_since == date(2019, 3, 1)
    assert (rows[0].department_kind, rows[0].service_kind) == ("administrative", "approval")


def test_merged_department_cells_hold_for_all_their_rows():
    def merge(sheet):
        for column in "ABC":
            sheet.merge_cells(f"{column}2:{column}3")

    rows = parsed(xlsx(HEADER, ROWS[0], (None, None, None, *ROWS[1][3:]), ROWS[2], edit=merge))

    assert [row.department_code for row in rows] == ["D01", "D01", "D02"]


def test_empty_department_cells_are_carried_down_in_csv():
    rows = parsed(csv_text(rows=(ROWS[0], ("", "", "", *ROWS[1][3:]), ROWS[2])).encode(), "名录.csv")

    assert [row.department_name for row in rows] == ["发改委", "发改委", "公安局"]


def test_a_repeated_department_name_alone_is_enough():
    rows = parsed(xlsx(HEADER, ROWS[0], ("", "发改委", "", *ROWS[1][3:])))

    assert [row.department_code for row in rows] == ["D01", "D01"]


def test_a_row_that_repeats_its_department_keeps_its_own_values():
    contradicting = ("", "", "事业单位", *ROWS[1][3:])

    assert faults(xlsx(HEADER, ROWS[0], contradicting)) == ("工作表“名录”第3行：单位代码“D01”前后的“单位性质”不一致。",)


def test_the_first_row_has_no_department_above_it():
    assert faults(xlsx(HEADER, ("", "", "", *ROWS[0][3:]))) == (
        "工作表“名录”第2行：“单位代码”为空，请填写。",
        "工作表“名录”第2行：“单位”为空，请填写。",
        "工作表“名录”第2行：“单位性质”为空，请填写。",
    )


def test_another_department_without_code_is_not_taken_for_the_one_above():
    assert faults(xlsx(HEADER, ROWS[0], ("", "公安局", "行政部门", *ROWS[2][3:]))) == (
        "工作表“名录”第3行：“单位代码”为空，请填写。",
    )


def test_title_rows_above_the_header_are_passed_over():
    title = ("南川区评议对象名录",)

    assert codes(parsed(xlsx(title, (), ("填表单位：评议办",), HEADER, *ROWS))) == CODES


def test_the_header_repeated_on_a_later_page_is_passed_over():
    assert codes(parsed(xlsx(HEADER, ROWS[0], HEADER, *ROWS[1:]))) == CODES


def test_several_sheets_are_one_roster():
    book = Workbook()
    for name, rows in (("机关", ROWS[:2]), ("公安", ROWS[2:])):
        sheet = book.create_sheet(name)
        for row in (HEADER, *rows):
            sheet.append(row)
    del book["Sheet"]

    assert codes(parsed(saved(book))) == CODES


def test_faults_of_all_sheets_are_named_at_once():
    book = Workbook()
    book.active.title = "机关"
    for row in (HEADER, ("D01", "发改委", "机关", *ROWS[0][3:])):
        book.active.append(row)
    book.create_sheet("说明").append(("填表说明", "请如实填写"))

    assert faults(saved(book)) == (
        "工作表“机关”第2行：“单位性质”的“机关”无法识别，应为：行政部门、事业单位、公用企业。",
        "工作表“说明”：前20行里找不到表头，应有“单位代码”、“单位”、“单位性质”、“科室代码”、“科室”、“服务类型”各列。"
        "请核对表头；这张工作表不是名单的，请先删除。",
    )


def test_blanks_at_the_ends_do_not_matter_half_or_full_width():
    rows = parsed(
        roster((0, "单位", "　发改委 "), (1, "科室代码", " D01-02　"), (1, "服务类型", "\u00a0行政服务\u200b"))
    )

    assert rows[0].department_name == "发改委"
    assert rows[1].section_code == "D01-02"


def test_headings_may_be_broken_spaced_or_starred():
    header = ("单位\n代码", "单 位", "单位性质*", "科室　代码", "科室", "服务类型", "负责人", "任职时间")

    assert codes(parsed(roster(header=header))) == CODES


def test_a_code_that_comes_twice_is_refused_with_both_rows():
    assert faults(roster((1, "科室代码", "D01-01"))) == (
        "工作表“名录”第3行：科室代码“D01-01”与工作表“名录”第2行重复。",
    )


def test_a_name_that_comes_twice_in_a_department_is_refused_with_both_rows():
    assert faults(roster((1, "科室", "价格科"))) == (
        "工作表“名录”第3行：“发改委”的科室“价格科”与工作表“名录”第2行重复。",
    )


def test_empty_rows_are_passed_over_and_counted():
    rows = xlsx(HEADER, ROWS[0], (), (None, "  ", "　"), ("D02", "公安局", "行政部门", "", *ROWS[2][4:]))

    assert faults(rows) == ("工作表“名录”第5行：“科室代码”为空，请填写。",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_csv_is_read_in_every_usual_encoding(encoding):
    assert codes(parsed(csv_text().encode(encoding), "名录.csv")) == CODES


def test_a_csv_may_be_separated_by_tabs():
    assert codes(parsed(csv_text(delimiter="\t").encode("gbk"), "名录.CSV")) == CODES


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_a_csv_may_be_separated_by_semicolons(encoding):
    rows = (ROWS[0], (*ROWS[1][:6], "李四,代", "2018-05-01"), ROWS[2])

    read = parsed(csv_text(rows=rows, delimiter=";").encode(encoding), "名录.csv")

    assert codes(read) == CODES
    assert read[1].head_name == "李四,代"


def test_codes_and_dates_typed_in_full_width_are_taken_in_half_width():
    rows = parsed(
        roster(
            (0, "单位代码", "Ｄ０１"),
            (0, "科室代码", "Ｄ０１－０１"),
            (1, "科室代码", "D01—02"),
            (0, "任职日期", "２０１９／３／１"),
        )
    )

    assert codes(rows) == CODES
    assert rows[0].department_code == "D01"
    assert rows[0].head_since == date(2019, 3, 1)


def test_a_code_twice_once_in_full_width_is_still_twice():
    assert "重复" in faults(roster((1, "科室代码", "Ｄ０１－０１")))[0]


def test_a_name_keeps_its_full_width_brackets():
    assert parsed(roster((0, "科室", "价格科（收费）")))[0].section_name == "价格科（收费）"


def test_a_column_that_comes_twice_is_refused_with_sheet_row_and_columns():
    twice = xlsx(("名录",), (*HEADER, "备注", "科室代码", "备注"), *ROWS)

    assert faults(twice) == (
        "工作表“名录”：第2行的表头有几列都是“科室代码”：“科室代码”（D列）、“科室代码”（J列），请只留一列。",
    )


def test_a_far_column_is_named_as_the_spreadsheet_program_does():
    assert "“单位代码”（AB列）" in faults(xlsx((*HEADER, *[""] * 19, "单位代码"), *ROWS))[0]


def test_many_equal_faults_are_summed_up():
    rows = [("D01", "发改委", "行政部门", f"D01/{n}", f"第{n}科", "行政审批") for n in range(105)]
    rows.append(("D01", "发改委", "行政部门", "D01-200", "综合科", "审批"))

    first, *others = faults(xlsx(HEADER, *rows))

    assert first == "工作表“名录”第2行：“科室代码”只能用字母、数字和短横线：D01/0"
    assert len(others) == 6
    assert others[-2] == (
        "另有100处同样的问题（“科室代码”只能用字母、数字和短横线），到工作表“名录”第106行为止，不再一一列出。"
    )
    assert others[-1].startswith("工作表“名录”第107行：“服务类型”的“审批”无法识别")


def test_missing_columns_are_named():
    header = tuple(name for name in HEADER if name not in ("单位性质", "服务类型"))

    assert faults(xlsx(header, ("D01", "发改委", "D01-01", "价格科"))) == (
        "工作表“名录”：第1行的表头缺少“单位性质”、“服务类型”列，请补上。",
    )


@pytest.mark.parametrize(
    ("heading", "value", "reason"),
    [
        ("服务类型", "审批", "“服务类型”的“审批”无法识别，应为：行政审批、行政服务、行政执法、公用事业。"),
        ("单位性质", "党委部门", "“单位性质”的“党委部门”无法识别，应为：行政部门、事业单位、公用企业。"),
        ("科室", "", "“科室”为空，请填写。"),
        ("科室", "长" * 61, f"“科室”超过60字：{'长' * 20}…"),
        ("科室负责人", "名" * 41, f"“科室负责人”超过40字：{'名' * 20}…"),
        ("科室代码", "D01/01", "“科室代码”只能用字母、数字和短横线：D01/01"),
        ("科室代码", "丁０１", "“科室代码”只能用字母、数字和短横线：丁０１"),
        ("科室代码", "D" * 21, f"“科室代码”超过20字：{'D' * 20}…"),
        ("任职日期", "去年", "“任职日期”的“去年”不是日期，请按“2019-03-01”的格式填写。"),
        ("任职日期", "2019-02-30", "“任职日期”的“2019-02-30”不是日期，请按“2019-03-01”的格式填写。"),
        ("任职日期", "19-3-1", "“任职日期”的“19-3-1”不是日期，请按“2019-03-01”的格式填写。"),
        ("任职日期", "2019-3-1-1", "“任职日期”的“2019-3-1-1”不是日期，请按“2019-03-01”的格式填写。"),
        ("任职日期", 43525, "“任职日期”的“43525”不是日期，请按“2019-03-01”的格式填写。"),
        ("任职日期", "9" * 5000, f"“任职日期”超过300字：{'9' * 20}…"),
        ("科室负责人", "", "填了任职日期，没有填科室负责人。"),
    ],
)
def test_a_wrong_cell_is_named_with_sheet_row_and_reason(heading, value, reason):
    assert faults(roster((0, heading, value))) == (f"工作表“名录”第2行：{reason}",)


@pytest.mark.parametrize(
    "value", ["2019年3月1日", "2019/3/1", "2019.03.01", "2019-03", "2019年3月", "2019.3", date(2019, 3, 1)]
)
def test_a_date_may_be_written_as_people_write_it(value):
    assert parsed(roster((0, "任职日期", value)))[0].head_since == date(2019, 3, 1)


@pytest.mark.parametrize(("heading", "value"), [("单位", "发展改革委"), ("单位性质", "事业单位"), ("单位代码", "D09")])
def test_a_department_may_not_contradict_itself(heading, value):
    (fault,) = faults(roster((1, heading, value)))

    assert fault.startswith("工作表“名录”第3行：") and "不一致" in fault


@pytest.mark.parametrize("column", ["垂直管理", "主要领导", "分管领导", "上级主管单位"])
def test_a_department_value_given_once_holds_for_all_its_rows(column):
    values = ("是", "否") if column == "垂直管理" else ("甲", "乙")
    rows = [(*row, value) for row, value in zip(ROWS, values, strict=False)]

    assert faults(xlsx((*HEADER, column), *rows)) == (f"工作表“名录”第3行：单位代码“D01”前后的“{column}”不一致。",)


@pytest.mark.parametrize(
    ("text", "meaning"), [("是", True), ("√", True), (True, True), ("否", False), (0, False), ("", None)]
)
def test_vertical_management_is_yes_no_or_left_open(text, meaning):
    assert parsed(xlsx((*HEADER, "垂直管理"), (*ROWS[0], text)))[0].is_vertical is meaning


def test_vertical_management_takes_no_other_word():
    assert faults(xlsx((*HEADER, "垂直管理"), (*ROWS[0], "部分"))) == (
        "工作表“名录”第2行：“垂直管理”的“部分”无法识别，应为：是、否。",
    )


def test_numbers_serve_as_codes():
    rows = parsed(roster((2, "单位代码", 12), (2, "科室代码", 1201.0)))

    assert (rows[2].department_code, rows[2].section_code) == ("12", "1201")


def test_a_number_shown_with_leading_zeros_keeps_them():
    def show(sheet):
        sheet["D2"] = 101
        sheet["D2"].number_format = "00000"

    assert parsed(xlsx(HEADER, *ROWS, edit=show))[0].section_code == "00101"


def test_formulas_are_refused_with_sheet_and_row():
    with pytest.raises(RuleViolation, match="工作表“名录”第3行：含有公式"):
        parsed(roster((1, "科室", "=D2")))


def test_every_fault_of_a_file_is_named():
    found = faults(roster((0, "服务类型", "审批"), (1, "科室", ""), (2, "任职日期", "去年")))

    assert [fault.partition("：")[0] for fault in found] == [f"工作表“名录”第{n}行" for n in (2, 3, 4)]


@pytest.mark.parametrize("rows", [(), (HEADER,)])
def test_a_file_without_sections_is_refused(rows):
    assert faults(xlsx(*rows)) == ("文件中没有科室，请核对文件内容。",)


def test_more_sections_than_a_district_has_are_refused():
    rows = [Row("名录", 1, HEADER)] + [
        Row("名录", n, (*ROWS[0][:3], f"D01-{n}", f"第{n}科", "行政审批")) for n in range(2, MOST_SECTIONS + 3)
    ]

    with pytest.raises(TableError, match="超过5000个"):
        parse_roster(rows)


def test_english_column_names_are_known():
    text = (
        "department_code,department_name,department_kind,section_code,section_name,service_kind,source\n"
        "D01,发改委,行政部门,D01-01,价格和收费管理科,行政审批,article\n"
        "D01,发改委,行政部门,D01-02,固定资产投资科,行政审批,illustrative\n"
        "D02,教委,行政部门,D02-01,基础教育科,行政服务,illustrative\n"
    )

    assert codes(parsed(text.encode(), "roster.csv")) == CODES
