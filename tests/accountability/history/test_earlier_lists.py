"""Lists published before the system, read from the rows of a workbook."""

from datetime import date

import pytest

from accountability.history.rules.earlier_lists import COLUMNS, EarlierEntry, EarlierListError, parse_earlier_lists

GOOD = {
    "轮次代码": "2019H2",
    "轮次名称": "2019年下半年",
    "评议期起": "2019-07-01",
    "位次": "3",
    "单位": "发改委",
    "科室": "价格科",
    "主要问题": "冷",
}
ENTRY = EarlierEntry("2019H2", "2019年下半年", date(2019, 7, 1), 3, "发改委", "价格科", "冷")


def parse(*changes, header=COLUMNS):
    """Parse a header and one row for each set of changes to a good row."""
    rows = [[{**GOOD, **change}[name] for name in header] for change in changes]
    return parse_earlier_lists(list(enumerate([header, *rows], start=1)))


def faults(*changes, **given):
    with pytest.raises(EarlierListError) as refusal:
        parse(*changes, **given)
    assert str(refusal.value) == "\n".join(refusal.value.faults)
    return list(refusal.value.faults)


def test_a_row_becomes_an_entry_whatever_the_order_of_the_columns():
    assert parse({}) == parse({}, header=COLUMNS[::-1]) == [ENTRY]


def test_blanks_around_a_cell_are_dropped():
    assert parse({name: f" {text} " for name, text in GOOD.items()}) == [ENTRY]


def test_the_main_problems_may_be_missing():
    without = EarlierEntry("2019H2", "2019年下半年", date(2019, 7, 1), 3, "发改委", "价格科")

    assert parse({}, header=COLUMNS[:-1]) == [without]
    assert parse_earlier_lists([(1, COLUMNS), (2, list(GOOD.values())[:-1])]) == [without]


@pytest.mark.parametrize("column", COLUMNS[:-1])
def test_every_other_column_is_needed(column):
    header = [name for name in COLUMNS if name != column]

    assert faults({}, header=header) == [f"第1行表头缺少：{column}。"]
    assert faults({column: " "}) == [f"第2行：{column}为空。"]


def test_a_file_without_rows_or_entries_is_refused():
    with pytest.raises(EarlierListError, match="第1行表头缺少：轮次代码、轮次名称、评议期起、位次、单位、科室。"):
        parse_earlier_lists([])
    assert faults() == ["文件里没有上榜科室。"]


def test_all_faults_are_reported_at_once_with_their_rows():
    assert faults({"科室": ""}, {}, {"位次": "0"}) == ["第2行：科室为空。", "第4行：位次“0”不是1到1000的整数。"]


@pytest.mark.parametrize("rank", ["1", "1000"])
def test_a_rank_is_a_number_from_1_to_1000(rank):
    assert parse({"位次": rank})[0].rank == int(rank)


@pytest.mark.parametrize("rank", ["0", "1001", "-1", "1.5", "三", "３", "²"])
def test_any_other_rank_is_refused(rank):
    assert faults({"位次": rank}) == [f"第2行：位次“{rank}”不是1到1000的整数。"]


@pytest.mark.parametrize("start", ["2019-13-01", "2019年7月1日"])
def test_the_start_of_the_period_is_a_date(start):
    assert faults({"评议期起": start}) == [f"第2行：评议期起“{start}”不是日期，应写成 2019-07-01。"]


@pytest.mark.parametrize(
    ("column", "most"), [("轮次代码", 20), ("轮次名称", 40), ("单位", 60), ("科室", 60), ("主要问题", 300)]
)
def test_a_text_has_its_greatest_length(column, most):
    assert len(parse({column: "长" * most})) == 1
    assert faults({column: "长" * (most + 1)}) == [f"第2行：{column}太长。"]


def test_all_texts_too_long_are_named_in_one_sentence():
    assert faults({"单位": "长" * 61, "主要问题": "长" * 301}) == ["第2行：单位、主要问题太长。"]


@pytest.mark.parametrize("change", [{"轮次名称": "别的名称"}, {"评议期起": "2019-08-01"}])
def test_the_rows_of_a_round_agree_on_its_name_and_period(change):
    other = {"科室": "收费科"}

    assert len(parse({}, other)) == 2
    assert faults({}, {**other, **change}) == ["轮次“2019H2”的名称或评议期起前后不一致。"]
    assert len(parse({}, {**other, **change, "轮次代码": "2019H1"})) == 2


def test_a_section_is_listed_once_a_round():
    assert faults({}, {"位次": "4"}) == ["轮次“2019H2”中发改委价格科出现了两次。"]
    assert len(parse({}, {"轮次代码": "2019H1"}, {"单位": "税务局"})) == 3
