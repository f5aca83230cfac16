"""A round's steps take two persons: the clerk proposes, the chief or the commission approves."""

import copy
import json
from datetime import timedelta

import pytest

from departments.models import Department
from evaluations.draws import approvals as draws
from evaluations.lifecycle import services as lifecycle
from evaluations.lifecycle.approvals import ACTIONS, start_settlement, start_step
from evaluations.rounds.models import Round
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from evaluations.rounds.services import edit_rulebook, settle_round
from evaluations.tally.services.tally import tally_round
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.workdays.models import Holiday
from tests.factories import (
    NOON,
    make_department,
    make_manifestations,
    make_open_round,
    make_round,
    make_sealed_round,
    make_section,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft():
    make_manifestations()
    make_section()
    return make_round()


@pytest.fixture
def two_persons(settings):
    settings.TWO_PERSON_RULE = True


@pytest.fixture
def settled(draft, two_persons):
    settle(draft)
    return draft


def settle(round_):
    proposed = start_settlement(round_id=round_.pk, by=make_user("clerk"), at=NOON)
    approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=NOON)


def approve(by, approval=None):
    approval = approval or Approval.objects.pending().get()
    return approvals.approve(approval_id=approval.pk, by=make_user(by), at=NOON)


class TestThePlan:
    """审定评议方案 says what changed since it was approved last, before and after, in the rules' own words."""

    def proposed(self, round_):
        return start_settlement(round_id=round_.pk, by=make_user("clerk"), at=NOON)

    def test_the_first_time_is_called_so(self, draft, two_persons):
        assert self.proposed(draft).content["与上次审定相比"] == "首次审定"

    def test_every_change_stands_before_and_after(self, settled):
        rulebook = copy.deepcopy(settled.rulebook)
        was = rulebook["extension_return_percent"], rulebook["list_length"]
        rulebook |= {"extension_return_percent": 61, "list_length": 12}
        edit_rulebook(round_id=settled.pk, rulebook=rulebook, by=make_user("clerk"), at=NOON)
        before = settled.name
        Round.objects.filter(pk=settled.pk).update(name="改名轮")
        settled.refresh_from_db()

        assert set(self.proposed(settled).content["与上次审定相比"]) == {
            f"抽取·启动追加抽取：回收率低于（%）：{was[0]} → 61",
            f"计分·公布名额：{was[1]} → 12",
            f"轮次：{before} → 改名轮",
        }

    def test_a_rule_set_back_to_the_default_is_a_change_too(self, draft, two_persons):
        default = draft.rulebook["list_length"]
        changed = {**draft.rulebook, "list_length": 12}
        edit_rulebook(round_id=draft.pk, rulebook=changed, by=make_user("clerk"), at=NOON)
        settle(draft)
        edit_rulebook(round_id=draft.pk, rulebook={**changed, "list_length": default}, by=make_user("clerk"), at=NOON)

        assert self.proposed(draft).content["与上次审定相比"] == [f"计分·公布名额：12 → {default}"]

    def test_that_nothing_changed_is_said_and_it_stays_settled(self, settled):
        settle(settled)

        newest = Approval.objects.order_by("-pk").first()
        assert newest.content["与上次审定相比"] == "没有变化"
        assert approvals.proposal_digest(newest) == newest.digest
        assert approvals.has_approved("round.edit", settled)


def test_the_clerk_proposes_and_the_chief_freezes(client, settled):
    client.force_login(make_user("clerk"))
    page = client.post(f"/admin/evaluations/round/{settled.pk}/step/freeze/", follow=True).content.decode()
    settled.refresh_from_db()
    assert "已提请" in page
    assert settled.state == RoundState.DRAFT

    approve("chief")

    settled.refresh_from_db()
    assert settled.state == RoundState.FROZEN


def test_the_chief_alone_is_refused(draft, two_persons):
    with pytest.raises(policy.NeedsApproval, match="不能一人办理"):
        lifecycle.freeze_round(round_id=draft.pk, by=make_user("chief"), at=NOON)
    with pytest.raises(policy.Denied):
        start_step(step=Step.FREEZE, round_id=draft.pk, by=make_user("chief"), at=NOON)


