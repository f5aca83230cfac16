"""Correction of a wrong name or phone: the old record stays, counted no more; the chain holds, draws are untouched."""

from datetime import date

import pytest

from evaluations.draws.models import Draw, DrawEntry
from evaluations.personal_data.services import record_corrections as corrections
from evaluations.personal_data.services.clients import CORRECTED, erase_client, records_held, unnamed_faults
from evaluations.rounds.models import Round
from evaluations.rounds.rules.lifecycle import DrawStatus, RoundState
from evaluations.service_records.models import Client, RecordBatch, ServiceRecord
from evaluations.service_records.pages.chain import chain_lines, unit_line
from evaluations.service_records.queries.chain import (
    chain_of,
    correction_faults,
    record_chain_faults,
    record_content_faults,
)
from evaluations.service_records.queries.figures import frame_figures
from evaluations.service_records.services.importing import import_records
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.spreadsheets import Row
from tests.factories import NOON, make_department, make_round, make_section, make_user

pytestmark = pytest.mark.django_db
HEADINGS = ("办件编号", "科室", "办结日期", "姓名", "手机号")
DAY, WRONG, RIGHT = date(2026, 2, 2), "13800000001", "13900000002"
PAGE = "/admin/evaluations/datarequest/record/correct/"


@pytest.fixture
def section():
    return make_section(department=make_department(code="D01", name="区林业局"), code="D01-01")


@pytest.fixture
def record(section):
    deliver(section)
    return ServiceRecord.objects.get(number="1")


def deliver(section, *, name="张三", phone=WRONG):
    lines = [("1", section.code, DAY.isoformat(), name, phone), ("2", section.code, DAY.isoformat(), "李四", "")]
    rows = [Row("办件.csv", n, cells) for n, cells in enumerate((HEADINGS, *lines), start=1)]
    return import_records(rows=rows, by=OPERATOR, at=NOON)


def correct(record, **given):
    changes = corrections.checked_changes(record, **{"name": "", "phone": "", **given})
    with policy.approved(corrections.CORRECT):
        return corrections.correct_record(
            record_id=record.pk, changes=changes, reason="单位来函", by=make_user("chief"), at=NOON
        )


def faults():
    return [*record_chain_faults(), *correction_faults(), *record_content_faults()]


def drawn(record, round_, **fields):
    draw = Draw.objects.create(
        round=round_, purpose="clients", draw_id=f"d{round_.pk}", params="{}", commit="0", committed_at=NOON, **fields
    )
    return DrawEntry.objects.create(draw=draw, stratum=f"{record.section.code} 甲", token="t", client=record.client)


def draft():
    return make_round(period_start=date(2026, 1, 1), period_end=date(2026, 6, 30))


class TestCorrection:
    def test_the_newer_version_stands_and_the_older_one_stays_marked(self, record):
        newer = correct(record, phone=RIGHT)
        record.refresh_from_db()
        assert (record.is_corrected, str(record.client.phone), record.version) == (True, WRONG, 1)
        assert (newer.number, newer.version, str(newer.client.phone), newer.client.name) == ("1", 2, RIGHT, "张三")
        assert ServiceRecord.objects.standing().get(number="1") == newer
        assert faults() == [] and list(verify_chain()) == []

    def test_the_frame_counts_the_record_once_with_the_right_person(self, record):
        round_ = draft()
        correct(record, phone="", has_no_phone=True)
        (row,) = frame_figures(round_, NOON).rows
        assert (row.now.records, row.now.people, row.now.eligible, row.now.without_phone) == (2, 2, 0, 2)

    def test_the_count_of_the_day_stays_and_the_chain_tells_of_the_correction(self, client, record):
        correct(record, name="章三")
        unit = record.unit
        (day,) = unit_line(unit, NOON).units[0].days
        assert (day.received, [batch.is_correction for batch in day.batches]) == (2, [False, True])
        assert [line.split(",")[-1].strip() for line in chain_lines(unit.code)] == ["correction", "0", "1"]
        assert "第2批更正1件" in client.get("/records/D01/").content.decode()

    def test_a_person_who_is_known_already_is_found(self, record):
        other = ServiceRecord.objects.get(number="2")
        correct(other, phone=WRONG)
        correct(ServiceRecord.objects.standing().get(number="2"), name="张三")
        assert ServiceRecord.objects.standing().get(number="2").client == record.client
        assert [link.seq for link in chain_of("D01")] == [1, 2, 3] and faults() == []

    def test_a_second_correction_is_a_third_version(self, record):
        correct(correct(record, phone=RIGHT), name="张山")
        newest = ServiceRecord.objects.standing().get(number="1")
        assert (newest.version, newest.client.name, str(newest.client.phone)) == (3, "张山", RIGHT)
        assert faults() == []

    def test_the_log_names_neither_name_nor_phone(self, record):
        correct(record, name="章三", phone=RIGHT)
        entry = AuditEntry.objects.latest("seq")
        assert entry.detail["fields"] == ["name", "phone"] and entry.reason == "单位来函"
        assert not any(secret in str(entry.detail) for secret in ("章三", RIGHT, WRONG))

    def test_a_system_that_delivers_the_day_once_more_changes_nothing(self, section, record):
        correct(record, phone=RIGHT)
        assert (deliver(section).known, ServiceRecord.objects.count()) == (2, 3)
        assert deliver(section, phone=RIGHT).known == 2
        with pytest.raises(FileRefused, match="内容不同"):
            deliver(section, phone="13700000009")


