"""Tables sort, search and filter by what is shown; blanks stand last, and what is suppressed stays hidden."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.scoring.wording import SMALLEST_SHOWN, shown
from nanchuan_eval.core.pinyin import finds, text_key
from nanchuan_eval.tables.rules import PAGE_LENGTH, Asked, Column, Kind, arrange, choices_of, cut, read_asked

NAME = Column("name", "名称", lambda row: row["name"], is_head=True)
COUNT = Column("count", "有效票", lambda row: row["count"], Kind.NUMBER)
DAY = Column("day", "日期", lambda row: row["day"], Kind.DAY)
STATE = Column(
    "state", "状态", lambda row: row["state"], sort=lambda row: ["在办", "办结"].index(row["state"]), is_choice=True
)
COLUMNS = [NAME, COUNT, DAY, STATE]


def row(name="甲", count=0, day=None, state="在办"):
    return {"name": name, "count": count, "day": day, "state": state}


def names(rows, **asked):
    found = arrange(rows, COLUMNS, read_asked(asked, COLUMNS), text_key=text_key, finds=finds)
    return [found_row["name"] for found_row in found]


def test_chinese_sorts_by_its_sounds():
    rows = [row(name) for name in ("张三科", "婚姻登记处", "不动产科", "殡仪馆")]

    assert names(rows, sort="name") == ["殡仪馆", "不动产科", "婚姻登记处", "张三科"]
    assert names(rows, sort="-name") == ["张三科", "婚姻登记处", "不动产科", "殡仪馆"]


def test_figures_within_texts_sort_by_number():
    rows = [row(name) for name in ("10号窗口", "9号窗口", "2号窗口")]

    assert names(rows, sort="name") == ["2号窗口", "9号窗口", "10号窗口"]


def test_numbers_sort_by_number_and_blanks_last_either_way():
    rows = [row("十", 10), row("空", None), row("九", Decimal("9.5")), row("少", "少于5"), row("零", 0)]

    assert names(rows, sort="count") == ["零", "九", "十", "空", "少"]
    assert names(rows, sort="-count") == ["十", "九", "零", "空", "少"]


def test_days_sort_by_time():
    rows = [row("晚", day=date(2026, 10, 1)), row("无"), row("早", day=date(2026, 9, 30))]

    assert names(rows, sort="day") == ["早", "晚", "无"]


def test_a_workflow_sorts_by_its_steps():
    assert names([row("乙", state="办结"), row("甲")], sort="state") == ["甲", "乙"]


@pytest.mark.parametrize("order", ["state", "-state"])
def test_equal_rows_keep_their_order(order):
    assert names([row("丙"), row("甲"), row("乙")], sort=order) == ["丙", "甲", "乙"]


@pytest.mark.parametrize(
    ("typed", "found"), [("不动", ["不动产科"]), ("bdc", ["不动产科"]), ("不动 办结", []), ("", ["不动产科", "殡仪馆"])]
)
def test_all_terms_must_be_found_in_what_is_shown(typed, found):
    assert names([row("不动产科"), row("殡仪馆", state="办结")], q=typed) == found


def test_filters_go_by_the_value_shown():
    rows = [row("甲"), row("乙", state="办结")]

    assert names(rows, state="办结") == ["乙"]
    assert names(rows, state="没有这种状态") == []
    assert choices_of(rows[::-1], STATE, text_key) == ["在办", "办结"]


@pytest.mark.parametrize("order", ["nothing", "-", "--count", "count desc"])
def test_unknown_orders_are_ignored(order):
    assert read_asked({"sort": order}, COLUMNS).order == ""


@pytest.mark.parametrize(
    ("page", "shown_page"), [("", 1), ("0", 1), ("-3", 1), ("2", 2), ("99", 3), ("x", 1), ("9" * 30, 1)]
)
def test_pages_stay_within_what_there_is(page, shown_page):
    assert cut(2 * PAGE_LENGTH + 1, read_asked({"page": page}, COLUMNS)) == (shown_page, 3)


def test_two_tables_of_a_page_have_parameters_of_their_own():
    query = {"sort": "name", "units-sort": "-count"}

    assert read_asked(query, COLUMNS, "units-").order == "-count"
    assert read_asked(query, COLUMNS).order == "name"


@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=12),
    st.lists(st.integers(1, SMALLEST_SHOWN - 1), min_size=12, max_size=12),
    st.sampled_from(["", "count", "-count", "name"]),
    st.sampled_from(["", "1", "2", "3", "4", "少于5"]),
)
def test_hidden_figures_change_neither_order_nor_search_nor_choices(counts, others, order, typed):
    """Whatever one to four ballots a section has, every answer of the table is the same."""
    column = Column("count", "有效票", lambda pair: shown(pair[1]), Kind.NUMBER, is_choice=True)
    name = Column("name", "名称", lambda pair: pair[0])
    one = [(f"第{n}科", count) for n, count in enumerate(counts)]
    other = [
        (title, hidden if 0 < count < SMALLEST_SHOWN else count)
        for (title, count), hidden in zip(one, others, strict=False)
    ]

    def answers(rows):
        asked = Asked(order.removeprefix("-"), order.startswith("-"), typed)
        found = arrange(rows, [name, column], asked, text_key=text_key, finds=finds)
        return [title for title, _ in found], choices_of(rows, column, text_key)

    assert answers(one) == answers(other)
