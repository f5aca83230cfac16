"""The one reader of lists: header, columns, cells, and what is pointed out or refused."""

import pytest

from nanchuan_eval.lists.rules.columns import Column, Kind, heading_key
from nanchuan_eval.lists.rules.tables import Carried, TableError, read_table
from nanchuan_eval.spreadsheets import Row

NAME = Column("name", "姓名", ("名字",), is_required=True, most=10)
PHONE = Column("phone", "手机号", ("手机", "联系电话"), Kind.PHONE, is_required=True)
SINCE = Column("since", "任职日期", ("任职时间",), Kind.DATE)
DEALT = Column("dealt", "办过事的科室", (), Kind.CODES)
STAYS = Column("stays", "在岗", (), Kind.CHOICE, choices={"是": True, "√": True, "否": False})
COLUMNS = (NAME, PHONE, SINCE, DEALT, STAYS)


def rows(*lines, sheet="名单", first=1):
    return [Row(sheet, number, tuple(cells)) for number, cells in enumerate(lines, start=first)]


def faults_of(lines, columns=COLUMNS):
    with pytest.raises(TableError) as caught:
        read_table(lines, columns)
    return [str(fault) for fault in caught.value.faults]


def test_the_header_is_found_below_titles_and_the_rows_are_typed():
    table = read_table(
        rows(
            ("南川区办事群众名单",),
            ("填报单位：评议办", "", "2026年"),
            ("序号", "姓名", "手机号", "任职日期", "办过事的科室", "在岗"),
            ("1", "张三", "+86 13800000001", "2019.3.1", "D01-01;D01-02", "是"),
            ("2", "李四", "13800000002", "", "", ""),
        ),
        COLUMNS,
    )

    first, second = table.records
    assert first.where == "工作表“名单”第4行"
    assert (first["name"], first["phone"]) == ("张三", "13800000001")
    assert first["since"].first.isoformat() == "2019-03-01"
    assert first["dealt"] == ("D01-01", "D01-02")
    assert first["stays"] is True
    assert [second[key] for key in ("since", "dealt", "stays")] == [None, (), ""]
    assert table.columns == {"name", "phone", "since", "dealt", "stays"}


@pytest.mark.parametrize(
    "heading",
    [
        "姓名",
        "姓　名",
        " 姓 名 ",
        "*姓名",
        "姓名*",
        "＊姓名：",
        "姓名（必填）",
        "【姓名】",
        "(姓名)",
        "姓名[1]",
        "姓名※",
    ],
)
def test_blanks_stars_and_brackets_in_a_heading_make_no_difference(heading):
    assert heading_key(heading) == "姓名"


def test_only_the_missing_columns_are_named():
    assert faults_of(rows(("姓名", "单位"), ("张三", "公安局"))) == [
        "工作表“名单”：第1行的表头缺少“手机号”列，请补上。"
    ]


def test_a_sheet_that_is_no_list_is_named():
    lines = [*rows(("姓名", "手机号"), ("张三", "13800000001")), *rows(("说明",), ("略",), sheet="Sheet2")]
    (fault,) = faults_of(lines)
    assert fault.startswith("工作表“Sheet2”：前20行里找不到表头，应有“姓名”、“手机号”各列")


@pytest.mark.parametrize(("one", "other"), [("手机号", "手机号"), ("手机号", "联系电话"), ("手 机", "手机号（新）")])
def test_two_columns_of_one_field_are_refused_by_name(one, other):
    (fault,) = faults_of(rows(("姓名", one, other), ("张三", "13800000001", "13900000001")))
    assert fault == f"工作表“名单”：第1行的表头有几列都是“手机号”：“{one}”（B列）、“{other}”（C列），请只留一列。"


