"""Lifting freezes, and the days on which a freeze is in force."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accountability.cases.rules.measures import CORRECTED
from accountability.cases.services import waive_measure
from accountability.promotion_freezes.models import PromotionFreeze
from accountability.promotion_freezes.queries import ask_register
from accountability.promotion_freezes.rules import Question, Verdict
from accountability.promotion_freezes.services import lift_freeze
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import changed_facts
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.lists.rules.values import Span
from nanchuan_eval.permissions.policy import Denied, Role
from tests.accountability.factories import LATER, TODAY, make_account, make_case

pytestmark = pytest.mark.django_db


def freeze(case=None, **fields):
    facts = {"person_name": "孙科长", "post": "负责人", "starts_on": TODAY, "ends_on": date(2020, 10, 10), **fields}
    return PromotionFreeze.objects.create(case=case or make_case(), **facts)


def test_personnel_lifts_a_freeze_with_a_reason():
    row = freeze(ends_on=date(2020, 7, 14))

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


def test_a_freeze_is_in_force_to_the_end_of_its_last_day():
    row = freeze(ends_on=date(2020, 7, 20))

    with pytest.raises(RuleViolation, match="期满前不能解除"):
        lift_freeze(freeze_id=row.pk, on=date(2020, 7, 20), reason="届满", by=make_account(Role.PERSONNEL), at=LATER)

    assert PromotionFreeze.objects.in_force(date(2020, 7, 20)).get() == row


@pytest.mark.parametrize(
    ("on", "lifted", "reason", "stands"),
    [
        (date(2020, 10, 10), None, "", "在影响期内"),
        (date(2020, 10, 11), None, "", "影响期已满"),
        (date(2020, 10, 20), date(2020, 10, 15), "届满", "影响期已满，已于2020年10月15日登记解除"),
        (date(2020, 10, 12), date(2020, 10, 15), "届满", "影响期已满"),
        (date(2020, 10, 20), date(2020, 8, 1), "影响期不适用：免职", "已于2020年8月1日解除"),
        (date(2020, 10, 20), date(2020, 8, 1), "更正责任人：查明", "已于2020年8月1日撤销"),
        (date(2020, 10, 20), date(2020, 10, 15), "名单更正，不再上榜：计票有误", "影响期已满，已于2020年10月15日撤销"),
    ],
)
def test_a_freeze_says_in_one_way_how_it_stands(on, lifted, reason, stands):
    assert freeze(lifted_on=lifted, lift_reason=reason).standing(on) == stands


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


def test_waiving_the_measure_ends_the_freeze_in_the_register():
    case = make_case(kind="freeze")
    row = freeze(case)
    measure = case.measures.get()
    waive_measure(measure_id=measure.pk, reason="负责人已调离", by=make_account(Role.PERSONNEL), at=LATER)

    row.refresh_from_db()
    (answer,) = ask_register([Question("孙科长", "", Span(LATER.date(), LATER.date()))])
    assert (row.lifted_on, row.lift_reason) == (LATER.date(), "影响期不适用：负责人已调离")
    assert answer.verdict == Verdict.FREE
    assert list(changed_facts()) == []


def test_of_a_freeze_that_a_correction_revoked_nobody_is_told_afterwards():
    freeze(lifted_on=date(2020, 8, 1), lift_reason=f"{CORRECTED}评议对象有误")

    (answer,) = ask_register([Question("孙科长", "", Span(date(2020, 9, 1), date(2020, 9, 1)))])

    assert (answer.verdict, answer.on_other_days) == (Verdict.FREE, ())


def test_who_approves_the_waiver_of_a_freeze_reads_that_it_ends(settings):
    settings.TWO_PERSON_RULE = True
    case = make_case(kind="freeze")
    freeze(case)

    proposed = approvals.propose("freeze.waive", case.measures.get(), by=make_account(), at=LATER, reason="已调离")

    assert proposed.content["影响期"] == ["孙科长 2020年7月10日至2020年10月10日"]
    assert "影响期自批准之日起解除" in proposed.content["办理后果"]