def test_a_roster_changed_after_the_proposal_voids_it(settled):
    start_step(step=Step.FREEZE, round_id=settled.pk, by=make_user("clerk"), at=NOON)
    make_section(name="新科室")

    with pytest.raises(RuleViolation, match="已失效"):
        approve("chief")

    settled.refresh_from_db()
    assert settled.state == RoundState.DRAFT


def test_rules_changed_after_the_proposal_void_it(settled):
    start_step(step=Step.FREEZE, round_id=settled.pk, by=make_user("clerk"), at=NOON)
    Round.objects.filter(pk=settled.pk).update(rulebook={**settled.rulebook, "list_length": 9})

    with pytest.raises(RuleViolation, match="已失效"):
        approve("chief")


def test_a_step_that_lacks_something_cannot_be_proposed(two_persons):
    round_ = make_round()
    with pytest.raises(RuleViolation, match="名录为空"):
        start_step(step=Step.FREEZE, round_id=round_.pk, by=make_user("clerk"), at=NOON)
    assert not Approval.objects.exists()


def test_counting_takes_two_persons(settings):
    round_ = make_sealed_round()
    settings.TWO_PERSON_RULE = True
    with pytest.raises(policy.NeedsApproval):
        tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)

    start_step(step=Step.COUNT, round_id=round_.pk, by=make_user("clerk"), at=round_.closes_at)
    approve("chief")

    round_.refresh_from_db()
    assert round_.state == RoundState.COUNTED


def test_an_extension_is_proposed_by_the_chief_and_approved_by_the_commission(client, settings):
    round_ = make_open_round()
    settings.TWO_PERSON_RULE = True
    later = round_.closes_at + timedelta(days=2)
    client.force_login(make_user("chief"))
    address = f"/admin/evaluations/round/{round_.pk}/extend/"

    client.post(address, {"closes_at": later.strftime("%Y-%m-%d %H:%M"), "reason": "停电"})

    approval = Approval.objects.get()
    with pytest.raises(policy.Denied):
        approve("chief", approval)
    approve("commission", approval)
    before, round_ = round_.closes_at, Round.objects.get(pk=round_.pk)
    assert round_.closes_at > before


def test_voiding_a_round_takes_the_commission(settings):
    round_ = make_open_round()
    settings.TWO_PERSON_RULE = True
    approvals.propose("round.void", round_, by=make_user("chief"), at=NOON, reason="名录有误")
    approve("commission")
    round_.refresh_from_db()
    assert round_.state == RoundState.VOID


@pytest.mark.parametrize("action", ACTIONS + draws.ACTIONS, ids=lambda action: action.name)
def test_every_round_action_takes_two_persons_by_the_table(action):
    assert policy.roles_proposing(action.permission)
    assert policy.roles_allowed(action.permission)


def test_without_the_two_person_rule_the_chief_acts_at_once(client, draft):
    client.force_login(make_user("chief"))
    client.post(f"/admin/evaluations/round/{draft.pk}/step/freeze/")
    draft.refresh_from_db()
    assert draft.state == RoundState.FROZEN


