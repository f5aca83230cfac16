"""办件公开 and the staff's pages of batches: verdict first, what differs is flagged, nobody is named."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.service_records.models import RecordBatch, ServiceRecord, StatedCount
from evaluations.service_records.queries.chain import record_chain_faults
from evaluations.service_records.rules.chain import Link, chain_faults, day_digest, first_head, next_head
from evaluations.service_records.services.importing import import_records
from evaluations.service_records.services.stated import state_count
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import Row
from nanchuan_eval.workdays.models import CompleteYear
from tests.factories import NOON, make_department, make_round, make_section, make_user

pytestmark = pytest.mark.django_db
HEADINGS = ("办件编号", "科室", "办结日期", "姓名", "手机号")


def text_of(answer):
    """The page's text, with one blank between the pieces."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode().partition("<main")[2]).split())


def _file(name, content):
    return SimpleUploadedFile(name, content.encode())


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


def deliver(section, days):
    """Import a record of each of the days."""
    lines = [(str(n), section.code, day, "张三", "13800000001") for n, day in enumerate(days)]
    rows = [Row("办件.csv", n, cells) for n, cells in enumerate((HEADINGS, *lines), start=1)]
    import_records(rows=rows, by=OPERATOR, at=NOON)


@pytest.fixture
def unit():
    unit = make_department(code="D01", name="区林业局")
    deliver(make_section(department=unit), ["2026-02-02", "2026-02-02", "2026-02-05"])
    state_count(unit=unit, day=date(2026, 2, 2), records=5, by=OPERATOR, at=NOON)
    return unit


