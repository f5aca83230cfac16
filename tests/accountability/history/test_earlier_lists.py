"""Lists published before the system, read from the rows of a file."""

from datetime import date

import pytest

from accountability.history.rules.earlier_lists import COLUMNS, EarlierEntry, parse_earlier_lists
from nanchuan_eval.lists.rules.tables import TableError
from nanchuan_eval.spreadsheets import Row

TODAY = date(2026, 3, 2)
LABELS = [column.label for column in COLUMNS]
GOOD = {
    "轮次代码": "2019H2",
    "轮次名称": "2019年下半年",
    "评议期起": "2019-07-01",
    "位次": "3",
    "单位": "发改委",
    "科室": "价格科",
    "主要问题": "冷",
}
ENTRY = EarlierEntry("工作表“榜单”第2行", "2019H2", "2019年下半年", date(2019, 7, 1), 3, "发改委", "价格科", "冷")


def parse(*changes, header=LABELS, headings=None):
    """Parse a header and one row for each set of changes to a good row; `headings` = the header as written."""
    lines = [[{**GOOD, **change}[name] for name in header] for change in changes]
    rows = [Row("榜单", n, tuple(cells)) for n, cells in enumerate([headings or header, *lines], start=1)]
    return list(parse_earlier_lists(rows, TODAY).entries)


def faults(*changes, **given):
    with pytest.raises(TableError) as refusal:
        parse(*changes, **given)
    return list(map(str, refusal.value.faults))


def test_a_row_becomes_an_entry_whatever_the_order_of_the_columns():
    assert parse({}) == parse({}, header=LABELS[::-1]) == [ENTRY]


@pytest.mark.parametrize(
    "headings",
    [
        ["轮次", "轮次名称", "起始日期", "名次", "单位名称", "科室名称", "存在问题"],
        ["轮次代码*", "评议轮次", "评议期", "排　名", "部门", "股室", "问题（摘要）"],
    ],
)
def test_headings_may_be_those_that_people_use(headings):
    assert parse({}, headings=headings) == [ENTRY]


@pytest.mark.parametrize("written", ["2019/7/1", "2019.7.1", "2019年7月1日", "2019年7月", "20190701", "2019－07－01"])
def test_days_and_months_are_read_as_people_write_them(written):
    assert parse({"评议期起": written}) == [ENTRY]


def test_the_main_problems_may_be_missing():
    assert parse({}, header=LABELS[:-1])[0].problems == ""


@pytest.mark.parametrize("column", LABELS[:-1])
def test_every_other_column_is_needed(column):
    header = [name for name in LABELS if name != column]

    assert faults({}, header=header) == [f"工作表“榜单”：第1行的表头缺少“{column}”列，请补上。"]
    assert faults({column: " "}) == [f"工作表“榜单”第2行：“{column}”为空，请填写。"]


def test_a_file_without_entries_is_refused():
    assert faults() == ["文件中没有上榜科室，请核对文件内容。"]


def test_all_faults_are_reported_at_once_with_their_rows():
    assert faults({"科室": ""}, {}, {"位次": "三"}) == [
        "工作表“榜单”第2行：“科室”为空，请填写。",
        "工作表“榜单”第4行：“位次”的“三”不是整数，请核对。",
    ]


@pytest.mark.parametrize("rank", ["1", "1000", "３", "3.0"])
def test_a_rank_is_a_number_from_1_to_1000(rank):
    assert parse({"位次": rank})[0].rank in {1, 3, 1000}


@pytest.mark.parametrize("rank", ["0", "1001"])
def test_other_numbers_are_no_ranks(rank):
    assert faults({"位次": rank}) == [f"工作表“榜单”第2行：“位次”的“{rank}”不是1到1000的整数，请核对。"]


@pytest.mark.parametrize(("written", "day"), [("2031-01-01", "2031年1月1日"), ("2026.3.3", "2026年3月3日")])
def test_a_round_that_has_not_begun_is_no_earlier_one(written, day):
    assert faults({"评议期起": written}) == [
        f"工作表“榜单”第2行：“评议期起”{day}晚于今天，往期上榜名单是已经公布的，请核对。"
    ]
    assert len(parse({"评议期起": "2026-03-02"})) == 1


@pytest.mark.parametrize(
    ("column", "most"), [("轮次代码", 20), ("轮次名称", 40), ("单位", 60), ("科室", 60), ("主要问题", 300)]
)
def test_a_text_has_its_greatest_length(column, most):
    assert len(parse({column: "长" * most})) == 1
    assert f"“{column}”超过{most}字" in faults({column: "长" * (most + 1)})[0]


@pytest.mark.parametrize("change", [{"轮次名称": "别的名称"}, {"评议期起": "2019-08-01"}])
def test_the_rows_of_a_round_agree_on_its_name_and_period(change):
    other = {"科室": "收费科"}

    assert len(parse({}, other)) == 2
    (fault,) = faults({}, {**other, **change})
    assert fault.startswith("工作表“榜单”第3行：轮次“2019H2”的")
    assert "工作表“榜单”第2行写的是" in fault
    assert len(parse({}, {**other, **change, "轮次代码": "2019H1"})) == 2


def test_spellings_of_one_round_are_one_round():
    entries = parse({}, {"科室": "收费科", "轮次代码": "２０１９ｈ２", "轮次名称": "2019 年 下半年"})

    assert {(entry.key, entry.name) for entry in entries} == {("2019H2", "2019年下半年")}


@pytest.mark.parametrize("again", [{}, {"科室": "价 格 科"}, {"单位": "发　改委", "位次": "4"}])
def test_a_section_is_listed_once_a_round_however_it_is_written(again):
    (fault,) = faults({}, again)

    assert fault.startswith("工作表“榜单”第3行：轮次“2019H2”的“")
    assert fault.endswith("与工作表“榜单”第2行是同一科室，请只留一行。")
    assert len(parse({}, {**again, "轮次代码": "2019H1"})) == 2
