"""前十名 and 五项指标图: one page in 10 points, a colour scale, a native chart; no index without a rank."""

import io
import re
import subprocess
from datetime import timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from accountability.results.workbooks.front import columns_of
from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.publication.services import Correction, correct_publication
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.method import Channel, Indicator
from evaluations.scoring.questionnaire import DEFAULT
from evaluations.tally.models import SectionResult
from tests.accountability.factories import (
    NOON,
    make_bare_round,
    make_counted_round,
    make_published_round,
    make_result,
    make_tally,
)
from tests.factories import make_user

pytestmark = pytest.mark.django_db
INDICATORS = DEFAULT.labels
LONG = (
    "重庆市南川区城市更新和住房公积金及保障性租赁住房建设管理服务中心"
    "下属房屋产权产籍登记测绘和档案利用服务指导办公室分中心第二组"
)
PROBLEM = "办到哪一步从不告知，要群众反复催问"


def book_of(round_):
    return load_workbook(io.BytesIO(top10_workbook(round_)))


def header_row(sheet):
    return next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if "冷" in row)


def table(sheet):
    start = header_row(sheet)
    header, *rows = sheet.iter_rows(min_row=start, values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows if row[0] is not None]


def notes(sheet):
    return "\n".join(str(row[0].value) for row in sheet.iter_rows(max_row=header_row(sheet) - 1))


def a_round_of_long_names(places=10):
    round_ = make_bare_round()
    for place in range(1, places + 1):
        names = {"name": LONG[:60], "department_name": LONG[-60:]}
        make_result(round_, f"D{place:02}-01", rank=place, section=names, problems=";".join([PROBLEM] * 4))
    make_tally(round_)
    return round_


def test_the_front_sheet_has_the_figures_of_the_listed_sections_in_their_order():
    round_ = make_counted_round()

    rows = table(book_of(round_)["前十名"])

    results = list(round_.results.filter(is_listed=True).order_by("rank").select_related("section"))
    assert [row["科室"] for row in rows] == [result.section.name for result in results]
    for row, result in zip(rows, results, strict=True):
        scores = [round(Decimal(result.data["indicators"][indicator]), 2) for indicator in Indicator]
        assert Decimal(str(row["难办指数"])) == round(result.difficulty, 2)
        assert [Decimal(str(row[label])) for label in INDICATORS] == scores


def test_after_a_correction_the_sheets_name_the_first_day_the_version_and_what_was_withdrawn():
    round_ = make_published_round()
    result = round_.results.get(rank=1)
    change = Correction("评议对象登记有误", withdrawn=(result.section.code,))
    correct_publication(round_id=round_.pk, correction=change, by=make_user("commission"), at=NOON + timedelta(days=30))

    book = book_of(type(round_).objects.get())

    for name in ("前十名", "明细"):
        text = "\n".join(str(row[0]) for row in book[name].iter_rows(values_only=True, max_row=12))
        assert "尚未公示" not in text, name
        assert "公示日期2020年7月10日（2020年8月9日更正，现行第2版）" in text, name
        assert f"经更正撤下：{result.section}（原第1位）。撤下后其他科室不递补，名单中第1位空缺。" in text, name


def test_section_and_header_stay_in_view_and_every_column_can_be_filtered():
    book = book_of(make_counted_round())

    for name, frozen in (("前十名", "C"), ("明细", "E"), ("科室排名", "D"), ("样本不足", "C")):
        sheet = book[name]
        start = next(n for n, row in enumerate(sheet.iter_rows(values_only=True), start=1) if "科室" in row)
        assert sheet.freeze_panes == f"{frozen}{start + 1}", name
        assert re.fullmatch(rf"A{start}:[A-Z]+{sheet.max_row}", sheet.auto_filter.ref), name


def test_the_five_indicators_are_coloured_on_one_scale():
    sheet = book_of(make_counted_round())["前十名"]

    (area,) = sheet.conditional_formatting
    (rule,) = area.rules
    first = header_row(sheet) + 1
    assert (str(area.sqref), rule.type) == (f"E{first}:I{first + 9}", "colorScale")
    assert [point.type for point in rule.colorScale.cfvo] == ["min", "max"]
    assert "按同一尺度着色" in notes(sheet)


def test_the_chart_shows_the_ten_sections_by_the_five_indicators_with_axes_and_legend():
    sheet = book_of(make_counted_round())["五项指标图"]

    (chart,) = sheet._charts
    start = header_row(sheet)
    assert len(table(sheet)) == 10
    assert [series.val.numRef.f for series in chart.series] == [
        f"'五项指标图'!${letter}${start + 1}:${letter}${start + 10}" for letter in "BCDEF"
    ]
    assert {series.cat.numRef.f for series in chart.series} == {f"'五项指标图'!$A${start + 1}:$A${start + 10}"}
    assert (chart.x_axis.delete, chart.y_axis.delete) == (False, False)
    assert chart.legend is not None
    assert all((chart.title, chart.x_axis.title, chart.y_axis.title))


