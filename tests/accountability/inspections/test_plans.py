"""Inspection plans: proposal, approval, scheduling, assignment of inspectors."""

from datetime import date, timedelta

import pytest

from accountability.inspections.models import InspectionPlan, Order
from accountability.inspections.rules import PlanState, Target
from accountability.inspections.services.plans import (
    PlanFacts,
    approve_plan,
    assign_inspectors,
    declare_recusal,
    finish_plan,
    propose_plan,
    schedule_visits,
)
from evaluations.draws.approvals import start_draw
from evaluations.draws.services.commitment import abandon_draw, drawn_sections
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, NeedsApproval, Role
from tests.accountability.factories import LATER, make_account, make_bare_round, make_counted_round
from tests.accountability.inspections.factories import approve, chief, make_inspectors, make_visit
from tests.factories import run

pytestmark = pytest.mark.django_db
FACTS = PlanFacts("7月暗访", date(2020, 7, 20), date(2020, 7, 31), 3)


@pytest.fixture
def visit():
    return make_visit()


def test_listed_and_drawn_sections_are_scheduled_on_workdays_of_the_plan():
    round_ = make_counted_round(state=RoundState.PUBLISHED, places=16)
    plan = propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)
    commission = make_account()

    approve_plan(plan_id=plan.pk, by=commission, at=LATER)
    plan.refresh_from_db()
    draw = plan.draw
    run(draw, LATER + timedelta(days=2))
    visits = schedule_visits(plan_id=plan.pk, by=chief(), at=LATER + timedelta(days=2))

    drawn = {visit.section.code for visit in visits if visit.target == Target.DRAWN}
    assert len(visits) == 13
    assert drawn == set(drawn_sections(draw))
    assert all(date(2020, 7, 22) <= visit.visit_on <= date(2020, 7, 31) for visit in visits)
    assert all(visit.visit_on.weekday() < 5 for visit in visits)
    assert len({visit.visit_on for visit in visits}) > 1


def test_a_plan_needs_a_published_round_and_the_approval_of_another_person():
    round_ = make_counted_round(state=RoundState.PUBLISHED, places=16)
    plan = propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)

    with pytest.raises(Denied):
        approve_plan(plan_id=plan.pk, by=chief(), at=LATER)
    with pytest.raises(RuleViolation, match="公示之后"):
        propose_plan(round_id=make_bare_round("2020H2").pk, facts=FACTS, by=chief(), at=LATER)
    with pytest.raises(Denied):
        propose_plan(round_id=round_.pk, facts=FACTS, by=make_account(Role.CLERK), at=LATER)


class TestTwoPersonRule:
    """insp.plan: the chief proposes, the commission approves; nobody else learns of the plan."""

    @pytest.fixture
    def plan(self, settings):
        round_ = make_counted_round(state=RoundState.PUBLISHED, places=16)
        settings.TWO_PERSON_RULE = True
        return propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)

    def test_the_commission_approves_what_the_chief_proposed(self, plan):
        with pytest.raises(NeedsApproval):
            approve_plan(plan_id=plan.pk, by=make_account(), at=LATER)

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(), at=LATER)

        plan.refresh_from_db()
        assert (plan.state, plan.draw is not None) == (PlanState.APPROVED, True)

    def test_a_proposal_sent_back_leaves_no_plan(self, plan):
        approvals.send_back(approval_id=Approval.objects.get().pk, note="人手不足", by=make_account(), at=LATER)

        assert not InspectionPlan.objects.exists()
        assert Approval.objects.get().content["名称"] == plan.name

    @pytest.mark.parametrize("role", [Role.CLERK, Role.PERSONNEL, Role.AUDITOR, Role.SYSTEM_ADMIN])
    def test_the_proposal_does_not_exist_for_other_staff(self, client, plan, role):
        client.force_login(make_account(role))

        page = f"/approvals/{Approval.objects.get().pk}/"
        assert client.get(page).status_code == 404
        for address in ("/admin/nanchuan_eval/approval/", f"/admin/evaluations/round/{plan.round_id}/change/"):
            assert "暗访" not in client.get(address, follow=True).content.decode()

    def test_abandoning_its_draw_needs_approval_too(self, plan):
        approvals.approve(approval_id=Approval.objects.get().pk, by=make_account(), at=LATER)
        plan.refresh_from_db()
        with pytest.raises(NeedsApproval):
            abandon_draw(draw_id=plan.draw_id, reason="名录有误", by=make_account(), at=LATER)

        asked = start_draw("draw.abandon", draw_id=plan.draw_id, by=chief(), at=LATER, reason="名录有误")
        approvals.approve(approval_id=asked.pk, by=make_account(), at=LATER)

        plan.draw.refresh_from_db()
        assert plan.draw.status == "abandoned"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ends_on": date(2020, 7, 1)}, "不能早于"),
        ({"starts_on": date(2020, 7, 25), "ends_on": date(2020, 7, 26)}, "没有工作日"),
        ({"drawn_sections": 9}, "只有6个"),
    ],
)
def test_an_impossible_plan_is_refused(changes, message):
    round_ = make_counted_round(state=RoundState.PUBLISHED, places=16)

    with pytest.raises(RuleViolation, match=message):
        propose_plan(round_id=round_.pk, facts=PlanFacts(**{**FACTS.__dict__, **changes}), by=chief(), at=LATER)


def test_inspectors_with_a_conflict_of_interest_are_refused(visit):
    own = make_account(Role.INSPECTOR, "D01", name="本单位人")
    first, second = make_inspectors()
    declare_recusal(inspector_id=first.pk, department_code="D01", reason="配偶在该局", by=chief(), at=LATER)

    with pytest.raises(RuleViolation) as refusal:
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[own.pk, first.pk], by=chief(), at=LATER)
    assert len(refusal.value.reasons) == 2
    with pytest.raises(RuleViolation, match="两个人"):
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[second.pk], by=chief(), at=LATER)
    with pytest.raises(Denied):
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[second.pk], by=make_account(), at=LATER)


def test_a_plan_is_finished_once_every_visit_is_approved(visit):
    with pytest.raises(RuleViolation, match="还有1次"):
        finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)
    approve(visit)

    plan = finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)

    assert plan.state == PlanState.DONE
    assert not Order.objects.exists()
