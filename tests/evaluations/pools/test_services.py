"""Pools: files are previewed, then imported all or nothing; objections are answered before the commitment."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from evaluations.pools.models import PoolEntry, PoolNotice, PoolUpload
from evaluations.pools.rules import PoolKind
from evaluations.pools.services.lists import confirm_upload, exclude_person, import_pool, upload_pool
from evaluations.pools.services.notices import announce_pool, answer_objection, record_objection
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import (
    NOON,
    commit,
    make_department,
    make_pool,
    make_round,
    make_section,
    make_user,
)

pytestmark = pytest.mark.django_db
HEADER = ("身份类别", "姓名", "手机号", "单位", "办过事的科室", "回避申报")
KIND = PoolKind.EVALUATORS


def take(round_, *people, kind=KIND, dry_run=False):
    rows = [("名单", n, cells) for n, cells in enumerate([HEADER, *people], start=1)]
    return import_pool(round_id=round_.pk, kind=kind, rows=rows, by=make_user("clerk"), at=NOON, dry_run=dry_run)


def person(name="甲", phone="13800000001", stratum="其他", unit="", dealt_with="", relatives=""):
    return (stratum, name, phone, unit, dealt_with, relatives)


class TestAFile:
    def test_that_lists_a_person_twice_yields_one_entry(self):
        codes = make_section().code, make_section().code
        file = take(make_round(), person(dealt_with=codes[0]), person(dealt_with=codes[1]), person("乙", "13800000002"))

        assert PoolEntry.objects.count() == 2
        assert PoolEntry.objects.get(name="甲").dealt_with == " ".join(codes)
        assert "手机号相同，合并为一人" in file.notes[0]

    def test_a_second_phone_does_not_make_a_second_person(self):
        file = take(make_round(), person(unit="某厂"), person(phone="13800000002", unit="某厂"))

        assert PoolEntry.objects.get().phone == "13800000001"
        assert "姓名和单位相同" in file.notes[0]

    def test_namesakes_without_a_unit_are_two_people(self):
        take(make_round(), person(), person(phone="13800000002"))

        assert PoolEntry.objects.count() == 2

    @pytest.mark.parametrize(
        ("second", "fault"),
        [
            (person("乙"), "手机号与工作表“名单”第2行相同，但姓名不同"),
            (person(stratum="市场主体"), "但身份类别不同"),
            (person(phone="1380000"), "不是11位手机号"),
            (person(name=""), "姓名不能为空"),
            (person("乙", "13800000002", stratum="路人"), "不在规则中"),
            (person("乙" * 41, "13800000002"), "超过规定长度"),
            (person("乙", "13800000002", dealt_with="X99-01"), "科室代码“X99-01”不在名录中"),
        ],
    )
    def test_with_a_faulty_row_is_refused_whole_and_the_row_named(self, second, fault):
        round_ = make_round()

        with pytest.raises(RuleViolation, match=fault) as refusal:
            take(round_, person(), second)

        assert "工作表“名单”第3行" in str(refusal.value)
        assert not PoolEntry.objects.exists()

    def test_full_of_faults_names_the_first_fifty(self):
        with pytest.raises(RuleViolation, match="还有10行有错") as refusal:
            take(make_round(), *[person(phone="1")] * 60)

        assert len(refusal.value.reasons) == 51

    @pytest.mark.parametrize("rows", [[], [HEADER], [("姓名",), ("甲",)]])
    def test_without_people_or_header_is_refused(self, rows):
        with pytest.raises(RuleViolation, match=r"表头|没有人员"):
            import_pool(
                round_id=make_round().pk,
                kind=KIND,
                rows=[("名单", n, cells) for n, cells in enumerate(rows, 1)],
                by=make_user("clerk"),
                at=NOON,
            )

    def test_excludes_staff_of_rated_units_and_their_relatives(self):
        make_department(name="公安局")
        file = take(
            make_round(),
            person(unit="公安局"),
            person("乙", "13800000002", relatives="公安局"),
            person("丙", "13800000003"),
        )

        assert file.excluded() == 2
        assert PoolEntry.objects.get(name="甲").exclusion == "conflict"
        assert PoolEntry.objects.get(name="乙").exclusion_note == "近亲属在评议对象“公安局”工作"
        assert PoolEntry.objects.get(name="丙").exclusion == ""

    def test_of_service_records_needs_sections_but_no_stratum(self):
        code = make_section().code
        take(make_round(), person(stratum="", dealt_with=code), kind=PoolKind.RECIPIENTS)

        assert PoolEntry.objects.get().stratum == "服务对象"

    def test_is_only_checked_in_a_dry_run(self):
        assert len(take(make_round(), person(), dry_run=True).people) == 1
        assert not PoolEntry.objects.exists()


class TestAnUpload:
    CSV = "身份类别,姓名,手机号\n其他,甲,13800000001\n".encode()

    def upload(self, round_, by, content=CSV):
        return upload_pool(round_id=round_.pk, kind=KIND, file=("名单.csv", content), by=by, at=NOON)

    def test_is_previewed_stored_encrypted_and_deleted_once_confirmed(self):
        by = make_user("clerk")
        upload, file = self.upload(make_round(), by)
        assert [p.name for p in file.people] == ["甲"]
        assert not PoolEntry.objects.exists()
        assert b"13800000001" not in bytes(upload.content)

        confirm_upload(upload_id=upload.pk, by=by, at=NOON)

        assert PoolEntry.objects.get().name == "甲"
        assert not PoolUpload.objects.exists()

    def test_is_confirmed_once_and_only_by_its_uploader(self):
        by = make_user("clerk")
        upload, _ = self.upload(make_round(), by)

        with pytest.raises(RuleViolation, match="请重新上传"):
            confirm_upload(upload_id=upload.pk, by=make_user("clerk"), at=NOON)
        confirm_upload(upload_id=upload.pk, by=by, at=NOON)
        with pytest.raises(RuleViolation, match="已经导入"):
            confirm_upload(upload_id=upload.pk, by=by, at=NOON)

    def test_shows_masked_phones_in_the_preview(self, client):
        round_, by = make_round(), make_user("clerk")
        client.force_login(by)
        address = reverse("admin:round-pool", args=[round_.pk])

        page = client.post(address, {"kind": KIND, "file": SimpleUploadedFile("名单.csv", self.CSV)}).content.decode()

        assert "138****0001" in page
        assert "13800000001" not in page
        client.post(reverse("admin:pool-confirm", args=[round_.pk, PoolUpload.objects.get().pk]))
        assert PoolEntry.objects.count() == 1


class TestExclusions:
    @pytest.fixture
    def round_(self):
        round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
        make_pool(round_)
        return round_

    def exclude(self, entry, reason="conflict", note="本人申报", role="chief"):
        return exclude_person(entry_id=entry.pk, reason=reason, note=note, by=make_user(role), at=NOON)

    def test_exclude_a_person_and_include_them_again(self, round_):
        entry = round_.pool.first()

        assert self.exclude(entry).exclusion == "conflict"
        assert self.exclude(entry, reason="", note="查明无关").exclusion == ""

    def test_come_before_the_commitment(self, round_):
        commit(round_)

        with pytest.raises(RuleViolation, match="须在公布承诺前登记"):
            self.exclude(round_.pool.first())

        assert not round_.pool.exclude(exclusion="").exists()

    @pytest.mark.parametrize(("reason", "note"), [("dislike", "说明"), ("conflict", " ")])
    def test_need_a_valid_reason_and_a_note(self, round_, reason, note):
        with pytest.raises(RuleViolation):
            self.exclude(round_.pool.first(), reason, note)

    def test_are_made_by_the_chief_only(self, round_):
        with pytest.raises(Denied):
            self.exclude(round_.pool.first(), role="clerk")


class TestTheNotice:
    @pytest.fixture
    def round_(self):
        return make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20, "pool_objection_workdays": 3})

    def test_delays_the_commitment_until_the_objection_period_is_over(self, round_):
        make_pool(round_)

        with pytest.raises(RuleViolation, match="异议期至2026年03月05日"):
            commit(round_, at=NOON + timedelta(days=3))
        assert commit(round_, at=NOON + timedelta(days=4)).pk

    def test_is_public_without_a_name(self, round_, client):
        make_pool(round_)

        page = client.get(reverse("draws")).content.decode()

        assert "服务对象30" in page
        assert "2026年3月5日" in page
        assert "服务对象第0人" not in page

    def test_is_withdrawn_by_a_new_import(self, round_):
        make_pool(round_)

        take(round_, person())

        assert PoolNotice.objects.get().withdrawn_at == NOON
        with pytest.raises(RuleViolation, match="还没有公告"):
            commit(round_)

    def test_an_open_objection_stops_the_commitment(self, round_):
        make_pool(round_)
        notice = PoolNotice.objects.get()
        objection = record_objection(notice_id=notice.pk, content="某人已迁走", by=make_user("clerk"), at=NOON)
        later = NOON + timedelta(days=4)

        with pytest.raises(RuleViolation, match="1件异议没有处理"):
            commit(round_, at=later)
        answer_objection(objection_id=objection.pk, answer="已核实，回避", by=make_user("chief"), at=later)

        assert commit(round_, at=later).pk

    def test_objections_must_be_in_time_and_are_answered_once(self, round_):
        make_pool(round_)
        notice = PoolNotice.objects.get()
        with pytest.raises(RuleViolation, match="异议期已过"):
            record_objection(notice_id=notice.pk, content="迟了", by=make_user("clerk"), at=NOON + timedelta(days=4))
        objection = record_objection(notice_id=notice.pk, content="某人已迁走", by=make_user("clerk"), at=NOON)
        answer_objection(objection_id=objection.pk, answer="查无此事", by=make_user("chief"), at=NOON)

        with pytest.raises(RuleViolation, match="已经处理"):
            answer_objection(objection_id=objection.pk, answer="再答", by=make_user("chief"), at=NOON)

    def test_is_given_once_and_for_people_only(self, round_):
        with pytest.raises(RuleViolation, match="还没有导入"):
            announce_pool(round_id=round_.pk, kind=KIND, by=make_user("clerk"), at=NOON)
        make_pool(round_)
        with pytest.raises(RuleViolation, match="已经公告"):
            announce_pool(round_id=round_.pk, kind=KIND, by=make_user("clerk"), at=NOON)


def test_a_committed_pool_is_never_replaced():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    commit(round_, DrawPurpose.EVALUATORS)

    with pytest.raises(RuleViolation, match="名单不能再改"):
        take(round_, person())
