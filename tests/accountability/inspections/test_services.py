"""An inspection from its secret plan to the return visit."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accountability.evidence.services.evidence import add_evidence
from accountability.inspections.models import Inspection, InspectionPlan, Order
from accountability.inspections.rules import CheckItem, Conclusion, InspectionState, OrderState, PlanState, Target
from accountability.inspections.services import orders
from accountability.inspections.services import visits as visits_services
from accountability.inspections.services.plans import (
    PlanFacts,
    approve_plan,
    assign_inspectors,
    declare_recusal,
    finish_plan,
    propose_plan,
    schedule_visits,
)
from accountability.leads.models import Lead, LeadState
from accountability.leads.services import Finding, conclude_lead, receive_lead
from evaluations.draws.approvals.ceremony import start_draw
from evaluations.draws.services.commitment import abandon_draw, drawn_sections
from evaluations.rounds.rules.lifecycle import RoundState
from evaluations.tally.models import Veto
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, NeedsApproval, Role
from tests.accountability.factories import (
    LATER,
    NOON,
    make_account,
    make_bare_round,
    make_case,
    make_counted_round,
    make_file,
    make_inspection,
    make_item,
    make_rectification,
    make_result,
)
from tests.factories import run

pytestmark = pytest.mark.django_db
PAPER = """{"manifestations": [
 {"code": "COLD-1", "indicator": "cold", "text": "不起身、不抬头"},
 {"code": "GREE-1", "indicator": "greedy", "text": "不给好处不办事"}]}"""
FACTS = PlanFacts("7月暗访", date(2020, 7, 20), date(2020, 7, 31), 3)
CHECKS = {item.value: "yes" for item in CheckItem}


def chief():
    return make_account(Role.CHIEF)


def inspectors(count=2):
    return [make_account(Role.INSPECTOR, name=f"督查员{n}") for n in range(count)]


def record(**changes):
    facts = {
        "method": "errand",
        "arrived_at": datetime(2020, 7, 18, 1, 0, tzinfo=UTC),
        "left_at": datetime(2020, 7, 18, 2, 0, tzinfo=UTC),
        "place": "大厅3号窗口",
        "errand": "办证",
        "situation": "态度生硬",
        "conclusion": "by_date",
        "checks": CHECKS,
        "findings": [("COLD-1", "2")],
        **changes,
    }
    return visits_services.Record(**facts)


@pytest.fixture
def visit():
    """A visit of two inspectors to a listed section of a published round."""
    return make_inspection(make_case(make_bare_round(ballot_form=PAPER, state=RoundState.PUBLISHED)).result.section)


def one_of(visit):
    return visit.inspectors.first()


def save(visit, by=None, **changes):
    return visits_services.save_record(
        inspection_id=visit.pk, record=record(**changes), by=by or one_of(visit), at=LATER
    )


def submitted(visit, lead="", **changes):
    save(visit, **changes)
    return visits_services.submit_record(inspection_id=visit.pk, lead=lead, by=one_of(visit), at=LATER)


def approved(visit, **changes):
    submitted(visit, **changes)
    return visits_services.approve_record(inspection_id=visit.pk, by=chief(), at=LATER)


def test_listed_and_drawn_sections_get_surprise_days_from_the_seed():
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


def test_a_plan_is_approved_by_another_person_and_not_before_publication():
    round_ = make_counted_round(state=RoundState.PUBLISHED, places=16)
    plan = propose_plan(round_id=round_.pk, facts=FACTS, by=chief(), at=LATER)

    with pytest.raises(Denied):
        approve_plan(plan_id=plan.pk, by=chief(), at=LATER)
    with pytest.raises(RuleViolation, match="公示之后"):
        propose_plan(round_id=make_bare_round("2020H2").pk, facts=FACTS, by=chief(), at=LATER)
    with pytest.raises(Denied):
        propose_plan(round_id=round_.pk, facts=FACTS, by=make_account(Role.CLERK), at=LATER)


class TestTheRuleOfTwo:
    """insp.plan: the chief proposes, the commission approves; whoever has no part in it learns nothing."""

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

    def test_what_is_sent_back_leaves_no_plan(self, plan):
        approvals.send_back(approval_id=Approval.objects.get().pk, note="人手不足", by=make_account(), at=LATER)

        assert not InspectionPlan.objects.exists()
        assert Approval.objects.get().content["名称"] == plan.name

    @pytest.mark.parametrize("role", [Role.CLERK, Role.PERSONNEL, Role.AUDITOR, Role.SYSTEM_ADMIN])
    def test_for_others_at_the_desk_the_proposal_does_not_exist(self, client, plan, role):
        client.force_login(make_account(role))

        page = f"/admin/nanchuan_eval/approval/{Approval.objects.get().pk}/change/"
        assert client.get(page).status_code == 404
        for address in ("/admin/nanchuan_eval/approval/", f"/admin/evaluations/round/{plan.round_id}/change/"):
            assert "暗访" not in client.get(address, follow=True).content.decode()

    def test_giving_its_draw_up_takes_two_as_well(self, plan):
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


def test_nobody_inspects_his_own_unit_or_a_recused_one(visit):
    own = make_account(Role.INSPECTOR, "D01", name="本单位人")
    first, second = inspectors()
    declare_recusal(inspector_id=first.pk, department_code="D01", reason="配偶在该局", by=chief(), at=LATER)

    with pytest.raises(RuleViolation) as refusal:
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[own.pk, first.pk], by=chief(), at=LATER)
    assert len(refusal.value.reasons) == 2
    with pytest.raises(RuleViolation, match="两个人"):
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[second.pk], by=chief(), at=LATER)
    with pytest.raises(Denied):
        assign_inspectors(inspection_id=visit.pk, inspector_ids=[second.pk], by=make_account(), at=LATER)


def test_a_record_is_saved_as_often_as_one_likes_and_says_the_same(visit):
    save(visit, conclusion="", findings=[])
    save(visit)
    save(visit)

    visit.refresh_from_db()
    assert visit.findings.count() == 1
    assert (visit.state, visit.place) == (InspectionState.ASSIGNED, "大厅3号窗口")


def test_a_submitted_record_is_locked_with_its_digest(visit):
    submitted(visit)

    visit.refresh_from_db()
    assert visit.record_sha256 == visits_services.record_digest(visit)
    with pytest.raises(RuleViolation, match="锁定"):
        save(visit, situation="改写")
    with pytest.raises(RuleViolation, match="不能增加、撤回文件"):
        add_evidence(subject=visit, upload=make_file(), by=one_of(visit), at=LATER)


def test_a_record_changed_behind_the_lock_is_not_approved(visit):
    submitted(visit)
    Inspection.objects.update(situation="悄悄改写")

    with pytest.raises(RuleViolation, match="校验值不符"):
        visits_services.approve_record(inspection_id=visit.pk, by=chief(), at=LATER)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"place": ""}, "请填写地点或窗口"),
        ({"errand": ""}, "请填写模拟事项"),
        ({"checks": {}}, "请选择“首问责任”"),
        ({"conclusion": "sound"}, "不能是“无问题”"),
        ({"findings": []}, "至少记录一个问题"),
        ({"conclusion": "transfer"}, "请填写问题线索"),
    ],
)
def test_an_incomplete_record_is_not_handed_in(visit, changes, message):
    with pytest.raises(RuleViolation, match=message):
        submitted(visit, **changes)

    visit.refresh_from_db()
    assert visit.state == InspectionState.ASSIGNED


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arrived_at": datetime(2020, 7, 9, 1, 0, tzinfo=UTC)}, "不能早于排定的日期"),
        ({"left_at": datetime(2020, 7, 18, 0, 30, tzinfo=UTC)}, "离开时间不能早于到达时间"),
        ({"left_at": datetime(2020, 7, 21, 1, 0, tzinfo=UTC)}, "不能晚于现在"),
        ({"findings": [("NO-1", "2")]}, "表象中选择"),
        ({"findings": [("COLD-1", "9")]}, "表象中选择"),
        ({"checks": {"first_asked": "maybe"}}, "检查项有误"),
    ],
)
def test_an_impossible_record_is_not_saved(visit, changes, message):
    with pytest.raises(RuleViolation, match=message):
        save(visit, **changes)

    visit.refresh_from_db()
    assert visit.place == ""


def test_only_those_sent_write_the_record(visit):
    for account in (make_account(Role.INSPECTOR), chief(), make_account(), make_account(Role.LIAISON, "D01")):
        with pytest.raises(Denied):
            save(visit, by=account)


def test_the_items_of_the_plan_are_looked_at(visit):
    rectification = make_rectification(visit.section.result.case, items=0)
    item = make_item(rectification, state="finished", finished_at=NOON)
    Inspection.objects.update(rectification=rectification)

    with pytest.raises(RuleViolation, match="是否到位"):
        submitted(visit)
    submitted(visit, items={item.pk: True})

    assert visit.item_checks.get().is_passed


def test_what_is_said_about_greed_reaches_the_commission_only(visit):
    submitted(visit, lead="收取红包", conclusion="transfer")

    lead = Lead.objects.get()
    assert lead.facts == "收取红包"
    visit.refresh_from_db()
    assert "红包" not in visit.situation
    with pytest.raises(Denied):
        conclude_lead(lead_id=lead.pk, finding=Finding(LeadState.UNFOUNDED, "无"), by=chief(), at=LATER)


def test_an_order_has_a_term_names_no_inspector_and_is_answered(visit):
    approved(visit)

    order = orders.issue_order(inspection_id=visit.pk, demand="改进态度", due_on=None, by=chief(), at=LATER)
    replied = orders.reply_order(order_id=order.pk, reply="已整改", by=make_account(Role.LIAISON, "D01"), at=LATER)

    assert order.due_on == date(2020, 8, 10)  # 15 working days
    assert replied.state == OrderState.REPLIED
    with pytest.raises(RuleViolation, match="已发出"):
        orders.issue_order(inspection_id=visit.pk, demand="再改", due_on=None, by=chief(), at=LATER)
    with pytest.raises(RuleViolation, match="已反馈"):
        orders.reply_order(order_id=order.pk, reply="再报", by=make_account(Role.LIAISON, "D01"), at=LATER)


def test_an_order_is_answered_by_the_own_unit_only(visit):
    approved(visit)
    order = orders.issue_order(inspection_id=visit.pk, demand="改进", due_on=None, by=chief(), at=LATER)

    with pytest.raises(Denied):
        orders.reply_order(order_id=order.pk, reply="好", by=make_account(Role.LIAISON, "D02"), at=LATER)


@pytest.mark.parametrize(("conclusion", "state"), [("sound", OrderState.PASSED), ("by_date", OrderState.FAILED)])
def test_the_return_visit_settles_the_order(visit, conclusion, state):
    approved(visit)
    order = orders.issue_order(inspection_id=visit.pk, demand="改进", due_on=None, by=chief(), at=LATER)

    again = orders.schedule_return(order_id=order.pk, visit_on=date(2020, 7, 20), by=chief(), at=LATER)
    assign_inspectors(
        inspection_id=again.pk, inspector_ids=[person.pk for person in inspectors()], by=chief(), at=LATER
    )
    moments = {"arrived_at": datetime(2020, 7, 20, 1, tzinfo=UTC), "left_at": datetime(2020, 7, 20, 2, tzinfo=UTC)}
    findings = [] if conclusion == Conclusion.SOUND else [("COLD-1", "1")]
    approved(again, conclusion=conclusion, findings=findings, **moments)

    order.refresh_from_db()
    assert order.state == state
    assert again.target == Target.RETURN


def test_an_inspection_ends_when_every_visit_is_approved(visit):
    with pytest.raises(RuleViolation, match="还有1次"):
        finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)
    approved(visit)

    plan = finish_plan(plan_id=visit.plan_id, by=chief(), at=LATER)

    assert plan.state == PlanState.DONE
    assert not Order.objects.exists()


def test_a_verified_lead_is_a_veto_in_the_round_not_yet_published():
    coming = make_result(make_bare_round("2020H2", state=RoundState.SEALED), "D01-01", rank=None).section
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)
    finding = Finding(LeadState.VERIFIED, "查实收受礼金", "南纪决〔2020〕1号", date(2020, 7, 19))

    concluded, veto = conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert (concluded.state, veto.section) == (LeadState.VERIFIED, coming)
    with pytest.raises(RuleViolation, match="已办结"):
        conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (Finding(LeadState.VERIFIED, "查实"), "决定文号"),
        (Finding(LeadState.VERIFIED, "查实", "1号", date(2020, 8, 1)), "不能晚于今天"),
        (Finding(LeadState.UNFOUNDED, " "), "处置情况"),
    ],
)
def test_a_lead_is_concluded_with_all_it_takes(finding, message):
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)

    with pytest.raises(RuleViolation, match=message):
        conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert not Veto.objects.exists()


def test_under_the_rule_of_two_persons_a_verified_lead_is_still_a_veto(settings):
    settings.TWO_PERSON_RULE = True
    make_result(make_bare_round("2020H2", state=RoundState.SEALED), "D01-01", rank=None)
    lead = receive_lead(section_id=make_case().result.section_id, facts="吃拿卡要", by=make_account(), at=LATER)
    finding = Finding(LeadState.VERIFIED, "查实收受礼金", "南纪决〔2020〕1号", date(2020, 7, 19))

    _, veto = conclude_lead(lead_id=lead.pk, finding=finding, by=make_account(), at=LATER)

    assert veto