class TestPublicPages:
    def test_without_records_there_is_nothing_to_check(self, client):
        assert "尚未核验" in text_of(client.get("/records/"))

    def test_the_verdict_stands_first_and_differences_are_counted(self, client, unit):
        text = text_of(client.get("/records/"))
        assert text.index("累计校验值：一致") < text.index("区林业局")
        assert "区林业局 2026年2月2日至2026年2月5日 3 1 0 1 2" in text

    @pytest.mark.parametrize("address", ["/records/", "/records/D01/"])
    def test_counts_that_differ_stand_before_chains_that_agree(self, client, unit, address):
        text = text_of(client.get(address))
        told = "与单位自报的件数：不一致 1个单位共1天收到的件数与单位自报的件数不同"
        assert text.index(told) < text.index("累计校验值：一致")
        assert "结果：一致" not in text
        state_count(unit=unit, day=date(2026, 2, 2), records=2, reason="更正", by=OPERATOR, at=NOON)
        assert "与单位自报的件数：不一致" not in text_of(client.get(address))

    def test_a_changed_count_leaves_the_earlier_ones_on_the_page(self, client, unit):
        for records, reason in ((4, "张三重复"), (2, "再次核对")):
            state_count(unit=unit, day=date(2026, 2, 2), records=records, reason=reason, by=OPERATOR, at=NOON)
        content = client.get("/records/D01/")
        assert "2026年2月2日 2 2（原报5、4） 一致" in text_of(content)
        assert "张三" not in content.content.decode()

    def test_every_page_leads_there(self, client):
        assert '<a href="/records/">办件公开</a>' in client.get("/").content.decode()

    def test_a_units_page_tells_each_day_and_flags_what_differs(self, client, unit):
        text = text_of(client.get("/records/D01/"))
        assert "2026年2月2日 2 5 不一致 第1批2件" in text
        assert "2026年2月5日 1 — 未自报 第2批1件" in text
        assert "没有报送的工作日（2天）：2026年2月3日至2月4日。" in text

    def test_a_weekend_joins_days_without_records_and_is_not_counted(self, client, unit):
        cells = ("9", unit.sections.get().code, "2026-02-10", "张三", "13800000001")
        import_records(rows=[Row("办件.csv", 1, HEADINGS), Row("办件.csv", 2, cells)], by=OPERATOR, at=NOON)

        assert "2026年2月3日至2月4日、2026年2月6日至2月9日。" in text_of(client.get("/records/D01/"))
        assert "区林业局 2026年2月2日至2026年2月10日 4 1 0 2 4" in text_of(client.get("/records/"))

    def test_a_unit_that_stopped_or_began_late_misses_the_rest_of_the_half_year(self, client, unit):
        make_round(period_start=date(2026, 1, 28), period_end=date(2026, 6, 30), rulebook={"client_draw": True})
        other = make_section(department=make_department(code="D02", name="区科技局"))
        cells = ("1", other.code, "2026-02-27", "张三", "13800000001")
        import_records(rows=[Row("办件.csv", 1, HEADINGS), Row("办件.csv", 2, cells)], by=OPERATOR, at=NOON)

        text = text_of(client.get("/records/D01/"))
        assert "没有报送的工作日（17天）：2026年1月28日至1月30日、2026年2月3日至2月4日、2026年2月6日至2月28日。" in text
        assert "区科技局 2026年2月27日至2026年2月27日 1 0 0 1 18" in text_of(client.get("/records/"))

    def test_a_unit_of_the_roster_that_never_delivered_stands_there(self, client, unit):
        make_section(department=make_department(code="D03", name="区医保局"))
        make_department(code="D04", name="没有科室的单位")
        text = text_of(client.get("/records/"))
        assert "区医保局 从未报送 0 0 0 0 0" in text and "没有科室的单位" not in text
        make_round(period_start=date(2026, 2, 2), period_end=date(2026, 2, 6), rulebook={"client_draw": True})
        assert "区医保局 从未报送 0 0 0 0 5" in text_of(client.get("/records/"))
        shown = text_of(client.get("/records/D03/"))
        assert "这个单位从未报送办件。 没有报送的工作日（5天）：2026年2月2日至2月6日。" in shown

    def test_days_are_expected_up_to_yesterday_and_rounds_without_this_draw_expect_none(
        self, client, unit, monkeypatch
    ):
        make_round(period_start=date(2026, 1, 1), period_end=date(2026, 6, 30))
        make_round(period_start=date(2026, 2, 2), period_end=date(2026, 6, 30), rulebook={"client_draw": True})
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 2, 11, 4, tzinfo=UTC))
        text = text_of(client.get("/records/D01/"))
        assert "（5天）：2026年2月3日至2月4日、2026年2月6日至2月10日。 没有报送的工作日数到2026年2月10日为止。" in text

    def test_days_of_a_round_that_is_not_sealed_are_watched_after_the_next_one_has_begun(self, client, unit):
        late = make_section(department=make_department(code="D02", name="区科技局"))
        cells = ("1", late.code, "2026-02-27", "张三", "13800000001")
        import_records(rows=[Row("办件.csv", 1, HEADINGS), Row("办件.csv", 2, cells)], by=OPERATOR, at=NOON)
        fields = {"rulebook": {"client_draw": True}}
        voting = make_round(period_start=date(2026, 2, 2), period_end=date(2026, 2, 13), state="open", **fields)
        make_round(period_start=date(2026, 2, 14), period_end=date(2026, 6, 30), **fields)
        assert "天）：2026年2月2日至" in text_of(client.get("/records/D02/"))

        voting.state = "sealed"
        voting.save()
        shown = text_of(client.get("/records/D02/"))
        assert "没有报送的工作日" in shown and "2月2日至" not in shown

    @pytest.mark.parametrize("address", ["/records/", "/records/D01/"])
    def test_a_year_without_all_its_holidays_is_said(self, client, unit, address):
        CompleteYear.objects.filter(year=2026).delete()
        hint = "2026年节假日尚未确认录全，工作日按周一至周五计算"
        assert hint in text_of(client.get(address))
        CompleteYear.objects.create(year=2026)
        assert hint not in text_of(client.get(address))

    def test_the_file_is_enough_to_recompute_the_chain(self, client, unit):
        lines = client.get("/records/D01/chain.csv").content.decode().splitlines()
        assert lines[0] == "unit,seq,day,records,digest,head,correction"
        links = [
            Link(int(seq), date.fromisoformat(day), int(records), digest, head)
            for _, seq, day, records, digest, head, _ in (line.split(",") for line in lines[1:])
        ]
        assert len(links) == 2 and list(chain_faults("D01", links)) == []

    def test_a_changed_batch_is_the_verdict(self, client, unit):
        ServiceRecord.objects.filter(number="0").delete()
        assert "累计校验值：不一致 区林业局第1批办件应有2件，现有1件" in text_of(client.get("/records/"))

    def test_a_chain_without_its_newest_batch_is_the_verdict(self, client, unit):
        newest = RecordBatch.objects.latest("seq")
        newest.entries.all().delete()
        newest.delete()
        assert list(record_chain_faults()) == []  # what is left holds in itself
        assert "累计校验值：不一致 办件批次和累计校验值（编号D01）与操作日志第" in text_of(client.get("/records/"))

    def test_a_newest_batch_that_was_computed_anew_is_the_verdict(self, client, unit):
        newest = RecordBatch.objects.latest("seq")
        before = RecordBatch.objects.get(seq=newest.seq - 1)
        link = Link(newest.seq, newest.day, 0, day_digest(newest.salt, ()), "")
        newest.entries.all().delete()
        head = next_head(before.head, "D01", link)
        RecordBatch.objects.filter(pk=newest.pk).update(records=0, digest=link.digest, head=head)
        assert list(record_chain_faults()) == []
        assert "累计校验值：不一致" in text_of(client.get("/records/"))

    def test_a_chain_that_no_import_made_is_the_verdict(self, client, unit):
        other = make_department(code="D02", name="区水利局")
        audit.record("user.create", None, by=OPERATOR, at=NOON, detail={"fixed": {}})  # the log is whole
        link = Link(1, date(2026, 2, 2), 0, day_digest("00", ()), "")
        head = next_head(first_head("D02"), "D02", link)
        RecordBatch.objects.create(
            unit=other, seq=1, day=link.day, records=0, salt="00", digest=link.digest, head=head, received_at=NOON
        )
        assert list(record_chain_faults()) == []
        assert "（编号D02）在操作日志中没有记录，是另行加入的" in text_of(client.get("/records/"))

    def test_nobody_is_named(self, client, unit):
        for address in ("/records/", "/records/D01/", "/records/D01/chain.csv"):
            content = client.get(address).content.decode()
            assert not any(secret in content for secret in ("张三", "13800000001", RecordBatch.objects.first().salt))

    def test_unknown_units_are_not_found(self, client):
        assert client.get("/records/D99/").status_code == client.get("/records/D99/chain.csv").status_code == 404

    def test_the_number_of_statements_does_not_grow(self, client, unit, django_assert_max_num_queries):
        for _ in range(3):
            make_section()
        client.get("/records/")  # finds the verdict, which is kept for an hour
        with django_assert_max_num_queries(12):
            client.get("/records/")
        with django_assert_max_num_queries(14):
            client.get("/records/D01/")

    def test_nor_does_it_while_the_verdict_is_found(self, client, unit, django_assert_num_queries):
        with CaptureQueriesContext(connection) as with_one_unit:
            client.get("/records/")
        for n in range(3):
            deliver(make_section(), [f"2026-02-0{n + 2}"])

        with django_assert_num_queries(len(with_one_unit)):
            assert "累计校验值：一致" in text_of(client.get("/records/"))


