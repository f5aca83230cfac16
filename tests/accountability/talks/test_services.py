"""A talk is done only with a complete, signed and scanned record."""

from datetime import UTC, date, datetime

import pytest

from accountability.cases.rules.measures import MeasureState, TalkState
from accountability.evidence.services.evidence import add_evidence
from accountability.talks.models import Talk
from accountability.talks.services.records import (
    confirm_talk,
    file_talk,
    may_confirm,
    may_write,
    return_talk,
    write_talk,
)
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, NeedsApproval, Role
from tests.accountability.factories import (
    LATER,
    hold_talk,
    make_account,
    make_case,
    make_file,
    make_liaison,
    make_measure,
    talk_facts,
)

pytestmark = pytest.mark.django_db


def leader_talk():
    return make_case(kind="talk_leader").measures.get()


def head_talk():
    return make_case(kind="talk_head").measures.get()


def write(measure, *, by, **changes):
    return write_talk(measure_id=measure.pk, facts=talk_facts(**changes), by=by, at=LATER)


def test_the_commissions_own_talk_completes_the_measure():
    measure, commission = leader_talk(), make_account()

    talk = hold_talk(measure, by=commission)

    measure.refresh_from_db()
    assert talk.state == TalkState.CONFIRMED
    assert (measure.state, measure.done_on, measure.done_by) == (MeasureState.DONE, date(2020, 7, 15), commission)
    assert "谈话记录第" in measure.record


def test_a_units_talk_waits_for_confirmation_by_the_commission():
    measure, unit = head_talk(), make_liaison()

    talk = hold_talk(measure, by=unit)
    measure.refresh_from_db()
    assert (talk.state, measure.state) == (TalkState.FILED, MeasureState.PENDING)

    confirm_talk(talk_id=talk.pk, by=make_account(), at=LATER)
    measure.refresh_from_db()
    assert measure.state == MeasureState.DONE


def test_a_returned_record_is_changed_and_submitted_again():
    measure, unit = head_talk(), make_liaison()
    talk = hold_talk(measure, by=unit)

    return_talk(talk_id=talk.pk, reason="缺整改要求", by=make_account(), at=LATER)
    write(measure, by=unit, demand="两周内整改")
    again = file_talk(talk_id=talk.pk, by=unit, at=LATER)

    assert (again.state, again.demand, again.return_reason) == (TalkState.FILED, "两周内整改", "缺整改要求")


class TestTwoPersonRule:
    """acc.talk.head: the unit proposes by submitting; the commission approves the record with its files."""

    @pytest.fixture(autouse=True)
    def two_person_rule(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_submission_proposes_and_approval_confirms_the_record(self):
        measure = head_talk()
        talk = hold_talk(measure, by=make_liaison())
        approval = Approval.objects.get(kind="talk.confirm")
        with pytest.raises(NeedsApproval):
            confirm_talk(talk_id=talk.pk, by=make_account(), at=LATER)
        assert approval.content["对象表态"] == talk.attitude
        assert talk.evidence.get().sha256 in approval.content["签字件"][0]

        approvals.approve(approval_id=approval.pk, by=make_account(), at=LATER)

        measure.refresh_from_db()
        assert measure.state == MeasureState.DONE

    def test_a_file_exchanged_meanwhile_returns_the_record(self):
        talk = hold_talk(head_talk(), by=make_liaison())
        talk.evidence.update(sha256="0" * 64)

        with pytest.raises(RuleViolation, match="已失效"):
            approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(), at=LATER)

        talk.refresh_from_db()
        assert talk.state == TalkState.RETURNED

    def test_a_proposal_sent_back_returns_the_record_to_the_unit(self):
        measure, unit = head_talk(), make_liaison()
        talk = hold_talk(measure, by=unit)

        approvals.send_back(approval_id=Approval.objects.get().pk, note="缺整改要求", by=make_account(), at=LATER)
        write(measure, by=unit, demand="两周内整改")
        file_talk(talk_id=talk.pk, by=unit, at=LATER)

        assert Approval.objects.pending().get().content["整改要求"] == "两周内整改"

    def test_the_commissions_own_talk_needs_no_approval(self):
        assert hold_talk(leader_talk(), by=make_account()).state == TalkState.CONFIRMED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"held_at": datetime(2020, 7, 9, 2, 0, tzinfo=UTC)}, "不能早于公示日期"),
        ({"held_at": datetime(2020, 7, 21, 2, 0, tzinfo=UTC)}, "不能晚于现在"),
        ({"attitude": "  "}, "请填写对象表态"),
        ({"recorder": ""}, "请填写记录人"),
    ],
)
def test_an_invalid_record_is_refused_and_nothing_is_saved(changes, message):
    with pytest.raises(RuleViolation, match=message):
        write(leader_talk(), by=make_account(), **changes)

    assert not Talk.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_talk_without_signatures_or_scan_is_not_done():
    measure, commission = leader_talk(), make_account()
    talk = write(measure, by=commission, is_signed=False)

    with pytest.raises(RuleViolation) as refusal:
        file_talk(talk_id=talk.pk, by=commission, at=LATER)

    assert len(refusal.value.reasons) == 2
    measure.refresh_from_db()
    assert measure.state == MeasureState.PENDING


def test_a_confirmed_talk_never_changes():
    measure, commission = leader_talk(), make_account()
    talk = hold_talk(measure, by=commission)

    with pytest.raises(RuleViolation, match="不能重复登记"):
        write(measure, by=commission, points="改写")
    with pytest.raises(RuleViolation, match="不能增加、撤回文件"):
        add_evidence(subject=talk, upload=make_file(), by=commission, at=LATER)


def test_writing_and_confirming_follow_the_policy_table():
    case = make_case(code="D02-01")
    leader, head = make_measure(case, "talk_leader"), case.measures.get(kind="talk_head")

    assert may_write(make_account(), leader)
    assert not may_write(make_account(), head)
    assert may_write(make_liaison("D02"), head)
    assert not may_write(make_liaison("D01"), head)
    assert not may_write(make_liaison("D02"), leader)
    assert may_confirm(make_account(), head)
    assert not may_confirm(make_liaison("D02"), head)


@pytest.mark.parametrize("by", [lambda: make_liaison("D09"), lambda: make_account(Role.CHIEF)])
def test_other_units_and_roles_cannot_write_the_record(by):
    with pytest.raises(Denied):
        write(head_talk(), by=by())


def test_a_notice_takes_no_talk_record():
    with pytest.raises(RuleViolation, match="不是谈话"):
        write(make_case(kind="notice").measures.get(), by=make_account())


@pytest.mark.parametrize(
    ("person", "post", "said"),
    [
        ("张三", "局长", "张三（局长）"),
        ("甲局主要负责人（姓名未登记）", "甲局主要负责人（姓名未登记）", "甲局主要负责人（姓名未登记）"),
    ],
)
def test_a_head_whose_name_is_not_registered_is_said_once(person, post, said):
    assert Talk(person=person, post=post).person_and_post == said
