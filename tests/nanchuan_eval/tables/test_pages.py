"""The page of a table: heads that sort, filters, pages, and the workbook of what is shown."""

from io import BytesIO

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from openpyxl import load_workbook

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.tables.pages import Table, TablePage, show_tables
from nanchuan_eval.tables.rules import FEW, PAGE_LENGTH, Column, Kind
from tests.factories import make_user

COLUMNS = [
    Column("name", "科室", lambda row: row[0], is_head=True),
    Column("count", "次数", lambda row: row[1], Kind.NUMBER, warning=lambda row: "过多" if row[1] == 2 else ""),
    Column("kind", "种类", lambda row: row[2], is_choice=True),
]
ROWS = [(f"科室{n}", n % 3, "窗口" if n % 2 else "后台") for n in range(PAGE_LENGTH + 7)]


def page(query="", rows=ROWS, name="rows", **named):
    return TablePage(Table(name, "科室一览", COLUMNS, rows), QueryDict(query), **named)


def first_cells(shown):
    return [cells[0].text for _, cells in shown.lines]


def test_a_head_sorts_by_its_column_and_then_the_other_way():
    assert page().heads[1].href == "?sort=count#rows"
    assert page("sort=count").heads[1].href == "?sort=-count#rows"
    assert [head.aria_sort for head in page("sort=count").heads] == ["", "ascending", ""]
    assert [head.aria_sort for head in page("sort=-count").heads] == ["", "descending", ""]


def test_sorting_keeps_search_and_filters_and_what_other_tables_ask_for():
    shown = page("q=科室&kind=窗口&page=2&units-sort=name")

    assert QueryDict(shown.heads[0].href[1:].partition("#")[0]).dict() == {
        "units-sort": "name",
        "sort": "name",
        "q": "科室",
        "kind": "窗口",
    }


def test_the_second_table_of_a_page_has_a_prefix():
    assert page("sort=count", is_first=False).asked.sort == ""
    assert page("rows-sort=count", is_first=False).heads[1].href == "?rows-sort=-count#rows"


def test_a_page_ends_and_leads_on():
    shown, last = page(), page("page=2")

    assert (len(shown.lines), len(last.lines)) == (PAGE_LENGTH, 7)
    assert (shown.previous, shown.following) == ("", "?page=2#rows")
    assert (last.previous, last.following) == ("?#rows", "")


def test_a_column_with_one_value_is_no_filter():
    assert [each.label for each in page().filters] == ["种类"]
    assert page(rows=ROWS[:1]).filters == []


def test_few_rows_need_no_search():
    assert not page(rows=ROWS[:FEW]).has_tools
    assert page(rows=ROWS[: FEW + 1]).has_tools
    assert page("q=x", rows=ROWS[:1]).has_tools


@pytest.mark.django_db
class TestExport:
    def post(self, query, *, may_export=True, name="rows"):
        request = RequestFactory().post(f"/?{query}", {"export": name})
        request.user = make_user("chief")
        table = Table("rows", "科室一览", COLUMNS, ROWS, notes=["演示数据"])
        context = {"user": request.user}
        return show_tables(request, "shared/_errors.html", context, [table], action="rect.view" if may_export else "")

    def test_the_workbook_has_all_rows_shown_in_their_order(self):
        sheet = load_workbook(BytesIO(self.post("sort=-count&kind=窗口&page=2").content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        expected = sorted((row for row in ROWS if row[2] == "窗口"), key=lambda row: -row[1])

        assert [row[0] for row in rows[:3]] == ["科室一览", "演示数据", f"种类：窗口。共{len(expected)}条。"]
        assert rows[3] == ["科室", "次数", "种类", "提示"]
        assert [tuple(row[:3]) for row in rows[4:]] == expected
        assert rows[4][3] == "次数：过多"

    def test_it_is_logged_and_numbered(self):
        content = self.post("").content
        entry = AuditEntry.objects.latest("seq")

        assert (entry.action, entry.detail["step_label"]) == ("rect.view", "导出：科室一览")
        assert f"导出编号{entry.seq}" in load_workbook(BytesIO(content)).active.oddFooter.left.text

    @pytest.mark.parametrize(("may_export", "name"), [(False, "rows"), (True, "other")])
    def test_without_the_right_or_for_another_table_there_is_no_file(self, may_export, name):
        answer = self.post("", may_export=may_export, name=name)

        assert answer["Content-Type"].startswith("text/html")
        assert not AuditEntry.objects.exists()
