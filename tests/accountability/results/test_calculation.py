"""计分算式: the workbook's own formulas give every section's stored index, and no entered text becomes a formula."""

import io
import json
import random
import re
import subprocess
from datetime import timedelta
from itertools import takewhile

import pytest
from openpyxl import load_workbook

from accountability.results.workbooks.top_ten import top10_workbook
from evaluations.ballots.models import Rating
from evaluations.rounds.rules.rulebook import default_rulebook
from evaluations.scoring.method import Channel, Indicator
from evaluations.tally.models import Veto
from evaluations.tally.services.tally import tally_round
from tests.evaluations.scoring.examples import channels
from tests.evaluations.tally.factories import BY_METHOD
from tests.factories import NOON, make_sealed_round, make_user

pytestmark = pytest.mark.django_db
ONE = BY_METHOD["NC-1"]
TWO = default_rulebook("NC-2") | {"box_key": "server"}
COMPUTED = (
    "定向偏差",
    "定向方差",
    "抽签渠道偏差",
    "难办指数（重算）",
    "指数方差",
    "位次（重算）",
    "区间起（重算）",
    "区间止（重算）",
)
PATTERNS = [(0, 1, 2, 3, 0), (3, 3, 1, 3, 3), (None, None, 2, 1, 1), (None, None, None, 2, 3), (1, 0, 0, 0, 2)]


def counted(sections=3, channels=3, rulebook=None, **fields):
    """A round counted by NC-1."""
    round_ = make_sealed_round(sections=sections, rulebook=ONE | (rulebook or {}), **fields)
    for number, rating in enumerate(Rating.objects.filter(round=round_).order_by("section__code", "ballot__receipt")):
        values = PATTERNS[(number + number // 4) % 5]
        named = dict(zip(("cold", "lazy", "buck_passing", "disorderly", "greedy"), values, strict=True))
        channel = ("targeted", "sampled", "other")[number % channels]
        Rating.objects.filter(pk=rating.pk).update(**named, channel=channel)
    tally_round(round_id=round_.pk, by=make_user("chief"), at=NOON + timedelta(days=2))
    round_.refresh_from_db()
    return round_


def counted_by_two(sections=12, unused=(), vetoed=(), **rulebook):
    """A round counted by NC-2: fewer and milder ballots from section to section, too few for the last two."""
    round_ = make_sealed_round(sections=sections, targeted=60, rulebook=TWO | {"list_length": 4} | rulebook)
    chance, codes = random.Random(7), list(round_.sections.order_by("code").values_list("code", flat=True))
    used = [channel for channel in Channel.values if channel not in unused]
    ratings = list(Rating.objects.filter(round=round_).select_related("section").order_by("ballot_id", "section__code"))
    for number, rating in enumerate(ratings):
        ballot, place = number // sections, codes.index(rating.section.code)
        rating.channel = used[ballot % len(used)]
        rating.is_counted = ballot % 6 == 0 if place >= sections - 2 else ballot < 60 - place
        for indicator in Indicator.values:
            setattr(rating, indicator, min(3, max(0, round(chance.gauss(2.2 - place / 5, 0.9)))))
    Rating.objects.bulk_update(ratings, ["channel", "is_counted", *Indicator.values])
    for place in vetoed:
        section = round_.sections.get(code=codes[place])
        facts = {"decision": "南纪〔2020〕1号", "decided_on": NOON, "facts": "查实"}
        Veto.objects.create(round=round_, section=section, **facts)
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
    table = takewhile(lambda row: row[0] is not None, rows[start + 1 :])
    return [dict(zip(rows[start], row, strict=True)) for row in table]


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


@pytest.mark.office
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"channels": channels("T", T="2/5", S="2/5", O="1/5"), "z": "1", "list_length": 7},
        {"unused": ["sampled"], "publish_share": "1", "between_weight": "1/3"},
        {"unused": ["targeted"]},
        {"channels": channels(""), "min_drawn_lines": 0, "cell_min_lines": 15},
        {"vetoed": [3, 11]},
        {"channels": channels("TS"), "sampled_forms": "issued_codes", "rater_sweeps": 0, "min_lines": 50},
    ],
    ids=[
        "default",
        "other weights",
        "a channel unused",
        "no drawn lines",
        "no drawn channel",
        "vetoes",
        "two drawn channels",
    ],
)
def test_under_nc2_the_formulas_give_all_that_is_published(fields, tmp_path):
    round_ = counted_by_two(**fields)
    result = json.loads(round_.tally.result)

    sheet = computed(top10_workbook(round_), tmp_path)

    rows, parameters = rows_of(sheet), {row[0]: row[3] for row in sheet.iter_rows(values_only=True)}
    stored = {row["section"]: row for row in result["sections"]}
    codes = {section.name: section.code for section in round_.sections.all()}
    assert {codes[row["科室"]] for row in rows} == set(stored)
    for row in rows:
        one = stored[codes[row["科室"]]]
        assert row["核对"] == "一致"
        assert row["标注（重算）"] == (one["label"] or "—")
        if one["difficulty"] is None:
            assert {row[name] for name in COMPUTED if name in row} == {"—"}
            continue
        assert f"{row['难办指数（重算）']:.4f}" == one["difficulty"]
        assert f"{row['抽签渠道偏差']:.4f}" == one["drawn_deviation"]
        if one["label"] != "一票否决":
            assert row["位次（重算）"] == one["rank"]
            assert (row["区间起（重算）"], row["区间止（重算）"]) == (one["rank_low"], one["rank_high"])
    gate = result["publication"]
    counts = [parameters[name] for name in ("科室总数", "样本足够的科室", "公示所需的排名科室", "能否公示")]
    assert counts == [gate["sections"], gate["ranked"], gate["needed"], "达到要求" if gate["allowed"] else "未达到要求"]


