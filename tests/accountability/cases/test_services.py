"""Recording measures: once, with a record, by the role of the policy table."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accountability.cases.models import Measure
from accountability.cases.queries import waivers
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.cases.services import may_record, record_measure, waive_measure
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, NeedsApproval, Role
from tests.accountability.factories import LATER, TODAY, make_account, make_case, make_measure

pytestmark = pytest.mark.django_db
COMMISSION_KINDS = {
    "notice",
    "talk_leader",
    "talk_head",
    "summons",
    "circular",
    "special_inspection",
    "removal_prompt",
}
PERSONNEL_KINDS = {"freeze", "assessment", "bonus"}


def record(measure, *, by=None, **changes):
    facts = {"done_on": TODAY, "record": "谈话人：王书记；要求限期整改。", **changes}
    return record_measure(measure_id=measure.pk, by=by or make_account(), at=LATER, **facts)


def notice():
    return make_case(kind="notice").measures.get()


def test_a_measure_is_recorded_with_day_text_and_person():
    measure, by = notice(), make_account()

    record(measure, by=by, record="  已谈话  ")

    measure.refresh_from_db()
    assert (measure.state, measure.done_on, measure.record, measure.done_by) == (MeasureState.DONE, TODAY, "已谈话", by)


def test_recording_is_logged_once_under_the_action_of_its_kind():
    record(notice())

    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["acc.notice"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"done_on": date(2020, 7, 9)}, "不能早于公示日期2020年7月10日"),
        ({"done_on": date(2020, 7, 21)}, "不能晚于今天"),
        ({"record": " \n "}, "请填写办理记录"),
    ],
)
def test_a_faulty_record_is_refused_and_changes_nothing(changes, message):
    measure = notice()

    with pytest.raises(RuleViolation, match=message):
        record(measure, **changes)

    measure.refresh_from_db()
    assert measure.state == MeasureState.PENDING
    assert not AuditEntry.objects.exists()


def test_a_measure_is_not_recorded_twice():
    measure = notice()
    record(measure)

    with pytest.raises(RuleViolation, match="已办理，不能重复登记"):
        record(measure, record="改写")

    measure.refresh_from_db()
    assert "改写" not in measure.record


def test_a_closed_case_takes_no_more_records():
    measure = make_case(state=CaseState.CLOSED, closed_at=LATER).measures.get()

    with pytest.raises(RuleViolation, match="已办结"):
        record(measure)


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.COMMISSION, COMMISSION_KINDS),
        (Role.PERSONNEL, PERSONNEL_KINDS),
        (Role.CLERK, set()),
        (Role.CHIEF, {MeasureKind.NOTICE, MeasureKind.CIRCULAR, MeasureKind.SPECIAL_INSPECTION}),
        (Role.SYSTEM_ADMIN, set()),
        (Role.AUDITOR, set()),
    ],
)
def test_each_role_records_the_measures_of_the_policy_table(role, kinds):
    case, account = make_case(), make_account(role)
    measures = [case.measures.get(), *(make_measure(case, kind) for kind in MeasureKind if kind != "talk_head")]

    assert {measure.kind for measure in measures if may_record(account, measure)} == kinds


def test_the_service_refuses_an_account_without_the_right():
    measure = notice()

    with pytest.raises(Denied):
        record(measure, by=make_account(Role.LIAISON, unit_code="D01"))

    measure.refresh_from_db()
    assert measure.state == MeasureState.PENDING


def test_a_measure_can_be_marked_as_not_applicable_with_a_reason():
    measure = notice()

    waive_measure(measure_id=measure.pk, reason="科室已撤销", by=make_account(), at=LATER)

    measure.refresh_from_db()
    assert (measure.state, measure.done_on, measure.record) == (MeasureState.NOT_APPLICABLE, None, "科室已撤销")


def test_not_applicable_needs_a_reason():
    measure = notice()

    with pytest.raises(RuleViolation, match="理由"):
        waive_measure(measure_id=measure.pk, reason=" ", by=make_account(), at=LATER)


def test_the_database_refuses_a_done_measure_without_its_record():
    measure = notice()

    with pytest.raises(IntegrityError), transaction.atomic():
        Measure.objects.filter(pk=measure.pk).update(state=MeasureState.DONE, done_on=TODAY)


class TestAWaiverIsADecisionOfTwo:
    """The office proposes that a measure does not apply, the commission decides; a freeze goes to the personnel."""

    @pytest.fixture(autouse=True)
    def two_person_rule(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_nobody_waives_a_measure_alone(self):
        measure = notice()

        with pytest.raises(NeedsApproval):
            waive_measure(measure_id=measure.pk, reason="科室已撤销", by=make_account(), at=LATER)

        measure.refresh_from_db()
        assert measure.state == MeasureState.PENDING

    def test_the_approver_reads_which_measure_why_and_what_follows(self):
        proposed = propose_waiver(notice())

        assert proposed.content["措施"] == "公示曝光"
        assert proposed.content["不适用理由"] == "科室已撤销"
        assert "不再办理" in proposed.content["办理后果"]

    @pytest.mark.parametrize("kind", ["notice", "talk_head", "talk_leader", "assessment", "removal_prompt"])
    def test_the_approval_waives_it_and_the_pages_say_who_decided(self, kind):
        measure = make_case(kind=kind).measures.get()
        proposed = propose_waiver(measure)

        approvals.approve(approval_id=proposed.pk, by=make_account(name="王书记"), at=LATER)

        measure.refresh_from_db()
        assert measure.state == MeasureState.NOT_APPLICABLE
        assert waivers([measure]) == {measure.pk: "周主任提请，王书记于2020年7月20日批准；理由：科室已撤销"}

    @pytest.mark.parametrize("change", [{"state": "done", "done_on": TODAY, "record": "已刊登"}, None])
    def test_it_is_not_proposed_for_what_is_recorded_or_without_a_reason(self, change):
        measure = notice()
        if change:
            Measure.objects.update(**change)
            measure.refresh_from_db()

        with pytest.raises(RuleViolation):
            propose_waiver(measure, reason="科室已撤销" if change else " ")

        assert not Approval.objects.exists()


def propose_waiver(measure, reason="科室已撤销"):
    by = make_account(Role.CHIEF, name="周主任")
    return approvals.propose("measure.waive", measure, by=by, at=LATER, reason=reason)


def test_a_waiver_made_by_the_system_says_that_nobody_decided_it():
    measure = make_case(kind="freeze").measures.get()
    Measure.objects.update(state=MeasureState.NOT_APPLICABLE, record="已于2020年3月1日退休，不设影响期。")
    measure.refresh_from_db()

    assert waivers([measure])[measure.pk].startswith("系统随公示或者更正自动认定，不是审批决定")


def test_pages_without_a_waiver_ask_nothing(django_assert_num_queries):
    measure = notice()

    with django_assert_num_queries(0):
        assert waivers([measure]) == {}
