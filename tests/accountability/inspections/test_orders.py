"""Orders to rectify and the return visits that settle them."""

from datetime import UTC, date, datetime

import pytest

from accountability.inspections.rules import Conclusion, OrderState, Target
from accountability.inspections.services import orders
from accountability.inspections.services.plans import assign_inspectors
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.accountability.factories import LATER, make_liaison
from tests.accountability.inspections.factories import approve, chief, make_inspectors, make_visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return make_visit()


def test_an_order_is_due_in_15_workdays_and_issued_and_answered_once(visit):
    approve(visit)

    order = orders.issue_order(inspection_id=visit.pk, demand="改进态度", due_on=None, by=chief(), at=LATER)
    replied = orders.reply_order(order_id=order.pk, reply="已整改", by=make_liaison(), at=LATER)

    assert order.due_on == date(2020, 8, 10)  # 15 working days
    assert replied.state == OrderState.REPLIED
    with pytest.raises(RuleViolation, match="已发出"):
        orders.issue_order(inspection_id=visit.pk, demand="再改", due_on=None, by=chief(), at=LATER)
    with pytest.raises(RuleViolation, match="已反馈"):
        orders.reply_order(order_id=order.pk, reply="再报", by=make_liaison(), at=LATER)


def test_only_the_units_own_liaison_replies_to_an_order(visit):
    approve(visit)
    order = orders.issue_order(inspection_id=visit.pk, demand="改进", due_on=None, by=chief(), at=LATER)

    with pytest.raises(Denied):
        orders.reply_order(order_id=order.pk, reply="好", by=make_liaison("D02"), at=LATER)


@pytest.mark.parametrize(("conclusion", "state"), [("sound", OrderState.PASSED), ("by_date", OrderState.FAILED)])
def test_the_return_visit_settles_the_order(visit, conclusion, state):
    approve(visit)
    order = orders.issue_order(inspection_id=visit.pk, demand="改进", due_on=None, by=chief(), at=LATER)
    orders.reply_order(order_id=order.pk, reply="已整改", by=make_liaison(), at=LATER)

    again = orders.schedule_return(order_id=order.pk, visit_on=date(2020, 7, 20), by=chief(), at=LATER)
    assign_inspectors(
        inspection_id=again.pk, inspector_ids=[person.pk for person in make_inspectors()], by=chief(), at=LATER
    )
    moments = {"arrived_at": datetime(2020, 7, 20, 1, tzinfo=UTC), "left_at": datetime(2020, 7, 20, 2, tzinfo=UTC)}
    findings = [] if conclusion == Conclusion.SOUND else [("COLD-1", "1")]
    approve(again, conclusion=conclusion, findings=findings, **moments)

    order.refresh_from_db()
    assert order.state == state
    assert again.target == Target.RETURN