class TestRefusals:
    def test_what_a_committed_draw_has_used_is_not_corrected(self, record):
        drawn(record, draft())
        before = (ServiceRecord.objects.count(), RecordBatch.objects.count(), Client.objects.count())
        with pytest.raises(RuleViolation, match="抽取承诺公布以后不能更正"):
            correct(record, phone=RIGHT)
        assert before == (ServiceRecord.objects.count(), RecordBatch.objects.count(), Client.objects.count())

    def test_after_the_round_and_after_an_abandoned_draw_it_is(self, record):
        round_ = draft()
        drawn(record, round_, status=DrawStatus.ABANDONED)
        newer = correct(record, phone=RIGHT)
        other = make_round(period_start=date(2026, 1, 1), period_end=date(2026, 12, 31))
        drawn(newer, other)
        Round.objects.filter(pk=other.pk).update(state=RoundState.PUBLISHED)
        assert correct(newer, name="章三").version == 3

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({}, "没有改动"),
            ({"phone": WRONG, "name": "张三"}, "没有改动"),
            ({"phone": "123"}, "手机号有误"),
            ({"phone": RIGHT, "has_no_phone": True}, "只留一项"),
            ({"name": "张" * 41}, "超过40字"),
        ],
    )
    def test_nothing_to_correct_and_bad_input(self, record, given, said):
        with pytest.raises(RuleViolation, match=said):
            correct(record, **given)

    def test_a_corrected_record_and_one_without_its_person(self, record):
        correct(record, phone=RIGHT)
        record.refresh_from_db()
        with pytest.raises(RuleViolation, match="已经更正过"):
            correct(record, name="章三")
        ServiceRecord.objects.filter(number="2").update(client=None)
        with pytest.raises(RuleViolation, match="已经清除"):
            correct(ServiceRecord.objects.get(number="2"), name="章三")


class TestTampering:
    """Whoever leaves a record out, or counts one twice, behind the log."""

    def test_a_record_marked_without_a_correction_is_noticed(self, record):
        ServiceRecord.objects.filter(number="2").update(is_corrected=True)
        assert faults() == ["区林业局的办件2的更正标记与更正批次不符，被改动过。"]

    def test_a_mark_taken_away_is_noticed(self, record):
        correct(record, phone=RIGHT)
        ServiceRecord.objects.update(is_corrected=False)
        assert faults() == ["区林业局的办件1的更正标记与更正批次不符，被改动过。"]

    def test_a_correction_batch_made_an_ordinary_one_is_noticed(self, record):
        correct(record, phone=RIGHT)
        RecordBatch.objects.update(is_correction=False)
        assert any("第2批的累计校验值不符" in fault for fault in faults())
        assert "区林业局的办件1第2版所在的批次不符，被改动过。" in faults()

    def test_another_name_in_the_corrected_record_is_noticed(self, record):
        newer = correct(record, phone=RIGHT)
        Client.objects.filter(pk=newer.client_id).update(name="王五")
        assert faults() == ["区林业局第2批办件的内容与收到时不同，被改动过。"]


class TestPage:
    @pytest.fixture(autouse=True)
    def two_persons(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_one_proposes_another_approves(self, client, record):
        client.force_login(make_user("clerk"))
        given = {"unit": record.unit.pk, "number": "1", "phone": RIGHT, "reason": "单位来函核实"}
        assert client.post(PAGE, given).status_code == 302
        approval = Approval.objects.get()
        assert RIGHT not in str(approval.arguments) and not RecordBatch.objects.filter(is_correction=True).exists()
        assert approval.content["办事人"] == "张三，手机号138****0001"
        assert approval.content["更正手机号"] == "139****0002"
        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)
        assert str(ServiceRecord.objects.standing().get(number="1").client.phone) == RIGHT

    def test_what_is_refused_is_said_with_what_was_typed(self, client, record):
        client.force_login(make_user("clerk"))
        given = {"unit": record.unit.pk, "number": "9", "phone": RIGHT, "reason": "核实"}
        page = client.post(PAGE, given).content.decode()
        assert "区林业局没有编号为“9”的办件，请核对。" in page and RIGHT in page
        drawn(record, draft())
        assert "抽取承诺公布以后不能更正" in client.post(PAGE, {**given, "number": "1"}).content.decode()
        assert not Approval.objects.exists()

    def test_the_list_of_batches_leads_there(self, client, record):
        client.force_login(make_user("clerk"))
        assert PAGE in client.get("/admin/evaluations/recordbatch/").content.decode()
        client.force_login(make_user("auditor"))
        assert client.get(PAGE).status_code == 403


class TestThePersonBehindIt:
    def test_who_stays_out_of_the_draw_still_does(self, record):
        Client.objects.filter(pk=record.client_id).update(exclusion="conflict", exclusion_note="近亲属")

        newer = correct(record, phone=RIGHT)

        assert (newer.client.exclusion, newer.client.exclusion_note) == ("conflict", "近亲属")

    def test_another_width_or_blank_of_the_same_name_is_no_correction(self, record):
        with pytest.raises(RuleViolation, match="没有改动"):
            correct(record, name="张 三")

    def test_whoever_has_the_wrong_phone_is_told_nothing_of_the_person(self, record):
        correct(record, phone=RIGHT)

        (told,) = records_held(record.client.phone_hash)

        assert {told["姓名"], told["单位"], told["办过事的科室"]} == {CORRECTED}

    def test_an_erasure_takes_what_stood_there_before(self, record):
        newer = correct(record, phone=RIGHT)

        erase_client(client_id=newer.client_id, reason="本人申请", by=make_user("chief"), at=NOON)

        assert not ServiceRecord.objects.filter(number="1").exclude(client=None).exists()
        assert list(unnamed_faults()) == []
