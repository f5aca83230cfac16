"""Recording measures and lifting freezes."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accountability.cases.models import Measure
from accountability.cases.rules.measures import CaseState, MeasureKind, MeasureState
from accountability.cases.services import may_record, record_measure, waive_measure
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.services import lift_freeze
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import LATER, TODAY, make_account, make_case, make_measure

pytestmark = pytest.mark.django_db
COMMISSION_KINDS = {"notice", "talk_leader", "talk_head", "circular", "removal_prompt"}
PERSONNEL_KINDS = {"freeze", "assessment", "bonus"}


def record(measure, *, by=None, **changes):
    facts = {"done_on": TODAY, "record": "谈话人：王书记；要求限期整改。", **changes}
    return record_measure(measure_id=measure.pk, by=by or make_account(), at=LATER, **facts)


def notice():
    return make_case(kind="notice").measures.get()


def freeze(case=None, **fields):
    facts = {"person_name": "孙科长", "post": "负责人", "starts_on": TODAY, "ends_on": date(2020, 10, 10), **fields}
    return PromotionFreeze.objects.create(case=case or make_case(), **facts)


def test_a_measure_is_recorded_with_day_text_and_person():
    measure, by = notice(), make_account()

    record(measure, by=by, record="  已谈话  ")

    measure.refresh_from_db()
    assert (measure.state, measure.done_on, measure.record, measure.done_by) == (MeasureState.DONE, TODAY, "已谈话", by)


def test_recording_leaves_one_trace_under_the_action_of_its_kind():
    record(notice())

    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["acc.open"]


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
        (Role.CHIEF, set()),
        (Role.SYSTEM_ADMIN, set()),
        (Role.AUDITOR, set()),
    ],
)
def test_each_role_records_the_measures_of_the_policy_table(role, kinds):
    case, account = make_case(), make_account(role)
    measures = [case.measures.get(), *(make_measure(case, kind) for kind in MeasureKind if kind != "talk_head")]

    assert {measure.kind for measure in measures if may_record(account, measure)} == kinds


def test_who_may_not_record_is_refused_by_the_service_too():
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


def test_the_database_keeps_a_done_measure_from_standing_without_its_record():
    measure = notice()

    with pytest.raises(IntegrityError), transaction.atomic():
        Measure.objects.filter(pk=measure.pk).update(state=MeasureState.DONE, done_on=TODAY)


def test_personnel_lifts_a_freeze_with_a_reason():
    row = freeze(ends_on=date(2020, 7, 15))

    lift_freeze(freeze_id=row.pk, on=date(2020, 7, 15), reason="影响期届满", by=make_account(Role.PERSONNEL), at=LATER)

    row.refresh_from_db()
    assert (row.lifted_on, row.lift_reason) == (date(2020, 7, 15), "影响期届满")
    assert AuditEntry.objects.get().action == "acc.hold.lift"


@pytest.mark.parametrize(
    ("on", "reason", "message"),
    [
        (date(2020, 7, 9), "更正", "与今天之间"),
        (date(2020, 7, 21), "更正", "与今天之间"),
        (date(2020, 7, 15), " ", "请填写解除理由"),
    ],
)
def test_a_faulty_lifting_is_refused(on, reason, message):
    row = freeze()

    with pytest.raises(RuleViolation, match=message):
        lift_freeze(freeze_id=row.pk, on=on, reason=reason, by=make_account(Role.PERSONNEL), at=LATER)

    row.refresh_from_db()
    assert row.lifted_on is None


def test_a_freeze_is_not_lifted_twice():
    row = freeze(lifted_on=TODAY, lift_reason="更正")

    with pytest.raises(RuleViolation, match="不能重复解除"):
        lift_freeze(freeze_id=row.pk, on=TODAY, reason="再次", by=make_account(Role.PERSONNEL), at=LATER)


@pytest.mark.parametrize("role", [Role.COMMISSION, Role.CHIEF, Role.CLERK])
def test_only_personnel_lifts_a_freeze(role):
    row = freeze()

    with pytest.raises(Denied):
        lift_freeze(freeze_id=row.pk, on=TODAY, reason="更正", by=make_account(role), at=LATER)


@pytest.mark.parametrize(
    ("on", "holds"),
    [
        (date(2020, 7, 9), False),
        (date(2020, 7, 10), True),
        (date(2020, 10, 10), True),
        (date(2020, 10, 11), False),
    ],
)
def test_a_freeze_holds_from_its_first_to_its_last_day(on, holds):
    freeze()

    assert PromotionFreeze.objects.in_force(on).exists() is holds


def test_a_lifted_freeze_no_longer_holds():
    freeze(lifted_on=date(2020, 8, 1), lift_reason="更正")

    assert not PromotionFreeze.objects.in_force(date(2020, 8, 1)).exists()


def test_a_case_has_one_freeze_in_force():
    row = freeze()

    with pytest.raises(IntegrityError), transaction.atomic():
        freeze(row.case)