def test_every_fault_is_reported_with_its_row():
    assert faults_of(
        rows(
            ("姓名", "手机号", "任职日期", "在岗"),
            ("", "13800000001", "", ""),
            ("张三", "1380", "去年", "也许"),
            ("很长很长很长很长很长的名字", "13800000002", "", ""),
        )
    ) == [
        "工作表“名单”第2行：“姓名”为空，请填写。",
        "工作表“名单”第3行：“手机号”的“1380”不是11位手机号，请核对。",
        "工作表“名单”第3行：“任职日期”的“去年”不是日期，请按“2019-03-01”的格式填写。",
        "工作表“名单”第3行：“在岗”的“也许”无法识别，应为：是、否。",
        "工作表“名单”第4行：“姓名”超过10字：很长很长很长很长很长的名字…",
    ]


def test_a_character_that_would_print_as_a_box_is_refused():
    (fault,) = faults_of(rows(("姓名", "手机号"), ("张\ue000", "13800000001")))
    assert fault == ("工作表“名单”第2行：“姓名”中有造字区的字（U+E000），打印时会成为方框，请改用规范汉字。")


def test_a_number_shown_otherwise_than_stored_is_no_date():
    header = Row("名单", 1, ("姓名", "手机号", "任职日期"))
    line = Row("名单", 2, ("张三", "13800000001", "2019.1"), doubtful=((2, "2019.10"),))
    (fault,) = faults_of([header, line])
    assert "第2行" in fault
    assert "数值2019.1，显示或者可读作2019.10" in fault


def test_hidden_and_struck_rows_and_hidden_sheets_are_pointed_out():
    table = read_table(
        [
            *rows(("姓名", "手机号")),
            Row("名单", 2, ("张三", "13800000001"), is_hidden=True),
            Row("名单", 3, ("李四", "13800000002"), is_struck=True),
            Row("旧名单", 1, ("",), in_hidden_sheet=True),
        ],
        COLUMNS,
    )

    assert len(table.records) == 2
    assert table.notices == (
        "工作表“旧名单”是隐藏的，没有读取。",
        "工作表“名单”第2行是隐藏的（或被筛选掉），已照常读取，请核对是否应当列入。",
        "工作表“名单”第3行有划了删除线的内容，已照常读取，请核对是否应当列入。",
    )


def test_the_sheets_of_the_template_are_not_read():
    lines = [
        *rows(("姓名", "手机号"), ("张三", "13800000001")),
        *rows(("姓名", "手机号"), ("例", "例"), sheet="填写示例"),
    ]
    table = read_table(lines, COLUMNS)
    assert [record["name"] for record in table.records] == ["张三"]
    assert table.notices == ("工作表“填写示例”是模板的说明，没有读取。",)


def test_a_repeated_header_and_empty_rows_are_no_rows_of_the_list():
    table = read_table(
        rows(("姓名", "手机号"), ("张三", "13800000001"), ("姓 名", "手机号"), ("", ""), ("李四", "13800000002")),
        COLUMNS,
    )
    assert [record["name"] for record in table.records] == ["张三", "李四"]


def test_merged_cells_repeat_the_row_above_while_the_group_is_the_same():
    unit, leader = Column("unit", "单位", is_required=True), Column("leader", "主要领导")
    section = Column("section", "科室", is_required=True)
    table = read_table(
        rows(
            ("单位", "主要领导", "科室"),
            ("公安局", "甲", "治安科"),
            ("", "", "户政科"),
            ("教委", "", "人事科"),
        ),
        (unit, leader, section),
        carried=Carried(by=("unit",), keys=("unit", "leader")),
    )
    assert [(r["unit"], r["leader"]) for r in table.records] == [("公安局", "甲"), ("公安局", "甲"), ("教委", "")]


def test_a_list_without_rows_is_refused():
    assert faults_of(rows(("姓名", "手机号"))) == ["文件中没有人员，请核对文件内容。"]


def test_a_second_line_of_headings_is_not_passed_over():
    (fault,) = faults_of(
        rows(("姓名", "手机号", "任用"), ("", "", "任职日期"), ("张三", "13800000001", "2019-03")),
    )
    assert fault.startswith("工作表“名单”：第2行C列的“任职日期”不能确定是不是“任职日期”，没有读取。请把表头写成一行")