class TestSettlement:
    """round.edit: the clerk edits the draft freely, the chief approves the whole before it is frozen."""

    def lacks(self, round_):
        return [lack for lack in missing_for(round_, Step.FREEZE, NOON) if "审定" in lack]

    def test_the_clerk_edits_a_draft_and_its_rules_alone(self, client, draft, two_persons):
        client.force_login(make_user("clerk"))
        page = f"/admin/evaluations/round/{draft.pk}/"
        days = {"period_start": "2020-01-01", "period_end": "2020-06-30"}
        times = {"opens_at_0": "2026-03-01", "opens_at_1": "12:00", "closes_at_0": "2026-03-03", "closes_at_1": "12:00"}
        client.post(f"{page}change/", {"name": "改过的名称", **days, **times})
        draft.refresh_from_db()
        assert draft.name == "改过的名称"
        edit_rulebook(round_id=draft.pk, rulebook={**draft.rulebook, "list_length": 9}, by=make_user("clerk"), at=NOON)
        assert not Approval.objects.exists()

    def test_an_unsettled_draft_is_not_frozen(self, draft, two_persons):
        assert self.lacks(draft)
        with pytest.raises(RuleViolation, match="尚未审定"):
            start_step(step=Step.FREEZE, round_id=draft.pk, by=make_user("clerk"), at=NOON)
        settle(draft)
        assert not self.lacks(draft)

    def test_a_later_change_has_to_be_settled_again(self, settled):
        edit_rulebook(
            round_id=settled.pk, rulebook={**settled.rulebook, "list_length": 9}, by=make_user("clerk"), at=NOON
        )
        settled.refresh_from_db()
        assert self.lacks(settled)
        settle(settled)
        assert not self.lacks(settled)

    def test_the_approver_reads_what_differs_from_the_default_rules(self, client, draft, two_persons):
        edit_rulebook(round_id=draft.pk, rulebook={**draft.rulebook, "list_length": 9}, by=make_user("clerk"), at=NOON)
        client.force_login(make_user("clerk"))
        page = f"/admin/evaluations/round/{draft.pk}/"
        assert "提请审定评议方案" in client.get(f"{page}change/").content.decode()
        assert "已提请，经另一人审批后生效。" in client.post(f"{page}settle/", follow=True).content.decode()

        approval = Approval.objects.get()
        assert "10 → 9" in " ".join(approval.content["与默认值不同的规则"])
        page = client.get(f"{page}change/")
        assert 'name="_save"' not in page.content.decode()
        assert "提请审定评议方案" not in [link.label for link in page.context["page"].links]
        assert "由提请人撤回提请后再修改" in page.content.decode()

    def test_the_approver_reads_what_is_improbable_on_the_day_of_the_proposal(self, draft, two_persons):
        opens = NOON + timedelta(days=1)
        Round.objects.update(opens_at=opens, closes_at=opens + timedelta(days=2))

        proposed = start_settlement(round_id=draft.pk, by=make_user("clerk"), at=NOON)

        asked = proposed.content["不寻常的日期（已逐项核对）"]
        assert any("距投票开始只有1天" in text for text in asked)
        assert any("投票时间只有2天" in text for text in asked)
        assert proposed.content["评议期间"] == "2020年1月1日至2020年6月30日"
        approvals.approve(approval_id=proposed.pk, by=make_user("chief"), at=NOON + timedelta(hours=1))

    def test_the_units_stand_in_the_order_of_the_roster(self, settled):
        for code in ("E7", "E3", "E5"):
            make_section(department=make_department(code=code))
        settle(settled)
        proposed = start_step(step=Step.FREEZE, round_id=settled.pk, by=make_user("clerk"), at=NOON)

        names = [line.partition("：")[0] for line in proposed.content["各单位科室数"]]
        codes = dict(Department.objects.values_list("name", "code"))
        assert [codes[name] for name in names] == sorted(codes.values())

    def test_the_approver_reads_the_planned_seats(self, draft, two_persons):
        seats = {"issued_quota": "planned", "issued_seats": {"D01-01": 3}, "issued_ballots": 3}
        edit_rulebook(round_id=draft.pk, rulebook={**draft.rulebook, **seats}, by=make_user("clerk"), at=NOON)

        approval = start_settlement(round_id=draft.pk, by=make_user("clerk"), at=NOON)

        assert approval.content["各科室发放名额"] == {"D01-01": 3}

    def test_nobody_settles_alone(self, client, draft, two_persons):
        with pytest.raises(policy.NeedsApproval):
            settle_round(round_id=draft.pk, by=make_user("chief"), at=NOON)
        for role in ("chief", "commission"):
            client.force_login(make_user(role))
            assert client.post(f"/admin/evaluations/round/{draft.pk}/settle/").status_code == 403

    def test_faulty_rules_cannot_be_proposed(self, draft, two_persons):
        Round.objects.filter(pk=draft.pk).update(rulebook={**draft.rulebook, "list_length": 0})
        with pytest.raises(RuleViolation):
            start_settlement(round_id=draft.pk, by=make_user("clerk"), at=NOON)
        assert not Approval.objects.exists()

    def test_without_the_two_person_rule_nothing_has_to_be_settled(self, draft):
        assert not self.lacks(draft)

    def test_several_holidays_are_proposed_at_a_time_and_each_is_approved(self, client, two_persons):
        client.force_login(make_user("clerk"))
        for day in ("2031-10-01", "2031-10-02"):
            client.post("/admin/nanchuan_eval/holiday/add/", {"day": day, "name": "国庆"})
        assert not Holiday.objects.filter(day__year=2031).exists()
        for approval in Approval.objects.pending():
            approve("chief", approval)
        holiday = Holiday.objects.filter(day__year=2031).first()
        assert holiday

        client.post(f"/admin/nanchuan_eval/holiday/{holiday.pk}/delete/", {"post": "yes"})
        assert Holiday.objects.filter(pk=holiday.pk).exists()
        approve("chief")
        assert not Holiday.objects.filter(pk=holiday.pk).exists()


