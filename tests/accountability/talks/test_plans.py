"""Talks are planned, moved with a reason, held; the leader's talk may be with the head of the unit."""

import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse

from accountability.cases.models import Measure
from accountability.talks.models import TalkPlan, TalkSwitch
from accountability.talks.queries import standing_of, with_talks
from accountability.talks.rules import TalkStage
from accountability.talks.services.plans import hold_talk, plan_talk, switch_to_chief
from accountability.talks.services.records import write_talk
from accountability.worklist.queries.calendar import calendar_for
from accountability.worklist.queries.items import work_items_of
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.clock import queries as clock
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import (
    LATER,
    TODAY,
    make_account,
    make_case,
    make_liaison,
    make_measure,
    make_published_round,
    plan_facts,
    talk_facts,
)
from tests.accountability.factories import (
    hold_talk as record_held_talk,
)

pytestmark = pytest.mark.django_db
TOMORROW = LATER + timedelta(days=1)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The day before the planned talks."""
    monkeypatch.setattr(clock, "now", lambda: LATER)


def head_talk(**fields):
    return make_case(kind="talk_head", **fields).measures.get()


def leader_talk():
    measure = make_case(kind="talk_leader").measures.get()
    measure.target = "D01局分管领导 赵副局长"
    measure.save()
    return measure


def plan(measure, *, by, at=LATER, reason="", **changes):
    return plan_talk(measure_id=measure.pk, facts=plan_facts(**changes), reason=reason, by=by, at=at)


def stage(measure):
    return standing_of(with_talks(Measure.objects.all()).get(pk=measure.pk)).stage


def text_of(pdf):
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(done.stdout.decode().split())


def notice(client, made):
    answer = client.get(reverse("accountability:talk-notice", args=[made.pk]))
    return text_of(b"".join(answer) if answer.streaming else answer.content)


class TestPlanning:
    def test_whoever_writes_the_record_plans_the_talk(self):
        measure, unit = head_talk(), make_liaison()

        made = plan(measure, by=unit)

        assert (made.number, made.target, made.planned_by) == (1, "孙科长", unit)
        assert stage(measure) == TalkStage.PLANNED
        assert AuditEntry.objects.get().detail["step_label"] == "安排谈话"

    def test_others_plan_nothing(self):
        measure = head_talk()
        for by in (make_account(), make_liaison("D09"), make_account(Role.CHIEF)):
            with pytest.raises(Denied):
                plan(measure, by=by)
        assert not TalkPlan.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"starts_at": LATER}, "应当晚于现在"),
            ({"place": " "}, "请填写谈话地点"),
            ({"contact": ""}, "请填写联系人及电话"),
        ],
    )
    def test_a_plan_lacking_something_is_refused(self, changes, message):
        with pytest.raises(RuleViolation, match=message):
            plan(leader_talk(), by=make_account(), **changes)
        assert not TalkPlan.objects.exists()

    def test_what_is_recorded_is_planned_no_more(self):
        measure, unit = head_talk(), make_liaison()
        write_talk(measure_id=measure.pk, facts=talk_facts(), by=unit, at=LATER)

        with pytest.raises(RuleViolation, match="谈话记录已填写"):
            plan(measure, by=unit)

    def test_a_past_time_without_a_record_is_marked(self, monkeypatch):
        measure = head_talk()
        plan(measure, by=make_liaison())
        monkeypatch.setattr(clock, "now", lambda: TOMORROW + timedelta(minutes=1))

        assert stage(measure) == TalkStage.MISSED


class TestMoving:
    def test_a_moved_talk_keeps_the_earlier_plan_and_its_reason(self):
        measure, unit = head_talk(), make_liaison()
        first = plan(measure, by=unit)

        second = plan(measure, by=unit, reason="本人出差", starts_at=TOMORROW + timedelta(days=2))

        first.refresh_from_db()
        assert (second.number, second.move_reason, second.is_current) == (2, "本人出差", True)
        assert not first.is_current
        assert AuditEntry.objects.order_by("seq").last().reason == "本人出差"

    @pytest.mark.parametrize(
        ("reason", "changes", "message"),
        [
            (" ", {"starts_at": TOMORROW + timedelta(days=2)}, "请填写改期理由"),
            ("写错", {}, "时间和地点都没有变化"),
        ],
    )
    def test_nothing_moves_without_a_reason_or_a_change(self, reason, changes, message):
        measure, unit = head_talk(), make_liaison()
        plan(measure, by=unit)

        with pytest.raises(RuleViolation, match=message):
            plan(measure, by=unit, reason=reason, **changes)
        assert TalkPlan.objects.get().is_current

    @pytest.mark.pdftext
    def test_the_new_notice_replaces_the_earlier_one(self, client):
        measure, unit = head_talk(), make_liaison()
        first = plan(measure, by=unit)
        second = plan(measure, by=unit, reason="本人出差", starts_at=TOMORROW + timedelta(days=2))
        client.force_login(unit)

        text = notice(client, second)

        assert f"本通知书替代2020年7月20日发出的谈话通知书（编号{first.pk}" in text
        assert "改期理由：本人出差" in text
        assert client.get(reverse("accountability:talk-notice", args=[first.pk])).status_code == 404


class TestNotice:
    @pytest.mark.pdftext
    def test_it_says_what_when_where_and_whom_to_call(self, client):
        measure, unit = head_talk(), make_liaison()
        made = plan(measure, by=unit)
        client.force_login(unit)

        text = notice(client, made)

        for said in ("谈话通知书", "孙科长：", "2020年上半年列第1位", "2020年7月21日", "区纪委谈话室", "71420000"):
            assert said in text
        assert "诫勉" not in text
        assert "替代" not in text

    def test_other_units_do_not_get_it(self, client):
        made = plan(head_talk(), by=make_liaison())
        client.force_login(make_liaison("D09"))

        assert client.get(reverse("accountability:talk-notice", args=[made.pk])).status_code == 404


class TestHeld:
    def test_a_held_talk_waits_for_its_record(self):
        measure, unit = head_talk(), make_liaison()
        plan(measure, by=unit)

        hold_talk(measure_id=measure.pk, held_at=TOMORROW, by=unit, at=TOMORROW)

        assert stage(measure) == TalkStage.HELD
        with pytest.raises(RuleViolation, match="已登记谈话"):
            plan(measure, by=unit, at=TOMORROW, reason="再谈", starts_at=TOMORROW + timedelta(days=1))

    @pytest.mark.parametrize(
        ("held_at", "message"),
        [(TOMORROW + timedelta(hours=1), "不能晚于现在"), (LATER - timedelta(days=15), "公示日期")],
    )
    def test_it_was_held_between_publication_and_now(self, held_at, message):
        measure, unit = head_talk(), make_liaison()
        plan(measure, by=unit)

        with pytest.raises(RuleViolation, match=message):
            hold_talk(measure_id=measure.pk, held_at=held_at, by=unit, at=TOMORROW)
        assert TalkPlan.objects.get().held_at is None

    def test_it_is_offered_from_the_planned_time_on_and_never_proposes_a_time_to_come(self, client, monkeypatch):
        measure, unit = head_talk(), make_liaison()
        plan(measure, by=unit)
        client.force_login(unit)
        page, form = (reverse(f"accountability:{name}", args=[measure.pk]) for name in ("talk", "talk-held"))

        assert form not in client.get(page).content.decode()
        assert client.get(form).context["form"].initial["held_at"] == LATER

        monkeypatch.setattr(clock, "now", lambda: TOMORROW)
        assert form in client.get(page).content.decode()
        assert client.get(form).context["form"].initial["held_at"] == TOMORROW

    def test_what_was_never_planned_is_recorded_at_once(self):
        with pytest.raises(RuleViolation, match="直接填写谈话记录"):
            hold_talk(measure_id=head_talk().pk, held_at=LATER, by=make_liaison(), at=LATER)

    def test_the_record_begins_with_what_was_planned(self, client):
        measure, unit = head_talk(), make_liaison()
        plan(measure, by=unit, place="第二会议室")
        client.force_login(unit)

        form = client.get(reverse("accountability:talk-write", args=[measure.pk])).context["form"]

        assert (form.initial["place"], form.initial["held_at"]) == ("第二会议室", TOMORROW)


class TestSwitch:
    def test_the_commission_takes_the_head_of_the_unit_with_a_reason(self, client):
        measure, commission = leader_talk(), make_account()
        plan(measure, by=commission)

        switch_to_chief(measure_id=measure.pk, reason="分管领导空缺", by=commission, at=LATER)

        measure.refresh_from_db()
        assert measure.target.startswith("D01局主要领导")
        assert TalkSwitch.objects.get().former == "D01局分管领导 赵副局长"
        assert stage(measure) == TalkStage.UNPLANNED
        assert AuditEntry.objects.order_by("seq").last().reason == "分管领导空缺"
        client.force_login(commission)
        page = client.get(reverse("accountability:talk", args=[measure.pk])).content.decode()
        assert "理由：分管领导空缺" in page

    @pytest.mark.pdftext
    def test_the_next_notice_does_not_tell_the_head_of_the_one_to_somebody_else(self, client):
        measure, commission = leader_talk(), make_account()
        plan(measure, by=commission)
        switch_to_chief(measure_id=measure.pk, reason="分管领导空缺", by=commission, at=LATER)

        made = plan(measure, by=commission)

        client.force_login(commission)
        assert made.number == 2
        assert "替代" not in notice(client, made)

    def test_the_notice_to_the_former_person_lapses_and_the_page_says_to_tell_them(self, client):
        measure, commission = leader_talk(), make_account()
        lapsed = plan(measure, by=commission)
        switch_to_chief(measure_id=measure.pk, reason="分管领导空缺", by=commission, at=LATER)
        client.force_login(commission)

        assert client.get(reverse("accountability:talk-notice", args=[lapsed.pk])).status_code == 404
        page = client.get(reverse("accountability:talk", args=[measure.pk])).content.decode()
        assert "原谈话安排和谈话通知书已作废，已送达原谈话对象的，应告知其不再谈话" in page

    def test_nobody_is_to_be_told_of_a_talk_that_was_not_planned(self, client):
        measure, commission = leader_talk(), make_account()
        switch_to_chief(measure_id=measure.pk, reason="分管领导空缺", by=commission, at=LATER)
        client.force_login(commission)

        page = client.get(reverse("accountability:talk", args=[measure.pk])).content.decode()
        assert "通知书已作废" not in page

    def test_it_is_refused_twice_without_reason_and_after_the_talk(self):
        measure, commission = leader_talk(), make_account()
        with pytest.raises(RuleViolation, match="请填写"):
            switch_to_chief(measure_id=measure.pk, reason=" ", by=commission, at=LATER)
        plan(measure, by=commission)
        hold_talk(measure_id=measure.pk, held_at=TOMORROW, by=commission, at=TOMORROW)
        with pytest.raises(RuleViolation, match="谈话已经进行"):
            switch_to_chief(measure_id=measure.pk, reason="空缺", by=commission, at=TOMORROW)
        other = make_measure(measure.case, "talk_head")
        with pytest.raises(Denied):
            switch_to_chief(measure_id=other.pk, reason="空缺", by=commission, at=LATER)
        assert not TalkSwitch.objects.exists()

    def test_whoever_already_meets_the_head_switches_nothing(self):
        measure, commission = leader_talk(), make_account()
        switch_to_chief(measure_id=measure.pk, reason="空缺", by=commission, at=LATER)

        with pytest.raises(RuleViolation, match="无需变更"):
            switch_to_chief(measure_id=measure.pk, reason="空缺", by=commission, at=LATER)


class TestShownEverywhere:
    def test_work_list_and_calendar_name_the_date(self):
        make_published_round()
        measure = Measure.objects.filter(kind="talk_leader").first()
        commission = make_account()
        plan(measure, by=commission)

        items = work_items_of_today(commission)
        lines = [line.what for calendar in calendar_for(commission, LATER) for line in calendar.lines]

        assert any("对单位领导谈话提醒，已安排（2020年7月21日" in what for what in items)
        assert any("已安排（2020年7月21日" in what for what in lines)

    def test_a_record_that_awaits_confirmation_says_so_in_the_work_list(self):
        measure, commission = head_talk(), make_account()
        record_held_talk(measure, by=make_liaison())

        assert any("对科室负责人谈话提醒，已报送待确认" in what for what in work_items_of_today(commission))

    def test_the_talk_page_offers_the_next_step(self, client):
        measure, unit = head_talk(), make_liaison()
        client.force_login(unit)
        address = reverse("accountability:talk", args=[measure.pk])

        before = client.get(address).content.decode()
        client.post(
            reverse("accountability:talk-plan", args=[measure.pk]),
            {**plan_facts(), "starts_at": "2099-01-05T10:00"},
        )
        after = client.get(address).content.decode()

        assert "安排谈话" in before
        assert "打印谈话通知书" in after
        assert "已安排（2099年1月5日 10:00）" in after


def work_items_of_today(account):
    return [item.what for item in work_items_of(account, TODAY)]