def test_a_heading_of_the_same_kind_as_a_missing_column_is_asked_about():
    since = Column("since", "日期", (), Kind.DATE, kin="日期|时间")
    (fault,) = faults_of(
        rows(("姓名", "任前公示日期"), ("张三", "2019-03")), (Column("name", "姓名", is_required=True), since)
    )
    assert "第1行B列的“任前公示日期”不能确定是不是“日期”" in fault
    whole = rows(("姓名", "日期", "公示时间"), ("张三", "2019-03", "2020-01"))
    assert read_table(whole, (Column("name", "姓名", is_required=True), since)).records[0]["since"].first.year == 2019


@pytest.mark.parametrize("footer", ["合计：1人", "合计", "填表人：王五", "备注：以上人员均已核对"])
def test_what_stands_below_a_table_is_no_row_of_it(footer):
    table = read_table(rows(("姓名",), ("张三",), (footer,)), (Column("name", "姓名", is_required=True),))
    assert [record["name"] for record in table.records] == ["张三"]
    assert table.notices == (f"工作表“名单”第3行“{footer}”是表尾的说明，没有读取。",)


def test_a_text_file_without_header_is_told_about_delimiter_and_encoding():
    (fault,) = faults_of(rows(("略",), sheet="名单.csv"))
    assert fault.startswith("文件“名单.csv”：前20行里找不到表头，应有“姓名”、“手机号”各列。")
    assert fault.endswith("请核对表头、分隔符和编码（UTF-8 或 GBK），或者使用模板。")


def test_columns_that_are_not_read_are_named():
    table = read_table(rows(("序号", "姓名", "手机号", "备注"), ("1", "张三", "13800000001", "略")), COLUMNS)
    assert table.notices == ("工作表“名单”没有读取的列：“备注”。",)


def test_a_second_table_with_its_columns_elsewhere_is_refused():
    unit = Column("unit", "单位")
    lines = rows(("姓名", "单位"), ("陈刚", "公安局"), ("单位", "姓 名"), ("财政局", "李四"))
    (fault,) = faults_of(lines, (Column("name", "姓名", is_required=True), unit))
    assert fault.startswith("工作表“名单”第3行：又是一行表头，列的次序与上面的不同")


@pytest.mark.parametrize("name", ["负责人：李四", "注:李四"])
def test_a_person_with_a_remark_and_a_unit_is_no_remark_below_the_table(name):
    columns = (Column("name", "姓名", is_required=True), Column("unit", "单位"))
    table = read_table(rows(("姓名", "单位"), ("陈刚", "公安局"), (name, "财政局")), columns)
    assert [record["unit"] for record in table.records] == ["公安局", "财政局"]


@pytest.mark.parametrize("text", ["2026-05-01", "2026-05"])
def test_a_code_that_became_a_day_is_refused(text):
    (fault,) = faults_of(rows(("姓名", "手机号", "办过事的科室"), ("张三", "13800000001", text)))
    assert "像是日期" in fault


@pytest.mark.parametrize(
    "remark", [("备注", "共1个科室"), ("备注",), ("备注 共1个科室",), ("注1", "有变动"), ("说明：", "略")]
)
def test_a_remark_below_a_table_is_no_bad_code(remark):
    columns = (Column("code", "单位代码", kind=Kind.CODE, is_required=True), Column("name", "单位", is_required=True))
    columns += (Column("section", "科室", is_required=True),)

    table = read_table(rows(("单位代码", "单位", "科室", "备注"), ("D01", "发改委", "能源科", "新设"), remark), columns)

    assert [record["code"] for record in table.records] == ["D01"]
    assert any(f"“{remark[0]}”是表尾的说明" in notice for notice in table.notices)
    assert "工作表“名单”没有读取的列：“备注”。" in table.notices


def test_a_row_that_only_looks_like_a_remark_is_read():
    columns = (Column("name", "姓名", is_required=True), Column("unit", "单位", is_required=True))

    assert read_table(rows(("姓名", "单位"), ("注 安", "甲局")), columns).records[0]["name"] == "注 安"
