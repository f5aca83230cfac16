"""计分算式: the workbook's own formulas give every section's stored index, and no entered text becomes a formula."""

import io
import subprocess
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.ballots.models import Rating
from evaluations.tally.services.tally import tally_round
from tests.factories import NOON, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
SMALL = {"min_lines": 1, "min_drawn_lines": 1}
PATTERNS = [(0, 1, 2, 3, 0), (3, 3, 1, 3, 3), (None, None, 2, 1, 1), (None, None, None, 2, 3), (1, 0, 0, 0, 2)]


def counted(sections=3, channels=3, **fields):
    round_ = make_sealed_round(sections=sections, rulebook={**SMALL, **fields.pop("rulebook", {})}, **fields)
    for number, rating in enumerate(Rating.objects.filter(round=round_).order_by("section__code", "ballot__receipt")):
        values = PATTERNS[(number + number // 4) % 5]
        named = dict(zip(("cold", "lazy", "buck_passing", "disorderly", "greedy"), values, strict=True))
        channel = ("targeted", "sampled", "other")[number % channels]
        Rating.objects.filter(pk=rating.pk).update(**named, channel=channel)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=NOON + timedelta(days=2))
    round_.refresh_from_db()
    return round_


def computed(workbook, tmp_path):
    """The sheet as LibreOffice computes it."""
    (tmp_path / "in.xlsx").write_bytes(workbook)
    home = f"-env:UserInstallation=file://{tmp_path / 'home'}"
    target = [
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(tmp_path / "out"),
        str(tmp_path / "in.xlsx"),
    ]
    subprocess.run(["soffice", home, "--headless", *target], check=True, capture_output=True, timeout=120)
    return load_workbook(tmp_path / "out" / "in.xlsx", data_only=True)["计分算式"]


def rows_of(sheet):
    rows = list(sheet.iter_rows(values_only=True))
    start = next(n for n, row in enumerate(rows) if row[0] == "位次")
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]


@pytest.mark.office
@pytest.mark.parametrize(
    "fields",
    [
        {"targeted": 9, "channels": 1},
        {"targeted": 24, "sections": 5},
        {"targeted": 24, "rulebook": {"mean_min_lines": 3}},
        {
            "targeted": 24,
            "rulebook": {
                "levels": 4,
                "indicator_weights": {"cold": 3, "lazy": 1, "buck_passing": 2, "disorderly": 1, "greedy": 1},
            },
        },
    ],
    ids=["one channel", "three channels", "means given", "other weights"],
)
def test_the_formulas_give_the_stored_index_of_every_section(fields, tmp_path):
    round_ = counted(**fields)

    rows = rows_of(computed(top10_workbook(round_), tmp_path))

    stored = {result.section.name: result for result in round_.results.select_related("section")}
    assert {row["科室"] for row in rows} == set(stored)
    for row in rows:
        result = stored[row["科室"]]
        assert row["核对"] == "一致"
        assert round(row["难办指数（重算）"], 4) == float(result.difficulty)
        assert row["按指数位次"] == result.rank


def test_only_the_programs_own_cells_are_formulas_and_typed_text_never_is():
    round_ = counted(targeted=9, channels=1)
    section = round_.sections.first()
    type(section).objects.filter(pk=section.pk).update(name="=1+1", department_name="@SUM(A1)")

    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    formulas = {sheet.title for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert formulas == {"计分算式"}
    typed = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value in {"=1+1", "@SUM(A1)"}]
    assert typed
    assert {cell.data_type for cell in typed} == {"s"}


def test_the_calculation_of_a_section_with_fewer_than_five_ballots_in_a_channel_is_hidden():
    """Number, sum and even the deviation alone would reveal the answers of one to four people."""
    round_ = counted(targeted=3, channels=1)

    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    for row in rows_of(book["计分算式"]):
        shown = {key: value for key, value in row.items() if value != "—"}
        assert set(shown) == {"位次", "单位", "科室", "难办指数（存档）", "核对"}
        assert row["核对"] == "不列算式"
    assert {row["定向有效票"] for row in rows_of(book["全部科室"])} == {"少于5"}


def test_a_round_without_a_ballot_makes_a_workbook_too(tmp_path):
    round_ = make_sealed_round(targeted=1)
    Rating.objects.filter(round=round_).delete()
    tally_round(round_id=round_.pk, by=make_user("chief"), at=NOON + timedelta(days=2))
    round_.refresh_from_db()

    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    assert book.sheetnames == ["前十名", "全部科室", "计分算式", "计分方法", "措施与期限"]