class TestStatedCounts:
    def test_a_count_is_stated_once_and_changed_with_a_reason(self, unit):
        given = {"unit": unit, "day": date(2026, 2, 2), "by": make_user("clerk"), "at": NOON}
        with pytest.raises(RuleViolation, match="已经报送5件；改为6件须说明原因"):
            state_count(records=6, **given)
        assert state_count(records=5, **given).by is None
        state_count(records=6, reason="漏计一件", **given)
        assert StatedCount.objects.get().records == 6
        assert verify_chain() == []

    def test_the_log_notices_a_count_changed_behind_its_back(self, unit):
        StatedCount.objects.update(records=3)
        assert "单位自报办件数" in verify_chain()[0]

    def test_a_count_of_the_future_is_refused(self, unit):
        with pytest.raises(RuleViolation, match="今天以后"):
            state_count(unit=unit, day=date(2026, 3, 3), records=1, by=OPERATOR, at=NOON)

    def test_the_office_states_it_on_a_page(self, client, unit):
        client.force_login(make_user("clerk"))
        page = "/admin/evaluations/recordbatch/stated/"
        assert client.get(page).status_code == 200
        client.post(page, {"unit": unit.pk, "counts": "2026-02-05 1"})
        assert StatedCount.objects.get(day=date(2026, 2, 5)).records == 1
        answer = client.post(page, {"unit": unit.pk, "counts": "2026-02-05 9"})
        assert answer.status_code == 400 and "须说明原因" in text_of(answer)
        client.force_login(make_user("chief"))
        assert client.get(page).status_code == 403


class TestBatches:
    def test_the_office_sees_batches_and_the_way_to_import(self, client, unit):
        client.force_login(make_user("clerk"))
        text = text_of(client.get("/admin/evaluations/recordbatch/"))
        assert "导入办件" in text and "区林业局" in text

    def test_the_newest_batch_stands_first(self, client, unit):
        cells = ("9", unit.sections.get().code, "2026-02-03", "张三", "13800000001")
        rows = [Row("办件.csv", 1, HEADINGS), Row("办件.csv", 2, cells)]
        import_records(rows=rows, by=OPERATOR, at=NOON + timedelta(minutes=1))
        client.force_login(make_user("clerk"))
        answer = client.get("/admin/evaluations/recordbatch/")
        assert [batch.seq for batch in answer.context["cl"].result_list] == [3, 2, 1]

    def test_a_file_is_previewed_and_confirmed(self, client, unit):
        section = unit.sections.get()
        client.force_login(make_user("clerk"))
        content = f"办件编号,科室,办结日期,姓名,手机号\n9,{section.code},2026-02-06,李四,13800000001\n"
        upload = {"file": _file("办件.csv", content)}
        answer = client.post("/admin/lists/service-records/", upload, follow=True)
        text = text_of(answer)
        assert "新办件1" in text and "几个人共用的手机号1" in text
        assert not ServiceRecord.objects.filter(number="9").exists()
        page = answer.redirect_chain[-1][0]
        client.post(f"{page}confirm/", {"confirm": "1", "fingerprint": answer.context["fingerprint"]})
        assert ServiceRecord.objects.filter(number="9").exists()

    def test_a_bad_file_is_refused_with_a_workbook_of_its_errors(self, client, unit):
        client.force_login(make_user("clerk"))
        upload = {"file": _file("办件.csv", "办件编号,科室,办结日期,姓名\n9,没有的科,2026-02-06,李四\n")}
        answer = client.post("/admin/lists/service-records/", upload, follow=True)
        assert "科室“没有的科”不在评议对象名录中" in text_of(answer)
        page = answer.redirect_chain[-1][0]
        assert client.get(f"{page}errors.xlsx").status_code == 200