@pytest.mark.office
def test_a_changed_figure_is_seen(tmp_path):
    round_ = counted_by_two()
    book = load_workbook(io.BytesIO(top10_workbook(round_)))
    sheet = book["计分算式"]
    header = next(row for row in sheet.iter_rows() if row[0].value == "位次")
    column = next(cell.column for cell in header if cell.value == "定向偏差")
    sheet.cell(header[0].row + 1, column).value += 0.1
    changed = io.BytesIO()
    book.save(changed)

    rows = rows_of(computed(changed.getvalue(), tmp_path))

    assert rows[0]["核对"] == "不一致"


def test_only_heading_notes_and_header_stay_in_view_and_the_parameters_stand_below():
    sheet = load_workbook(io.BytesIO(top10_workbook(counted_by_two())))["计分算式"]
    first = [row[0].value for row in sheet.iter_rows()]
    header, setting = first.index("位次") + 1, first.index("公布名额") + 1

    assert sheet.freeze_panes == f"D{header + 1}"
    assert header <= 8
    assert setting > header + len(rows_of(sheet)) + 1
    assert sheet.print_area.endswith(f"${sheet.max_row}")


def test_every_setting_stands_in_a_cell_of_its_own():
    """The formulas of the rows have no other numbers than 1, powers and decimals."""
    rows = rows_of(load_workbook(io.BytesIO(top10_workbook(counted_by_two())))["计分算式"])

    formulas = [value for row in rows for value in row.values() if str(value).startswith("=")]
    numbers = {number for formula in formulas for number in re.findall(r"(?<![A-Z$0-9.])[0-9.]+", formula)}
    assert numbers == {"1", "2", "4"}


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
    assert {row["定向有效票"] for row in rows_of(book["科室排名"])} == {"少于5"}


@pytest.mark.parametrize("rulebook", [ONE, TWO])
def test_a_round_without_a_ballot_makes_a_workbook_too(rulebook):
    round_ = make_sealed_round(targeted=1, rulebook=rulebook)
    Rating.objects.filter(round=round_).delete()
    tally_round(round_id=round_.pk, by=make_user("chief"), at=NOON + timedelta(days=2))
    round_.refresh_from_db()

    book = load_workbook(io.BytesIO(top10_workbook(round_)))

    assert book.sheetnames == [
        "前十名",
        "明细",
        "科室排名",
        "样本不足",
        "计分算式",
        "计分方法",
        "评议票数",
        "回收率",
        "措施与期限",
    ]
