"""Pools: lists are imported all or nothing; objections are answered before the commitment."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accountability.worklist.queries.items import work_items_of
from evaluations.draws.pages.pools import pool_lines
from evaluations.draws.services.commitment import abandon_draw
from evaluations.pools.models import PoolEntry, PoolNotice
from evaluations.pools.queries import notice_faults
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import Confirmation, exclude_person, import_pool, preview_pool
from evaluations.pools.services.notices import announce_pool, answer_objection, record_objection
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import FileRefused, RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.evaluations.pools.lists import listed
from tests.evaluations.pools.lists import person as row_of
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
KIND = PoolKind.EVALUATORS


def take(round_, *people, kind=KIND, answers=None, agreed=""):
    confirmed = Confirmation(answers or {}, agreed)
    by = make_user("clerk")
    return import_pool(round_id=round_.pk, kind=kind, rows=listed(*people), by=by, at=NOON, confirmed=confirmed)


def look(round_, *people, kind=KIND, answers=None):
    return preview_pool(
        round_id=round_.pk, kind=kind, rows=listed(*people), by=make_user("clerk"), at=NOON, answers=answers
    )


def person(name="甲", phone="13800000001", stratum="其他", **cells):
    return row_of(name, phone, stratum, **cells)


class TestAList:
    def test_that_names_a_person_twice_yields_one_entry(self):
        codes = make_section().code, make_section().code
        done = take(make_round(), person(codes=codes[0]), person(codes=codes[1]), person("乙", "13800000002"))

        assert PoolEntry.objects.count() == 2
        assert PoolEntry.objects.get(name="甲").dealt_with == " ".join(codes)
        assert "手机号相同，合并为一人" in done.notes[0]

    def test_with_namesakes_keeps_both_unless_they_are_said_to_be_one(self):
        people = person(unit="某厂"), person(phone="13800000002", unit="某厂")
        first, second = make_round(), make_round()

        take(first, *people)
        (question,) = look(second, *people).preview.questions
        take(second, *people, answers={question.key: "same"})

        assert (first.pool.count(), second.pool.count()) == (2, 1)

    def test_with_an_open_question_is_refused(self):
        round_ = make_round()

        with pytest.raises(RuleViolation, match="1个问题须先回答"):
            take(round_, person("甲·乙"), person("甲•乙", "13800000002"))

        assert not PoolEntry.objects.exists()

    @pytest.mark.parametrize("answers", [{"people-00000000": "same"}, {"unit-1": "yes"}])
    def test_with_an_answer_to_no_question_is_refused(self, answers):
        with pytest.raises(RuleViolation, match="这个问题，或者回答"):
            take(make_round(), person(), answers=answers)

        assert not PoolEntry.objects.exists()

    def test_with_an_answer_that_is_no_choice_is_refused(self):
        people = person(unit="某厂"), person(phone="13800000002", unit="某厂")
        (question,) = look(make_round(), *people).preview.questions

        with pytest.raises(RuleViolation, match="不在可选范围内"):
            take(make_round(), *people, answers={question.key: "yes"})

    def test_is_logged_with_its_answers_and_without_names(self):
        people = person("甲·乙"), person("甲•乙", "13800000002")
        round_ = make_round()
        (question,) = look(round_, *people).preview.questions
        take(round_, *people, answers={question.key: "same"})

        entry = AuditEntry.objects.filter(action="pool.import").latest("pk")
        assert entry.detail["answers"] == {"people": {"same": 1}}
        assert "甲" not in str(entry.detail)

    @pytest.mark.parametrize(
        ("second", "fault"),
        [
            (person("乙"), "手机号与工作表“名单”第2行相同，但姓名不同"),
            (person(stratum="市场主体"), "但身份类别不同"),
            (person(phone="1380000"), "不是11位手机号"),
            (person(name=""), "“姓名”为空"),
            (person("乙", "13800000002", stratum="路人"), "无法识别"),
            (person("乙" * 41, "13800000002"), "超过40字"),
            (person("乙", "13800000002", codes="X99-01"), "科室代码“X99-01”不在名录中"),
        ],
    )
    def test_with_a_faulty_row_is_refused_whole_and_the_row_named(self, second, fault):
        round_ = make_round()

        with pytest.raises(FileRefused, match=fault) as refusal:
            take(round_, person(), second)

        assert "工作表“名单”第3行" in str(refusal.value)
        assert not PoolEntry.objects.exists()

    def test_excludes_staff_of_rated_units_and_their_relatives(self):
        make_department(name="公安局", short_names="警察局")
        done = take(
            make_round(),
            person(unit="南川区公安局"),
            person("乙", "13800000002", relatives="警察局"),
            person("丙", "13800000003"),
        )

        assert done.file.excluded() == 2
        assert PoolEntry.objects.get(name="甲").exclusion == "conflict"
        assert PoolEntry.objects.get(name="乙").exclusion_note == "近亲属在“警察局”即评议对象“公安局”工作"
        assert PoolEntry.objects.get(name="丙").exclusion == ""

    def test_is_only_compared_in_a_preview(self, django_assert_max_num_queries):
        round_, by = make_round(), make_user("clerk")
        people = [person(f"人{n}", f"1380000{n:04d}", unit=f"单位{n}") for n in range(200)]

        with django_assert_max_num_queries(12):
            found = preview_pool(round_id=round_.pk, kind=KIND, rows=listed(*people), by=by, at=NOON)

        assert len(found.people) == 200
        assert not PoolEntry.objects.exists()


class TestALaterList:
    def test_changes_people_in_place_and_removes_those_gone(self):
        round_ = make_round()
        take(round_, person(unit="某厂"), person("乙", "13800000002"), person("丙", "13800000003"))
        pk = round_.pool.get(name="甲").pk

        take(round_, person(phone="13900000001", unit="某厂"), person("丙", "13800000003"), person("丁", "13800000004"))

        assert list(round_.pool.values_list("name", flat=True).order_by("name")) == ["丁", "丙", "甲"]
        entry = round_.pool.get(pk=pk)
        assert (entry.name, entry.phone) == ("甲", "13900000001")

    def test_may_exchange_the_phones_of_two_people(self):
        round_ = make_round()
        take(round_, person("甲", "13800000001", unit="某厂"), person("乙", "13800000002", unit="某厂"))

        take(round_, person("乙", "13800000001", unit="某厂"), person("甲", "13800000002", unit="某厂"))

        assert {entry.name: entry.phone[-1] for entry in round_.pool.all()} == {"乙": "1", "甲": "2"}

    def test_keeps_exclusions_by_the_office(self):
        round_ = make_round()
        take(round_, person(), person("乙", "13800000002"))
        entry = round_.pool.get(name="甲")
        exclude_person(entry_id=entry.pk, reason="ineligible", note="非本区居民", by=make_user("chief"), at=NOON)

        take(round_, person("丙", "13800000003"), person("甲", unit="某厂"))

        assert round_.pool.get(name="甲").exclusion == "ineligible"
        assert round_.pool.get(name="甲").exclusion_note == "非本区居民"

    @pytest.mark.parametrize("spelling", ["张𬭎", "张 𬭎"])
    def test_that_is_the_same_in_any_spelling_changes_nothing_and_leaves_the_notice(self, spelling):
        round_ = make_round()
        take(round_, person("张𬭎"))
        announce_pool(round_id=round_.pk, kind=KIND, by=make_user("chief"), at=NOON)
        rows = AuditEntry.objects.count()

        assert take(round_, person(spelling)).preview.nothing

        assert round_.pool.get().name == "张𬭎"
        assert PoolNotice.objects.get().withdrawn_at is None
        assert AuditEntry.objects.count() == rows

    def test_is_refused_if_the_pool_has_changed_since_the_preview(self):
        round_ = make_round()
        agreed = look(round_, person("乙", "13800000002")).preview.fingerprint
        take(round_, person())

        with pytest.raises(RuleViolation, match="预览之后"):
            take(round_, person("乙", "13800000002"), agreed=agreed)

        assert round_.pool.get().name == "甲"

    def test_cannot_remove_who_stands_in_the_record_of_an_abandoned_draw(self):
        round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
        make_pool(round_)
        abandon_draw(draw_id=commit(round_).pk, reason="名单漏列一个镇", by=make_user("chief"), at=NOON)
        people = [(e.stratum, e.name, e.phone, "", "", "") for e in round_.pool.all()]

        with pytest.raises(RuleViolation, match="1人已列入作废的抽取"):
            take(round_, *people[1:])
        take(round_, *people, person("丁", "13800000004"))

        assert round_.pool.count() == len(people) + 1


class TestTheSearch:
    @pytest.mark.parametrize("text", ["张三", "张 三", "张\u3000三 某厂", "某 厂", "三　厂"])
    def test_finds_a_name_or_unit_in_any_spelling(self, client, text):
        take(make_round(), person("张\u3000三", unit="某厂"), person("李四", "13800000002"))
        client.force_login(make_user("clerk"))

        page = client.get(reverse("admin:evaluations_poolentry_changelist"), {"q": text}).content.decode()

        assert "138****0001" in page
        assert "138****0002" not in page


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

        with pytest.raises(RuleViolation, match="异议期至2026年3月5日"):
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
        with pytest.raises(RuleViolation, match="尚未公告"):
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

    def test_an_open_objection_stops_the_commitment_also_after_a_corrected_list(self, round_):
        make_pool(round_)
        notice = PoolNotice.objects.get()
        objection = record_objection(notice_id=notice.pk, content="某人已迁走", by=make_user("clerk"), at=NOON)
        take(round_, *[person(f"甲{n}", f"138000000{n:02d}") for n in range(30)])
        announce_pool(round_id=round_.pk, kind=KIND, by=make_user("chief"), at=NOON)
        chief, later = make_user("chief"), NOON + timedelta(days=4)

        (line,) = [each for each in pool_lines(round_, chief, later) if each.kind == KIND]
        assert line.objections == [objection]
        assert f"pool-objection-{objection.pk}" in {item.key for item in work_items_of(chief, at=later)}
        with pytest.raises(RuleViolation, match="1件异议没有处理"):
            commit(round_, at=later)
        answer_objection(objection_id=objection.pk, answer="已核实，已更正名单", by=chief, at=later)

        assert notice_faults(round_, KIND, later) == []

    def test_objections_must_be_in_time_and_are_answered_once(self, round_):
        make_pool(round_)
        notice = PoolNotice.objects.get()
        with pytest.raises(RuleViolation, match="异议期已过"):
            record_objection(notice_id=notice.pk, content="迟了", by=make_user("clerk"), at=NOON + timedelta(days=4))
        objection = record_objection(notice_id=notice.pk, content="某人已迁走", by=make_user("clerk"), at=NOON)
        answer_objection(objection_id=objection.pk, answer="查无此事", by=make_user("chief"), at=NOON)

        with pytest.raises(RuleViolation, match="已经办理"):
            answer_objection(objection_id=objection.pk, answer="再答", by=make_user("chief"), at=NOON)

    def test_is_given_once_and_for_people_only(self, round_):
        with pytest.raises(RuleViolation, match="尚未导入"):
            announce_pool(round_id=round_.pk, kind=KIND, by=make_user("chief"), at=NOON)
        make_pool(round_)
        with pytest.raises(RuleViolation, match="已经公告"):
            announce_pool(round_id=round_.pk, kind=KIND, by=make_user("chief"), at=NOON)


def test_a_committed_pool_is_never_replaced():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    commit(round_, DrawPurpose.EVALUATORS)

    with pytest.raises(RuleViolation, match="名单不能再改"):
        take(round_, person())