class TestTellingTheUnits:
    """publish.announce: what every unit will see is proposed by the clerk and approved by the chief."""

    @pytest.fixture
    def counted(self, settings):
        round_ = make_sealed_round(rulebook={"min_lines": 1, "min_drawn_lines": 1, "objection_workdays": 3})
        tally_round(round_id=round_.pk, by=make_user("chief"), at=round_.closes_at)
        round_.results.filter(is_listed=True).update(main_problems="电话无人接听")
        settings.TWO_PERSON_RULE = True
        return Round.objects.get(pk=round_.pk)

    def propose(self, round_):
        return start_step(step=Step.ANNOUNCE, round_id=round_.pk, by=make_user("clerk"), at=NOON)

    def test_the_clerk_proposes_and_the_chief_announces(self, counted):
        proposed = self.propose(counted)
        assert Round.objects.get().state == RoundState.COUNTED

        approve("chief", proposed)

        assert Round.objects.get().state == RoundState.REVIEW

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission"])
    def test_nobody_announces_alone(self, counted, role):
        with pytest.raises((policy.Denied, policy.NeedsApproval)):
            lifecycle.announce_result(round_id=counted.pk, by=make_user(role), at=NOON)
        assert Round.objects.get().state == RoundState.COUNTED

    def test_the_approver_reads_the_list_the_counts_and_the_objection_period(self, counted):
        content = self.propose(counted).content

        assert [line[:3] for line in content["初步名单"]] == ["第1位"] * 3
        assert (content["参评科室"], content["参加排名"], content["计票"]) == (3, "3个科室", 5)
        assert "2026年3月2日告知的，至2026年3月5日" in content["异议期"]
        assert content["结果校验值"] == counted.tally.result_sha256

    def test_a_vetoed_section_with_too_few_ballots_has_a_place_and_is_not_among_the_ranked(self, counted):
        tally = counted.tally
        told = json.loads(tally.result)
        told["publication"]["ranked"] = 2
        tally.result = json.dumps(told)
        tally.save(update_fields=["result"])

        assert self.propose(counted).content["参加排名"] == "2个科室，另有1个样本不足、经一票否决列在最前"

    def test_where_nobody_is_listed_the_approver_reads_why(self, counted):
        counted.results.update(is_listed=False, rank=None)

        assert "没有科室参加排名" in self.propose(counted).content["初步名单"]

    def test_a_problem_reworded_after_the_proposal_voids_it(self, counted):
        proposed = self.propose(counted)
        counted.results.filter(is_listed=True).update(main_problems="改写")

        with pytest.raises(RuleViolation, match="已失效"):
            approve("chief", proposed)

        assert Round.objects.get().state == RoundState.COUNTED

    def test_the_page_of_the_step_shows_what_will_be_proposed(self, client, counted):
        client.force_login(make_user("clerk"))
        page = client.get(f"/admin/evaluations/round/{counted.pk}/step/announce/").content.decode()
        assert "电话无人接听" in page
        assert "各单位看到" in page
