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
from nanchuan_eval.spreadsheets import Row
from tests.accountability.factories import NOON, make_account, make_bare_round, make_counted_round, make_result

pytestmark = pytest.mark.django_db
HEADER = ("轮次代码", "轮次名称", "评议期起", "位次", "单位", "科室", "主要问题")
LAST = ("2019H2", "2019年下半年", "2019-07-01", "2", "D01局", "第D01-01科", "态度差")
FIRST = ("2019H1", "2019年上半年", "2019-01-01", "1", "D01局", "第D01-01科", "")


QUERIES = 9  # two of them of the savepoint


def load(*rows, header=HEADER, by=OPERATOR, **fields):
    read = [Row("往期上榜名单", number, tuple(cells)) for number, cells in enumerate([header, *rows], start=1)]
    return import_history(rows=read, by=by, at=NOON, **fields)


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
        ({"位次": "第一"}, "第2行：“位次”的“第一”不是整数"),
        ({"位次": "0"}, "不是1到1000的整数"),
        ({"评议期起": "去年"}, "第2行：“评议期起”的“去年”不是日期"),
        ({"单位": ""}, "第2行：“单位”为空"),
        ({"科室": "长" * 61}, "第2行：“科室”超过60字"),
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
        ([LAST, LAST], "是同一科室，请只留一行"),
        ([LAST, changed(LAST, 科室="另一科", 轮次名称="另一名称")], "请改为一致"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(rows, refusal):
    with pytest.raises(RuleViolation, match=refusal):
        load(*rows)


def test_a_missing_column_is_reported():
    with pytest.raises(RuleViolation, match="缺少“位次”列"):
        load(header=tuple(name for name in HEADER if name != "位次"))


def test_a_round_counted_by_the_system_is_not_overwritten():
    make_bare_round("2019H2")

    with pytest.raises(RuleViolation, match="2019H2由本系统评议"):
        load(LAST)


def test_a_round_of_the_future_is_refused():
    with pytest.raises(RuleViolation, match="2031年1月1日晚于今天"):
        load(changed(LAST, 评议期起="2031-01-01"))


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
    with pytest.raises(CommandError, match="找不到表头"):
        call_command("import_history", path)


class TestAListingThatIsNotCertain:
    """第D01-01科 of D01局 under another name: asked about, never silently somebody else's."""

    WRITTEN = changed(LAST, 科室="D01-01科窗口")

    def asked(self, *rows):
        with pytest.raises(RuleViolation) as refusal:
            load(*rows)
        return refusal.value.reasons

    def test_is_a_question_of_the_command_with_the_option_that_answers_it(self, tmp_path, capsys):
        make_result(make_bare_round(), "D01-01", rank=1)
        Section.objects.update(name="治安管理支队")
        path = tmp_path / "history.csv"
        rows = (HEADER, changed(LAST, 科室="治安支队"), changed(LAST, 科室="督察队"))
        path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")

        with pytest.raises(CommandError, match="有1个问题没有写明，没有导入") as refusal:
            call_command("import_history", path)

        said = capsys.readouterr().out
        assert refusal.value.returncode == 1
        assert "问题：“D01局 治安支队”（2019H2）是名录中的哪个科室？没有写明。" in said
        assert '--section "D01局治安支队=D01-01"：D01-01 D01局治安管理支队' in said
        assert '--section "D01局治安支队=none"：不对应名录中的科室' in said
        assert not EarlierRound.objects.exists()

        call_command("import_history", path, section=["D01局治安支队=D01-01"])

        said = capsys.readouterr().out
        assert "“D01局 督察队”（2019H2）是名录中的哪个科室？没有写明，按“不对应名录中的科室" in said
        assert '--section "D01局督察队=D01-01"' in said
        assert "名录中没有" not in said
        assert EarlierListing.objects.get(section_name="治安支队").section.code == "D01-01"

    def test_is_asked_about_with_the_sections_it_may_be(self):
        make_result(make_bare_round(), "D01-01", rank=1)
        Section.objects.update(name="D01-01科")

        (reason,) = self.asked(self.WRITTEN)

        assert reason.startswith("“D01局 D01-01科窗口”（2019H2）是名录中的哪个科室？")
        assert "D01-01 D01局D01-01科" in reason
        assert not EarlierRound.objects.exists()

    @pytest.mark.parametrize(("answer", "code"), [("D01-01", "D01-01"), ("none", None)])
    def test_counts_for_the_section_that_is_answered(self, tmp_path, capsys, answer, code):
        make_result(make_bare_round(), "D01-01", rank=1)
        Section.objects.update(name="D01-01科")
        path = tmp_path / "history.csv"
        path.write_text("\n".join(",".join(row) for row in (HEADER, self.WRITTEN)), encoding="utf-8")

        call_command("import_history", path, section=[f"D01局 D01-01科窗口={answer}"])

        listing = EarlierListing.objects.get()
        assert (listing.section and listing.section.code) == code
        assert listing.section_name == "D01-01科窗口"

    @pytest.mark.parametrize("given", ["D01局D01-01科窗口=D09-01", "别的=D01-01", "D01-01"])
    def test_another_answer_is_refused_with_those_that_may_be_given(self, tmp_path, given):
        make_result(make_bare_round(), "D01-01", rank=1)
        Section.objects.update(name="D01-01科")
        path = tmp_path / "history.csv"
        path.write_text("\n".join(",".join(row) for row in (HEADER, self.WRITTEN)), encoding="utf-8")

        with pytest.raises(CommandError, match="可写：D01局D01-01科窗口=D01-01或none"):
            call_command("import_history", path, section=[given])

        assert not EarlierRound.objects.exists()


def test_a_round_is_the_same_however_its_code_is_written():
    load(LAST)
    load(changed(LAST, 轮次代码="2019h2", 位次="5"))
    assert [(row.key, row.listings.get().rank) for row in EarlierRound.objects.all()] == [("2019H2", 5)]

    make_bare_round("2018H1")
    with pytest.raises(RuleViolation, match="2018H1由本系统评议"):
        load(changed(LAST, 轮次代码="2018ｈ1"))


def test_an_import_takes_a_constant_number_of_queries(django_assert_num_queries):
    make_counted_round(places=3)
    with django_assert_num_queries(QUERIES):
        load(LAST, dry_run=True)
    with django_assert_num_queries(QUERIES):
        load(LAST, FIRST, changed(LAST, 科室="第D01-02科"), changed(LAST, 科室="没有的科"), dry_run=True)
