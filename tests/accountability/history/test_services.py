"""Lists from before this system: imported whole or not at all, and part of a section's history."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from accountability.history.models import EarlierListing, EarlierRound
from accountability.history.queries import histories, read_history
from accountability.history.services import import_history
from departments.models import ChangeKind, Section, SectionChange
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR, Denied
from tests.accountability.factories import NOON, make_account, make_bare_round, make_counted_round, make_result

pytestmark = pytest.mark.django_db
HEADER = ("轮次代码", "轮次名称", "评议期起", "位次", "单位", "科室", "主要问题")
LAST = ("2019H2", "2019年下半年", "2019-07-01", "2", "D01局", "第D01-01科", "态度差")
FIRST = ("2019H1", "2019年上半年", "2019-01-01", "1", "D01局", "第D01-01科", "")


def load(*rows, header=HEADER, by=OPERATOR, **fields):
    numbered = list(enumerate([header, *rows], start=1))
    return import_history(rows=numbered, by=by, at=NOON, **fields)


def changed(row, **cells):
    return tuple(cells.get(name, cell) for name, cell in zip(HEADER, row, strict=True))


def test_a_sections_history_starts_before_the_system():
    round_ = make_counted_round(places=3)

    report = load(FIRST, LAST)

    past = histories(round_)["D01-01"]
    assert (report.rounds, report.listings, report.unknown) == (2, 2, ())
    assert (past.previous_rank, past.listings, past.listed_in_a_row, past.top_in_a_row) == (2, 3, 3, 3)
    assert past.sure_top_in_a_row == 1
    assert [stay.name for stay in read_history(round_).trend("D01-01")] == [
        "2019年上半年",
        "2019年下半年",
        "2020年上半年",
    ]


def test_a_list_under_an_old_name_follows_the_reform():
    round_ = make_bare_round()
    make_result(round_, "D01-01", rank=1)
    make_result(round_, "D01-02", rank=2)
    SectionChange.objects.create(
        kind=ChangeKind.MERGED,
        on=date(2020, 1, 15),
        earlier=Section.objects.get(code="D01-02"),
        later=Section.objects.get(code="D01-01"),
        earlier_name="旧科",
        earlier_department_name="旧局",
    )

    load(changed(LAST, 单位="旧局", 科室="旧科"))

    assert histories(round_)["D01-01"].previous_rank == 2


def test_an_unknown_section_is_kept_and_reported():
    report = load(changed(LAST, 科室="没有的科"))

    assert report.unknown == ("D01局没有的科",)
    assert EarlierListing.objects.get().section is None


def test_importing_again_replaces_the_round():
    load(LAST)
    load(changed(LAST, 位次="7"))

    assert [(row.rank, row.round.key) for row in EarlierListing.objects.all()] == [(7, "2019H2")]


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        ({"位次": "第一"}, "第2行：位次“第一”不是1到1000的整数"),
        ({"位次": "0"}, "不是1到1000的整数"),
        ({"评议期起": "去年"}, "第2行：评议期起“去年”不是日期"),
        ({"单位": ""}, "第2行：单位为空"),
        ({"科室": "长" * 61}, "第2行：科室太长"),
    ],
)
def test_a_faulty_row_is_reported_and_nothing_is_imported(cells, refusal):
    with pytest.raises(RuleViolation, match=refusal):
        load(changed(LAST, **cells), FIRST)

    assert not EarlierRound.objects.exists()


@pytest.mark.parametrize(
    ("rows", "refusal"),
    [
        ([], "没有上榜科室"),
        ([LAST, LAST], "出现了两次"),
        ([LAST, changed(LAST, 科室="另一科", 轮次名称="另一名称")], "前后不一致"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(rows, refusal):
    with pytest.raises(RuleViolation, match=refusal):
        load(*rows)


def test_a_missing_column_is_reported():
    with pytest.raises(RuleViolation, match="缺少：位次"):
        load(header=tuple(name for name in HEADER if name != "位次"))


def test_a_round_counted_by_the_system_is_not_overwritten():
    make_bare_round("2019H2")

    with pytest.raises(RuleViolation, match="2019H2由本系统评议"):
        load(LAST)


def test_a_dry_run_stores_nothing_and_a_clerk_may_not():
    load(LAST, dry_run=True)
    assert not EarlierRound.objects.exists()

    with pytest.raises(Denied):
        load(LAST, by=make_account("C"))


def test_the_command_reads_a_file_and_reports_its_faults(tmp_path, capsys):
    path = tmp_path / "history.csv"
    path.write_text("\n".join(",".join(row) for row in (HEADER, LAST)), encoding="utf-8")
    call_command("import_history", path)
    assert "1个轮次，1个上榜科室" in capsys.readouterr().out

    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError, match="缺少"):
        call_command("import_history", path)