def test_a_vetoed_section_without_a_score_has_no_index_and_is_named_beside_the_chart():
    round_ = make_counted_round(places=9)
    row = {"rank_low": None, "rank_high": None, "indicators": dict.fromkeys(Indicator.values)}
    result = round_.results.get(rank=1)
    SectionResult.objects.filter(pk=result.pk).update(difficulty=None, label="一票否决", data=result.data | row)

    book = book_of(round_)

    first = table(book["前十名"])[0]
    assert [first[name] for name in ("难办指数", *INDICATORS)] == ["—"] * 6
    assert first["确定程度"] == "一票否决"
    assert "“—”：没有该项数据，或者样本不足" in notes(book["前十名"])
    assert len(table(book["五项指标图"])) == 8
    assert f"{result.section}样本不足，没有得分，不在图中。" in notes(book["五项指标图"])


@pytest.mark.parametrize("method", ["NC-1", "NC-2"])
def test_no_sheet_gives_the_index_of_a_section_that_is_not_ranked(method):
    round_ = make_bare_round(rulebook=default_rulebook(method))
    make_result(round_, "D01-01", rank=1)
    hidden = make_result(round_, "D02-01", rank=None, section={"name": "不排名科"})
    make_tally(round_)

    for sheet in book_of(round_):
        for row in sheet.iter_rows(values_only=True):
            if "不排名科" in row:
                scores = {round(float(v), 1) for v in row if isinstance(v, float)}
                assert round(float(hidden.difficulty or 5.1), 1) not in scores, sheet.title
                assert not any(str(value).startswith("=ROUND(") for value in row), sheet.title


def test_cells_without_a_figure_are_explained_on_their_own_sheet():
    round_ = make_counted_round()
    result = round_.results.get(rank=1)
    few = result.data | {"lines": {**result.data["lines"], Channel.SAMPLED.value: 3}}
    SectionResult.objects.filter(pk=result.pk).update(data=few)

    book = book_of(round_)

    for name in ("明细", "科室排名"):
        text = "\n".join(str(row[0]) for row in book[name].iter_rows(values_only=True, max_row=header_row(book[name])))
        assert "“少于5”：有效票或者得票数为1至4张，为保护投票人不列具体数。" in text, name
        assert "少于5" in {value for row in book[name].iter_rows(values_only=True) for value in row}, name


def test_names_of_sixty_characters_are_cut_on_the_front_and_whole_in_the_details():
    book = book_of(a_round_of_long_names())

    front, details = table(book["前十名"]), table(book["明细"])
    assert all(row["科室"].endswith("…") and LONG.startswith(row["科室"][:-1]) for row in front)
    assert {row["科室"] for row in details} == {LONG[:60]}
    assert {row["主要问题"] for row in front} == {f"{PROBLEM}等4项", f"{PROBLEM}；{PROBLEM}等4项"}
    said = "过长的文字以“…”省略，主要问题列不下的，写明共几项，全文和历次、谈话、整改等情况见“明细”"
    assert said in notes(book["前十名"])


def test_the_page_is_filled_with_problems_from_the_first_place_on():
    round_ = make_bare_round()
    for place in range(1, 11):
        make_result(round_, f"D{place:02}-01", rank=place, problems="；".join([PROBLEM] * 3))
    make_tally(round_)
    sheet = book_of(round_)["前十名"]

    shown = [len(re.findall(PROBLEM, row["主要问题"])) for row in table(sheet)]
    assert shown == sorted(shown, reverse=True)
    assert shown[0] > 1
    assert ("等3项" in notes(sheet), "…" in notes(sheet)) == (False, False)
    assert "主要问题列不下的，写明共几项，全文和" in notes(sheet)


def test_the_front_sheet_has_about_ten_columns_that_a_page_holds_unscaled():
    columns = columns_of(DEFAULT)

    assert len(columns) <= 11
    assert sum(column.width * 8.5 + 5 for column in columns) * 0.75 <= 841.9 - 2 * 0.4 * 72


def printed(round_, tmp_path):
    """The texts of the pages, and the sizes of the type on the first, as LibreOffice prints the workbook."""
    (tmp_path / "book.xlsx").write_bytes(top10_workbook(round_))
    home = f"-env:UserInstallation=file://{tmp_path / 'home'}"
    command = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "book.xlsx")], check=True, capture_output=True, timeout=180)
    pdf = str(tmp_path / "book.pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    read = ["pdftohtml", "-xml", "-stdout", "-i", "-zoom", "1", "-l", "1", pdf]
    first = subprocess.run(read, check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1], {int(size) for size in re.findall(r'fontspec id="\d+" size="(\d+)"', first)}


@pytest.mark.office
@pytest.mark.parametrize("make", [make_counted_round, a_round_of_long_names])
def test_printed_the_front_is_one_page_in_ten_points_and_every_page_has_rows_and_a_number(make, tmp_path):
    pages, sizes = printed(make(), tmp_path)

    assert "前10位科室" in pages[0]
    assert "五项指标得分" in pages[1]
    assert min(sizes) >= 10
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页，共{len(pages)}页" in page.replace(" ", ""), number
        assert len(page.split("\n")) > 6, page
