"""Draw and pool actions of two persons: a clerk proposes, a chief approves, nobody does both."""

import pytest
from django.urls import reverse

from evaluations.ballots.models import Comment
from evaluations.draws.models import DrawEvent
from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.lists import exclude_person
from evaluations.rounds.rules.lifecycle import DrawPurpose, RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import NeedsApproval
from tests.factories import LATER, NOON, commit, hold_draw, make_pool, make_round, make_user, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    return round_


@pytest.fixture
def require_two_persons(settings):
    def switch_on():
        settings.TWO_PERSON_RULE = True

    return switch_on


@pytest.fixture
def later(time_machine):
    time_machine.move_to(LATER, tick=False)


def approve(role="chief"):
    approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user(role), at=NOON)


def test_a_removal_takes_two_persons(round_, require_two_persons, client):
    draw = hold_draw(round_)
    entry = draw.entries.filter(is_selected=True).first()
    require_two_persons()
    client.force_login(make_user("clerk"))
    removal = {"reason": "refused", "calls": "", "explanation": "电话中说明"}
    answer = client.post(reverse("admin:draw-remove", args=[entry.pk]), removal, follow=True).content.decode()
    assert "已提请" in answer
    assert not DrawEvent.objects.exists()

    approve()

    assert DrawEvent.objects.get().entry == entry


def test_a_further_round_takes_two_persons_and_still_needs_its_trigger(round_, require_two_persons, client):
    draw = hold_draw(round_)
    require_two_persons()
    client.force_login(make_user("clerk"))
    client.post(reverse("admin:draw-act", args=[draw.pk, "next-round"]), {"way": "sms"})

    with pytest.raises(RuleViolation, match="投票期间"):
        approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user("chief"), at=LATER)

    assert not DrawEvent.objects.exists()


class TestThePools:
    """pool.exclude: a clerk proposes one list, a chief approves it."""

    @pytest.fixture(autouse=True)
    def from_now_on(self, round_, require_two_persons):
        require_two_persons()

    def propose(self, client, people):
        client.force_login(make_user("clerk"))
        chosen = {"action": "exclude_chosen", "_selected_action": [person.pk for person in people]}
        to = client.post(reverse("admin:evaluations_poolentry_changelist"), chosen).url
        return client.post(to, {"reason": "conflict", "note": "本人申报"}, follow=True).content.decode()

    def test_a_list_of_people_is_one_proposal(self, round_, client):
        people = list(round_.pool.order_by("pk")[:3])

        assert "已提请" in self.propose(client, people)
        assert not round_.pool.exclude(exclusion="").exists()
        approval = Approval.objects.get()
        assert (approval.content["办理"], len(approval.content["人员"])) == ("回避", 3)
        approve()

        assert set(round_.pool.exclude(exclusion="")) == set(people)

    def test_the_proposal_stores_neither_names_nor_phones(self, round_, client):
        person = round_.pool.order_by("pk").first()
        self.propose(client, [person])

        kept = str(Approval.objects.values().get())
        assert person.name not in kept
        assert str(person.phone) not in kept
        assert person.masked_phone in kept

    def test_after_the_commitment_nothing_is_proposed(self, round_, client, settings):
        settings.TWO_PERSON_RULE = False
        commit(round_)
        settings.TWO_PERSON_RULE = True

        assert "须在公布承诺前登记" in self.propose(client, round_.pool.all()[:1])
        assert not Approval.objects.exists()

    def test_the_form_lists_everybody_it_is_about_masked(self, round_, client):
        people = list(round_.pool.all()[:3])
        client.force_login(make_user("clerk"))

        address = reverse("admin:pool-exclude-several") + "?ids=" + ",".join(str(person.pk) for person in people)
        page = client.get(address).content.decode()

        assert "涉及人员（3人）" in page
        assert all(f"{person} {person.masked_phone}" in page for person in people)
        assert not any(person.name in page for person in people)

    def test_nobody_excludes_alone(self, round_, client):
        person = round_.pool.first()
        client.force_login(make_user("chief"))
        address = reverse("admin:pool-exclude", args=[person.pk])
        assert client.post(address, {"reason": "conflict", "note": "x"}).status_code == 403
        with pytest.raises(NeedsApproval):
            exclude_person(entry_id=person.pk, reason="conflict", note="x", by=make_user("chief"), at=NOON)

    def test_an_answer_to_an_objection_takes_two_persons_and_is_on_the_pool_page(self, round_, client):
        notice = PoolNotice.objects.filter(round=round_).first()
        objection = PoolObjection.objects.create(notice=notice, content="某人已迁走", received_at=NOON)
        client.force_login(make_user("clerk"))
        client.post(reverse("admin:pool-answer", args=[objection.pk]), {"answer": "已核实"})
        page = client.get(reverse("admin:round-pool", args=[round_.pk])).content.decode()
        assert "等待评议办负责人审批" in page

        approve()

        objection.refresh_from_db()
        assert objection.answer == "已核实"


def test_exclusion_is_not_offered_after_the_commitment(round_, client):
    client.force_login(make_user("chief"))
    people = reverse("admin:evaluations_poolentry_changelist")
    assert '/exclude/"' in client.get(people).content.decode()

    commit(round_)

    page = client.get(people).content.decode()
    assert '/exclude/"' not in page
    assert "更正</a>" in page


def test_the_exclusion_page_has_only_labelled_inputs(round_, client):
    client.force_login(make_user("chief"))
    page = client.get(reverse("admin:pool-exclude", args=[round_.pool.first().pk])).content.decode()
    assert page.count('name="note"') == 1


@pytest.mark.parametrize(("role", "is_offered"), [("clerk", True), ("chief", False), ("commission", False)])
def test_redaction_is_offered_to_those_who_may_propose_it(round_, require_two_persons, client, role, is_offered):
    Comment.objects.create(round=round_, text="窗口排队时间太长")
    require_two_persons()
    client.force_login(make_user(role))
    page = client.get(reverse("admin:evaluations_comment_changelist")).content.decode()
    assert "窗口排队时间太长" in page
    assert ("/redact/" in page) == is_offered


def test_a_reason_within_the_approved_content_is_shown_once(round_, require_two_persons, client):
    require_two_persons()
    chief = make_user("chief")
    approval = approvals.start("pool.export", round_, by=chief, at=NOON, kind="evaluators", reason="交公证处核对")
    client.force_login(chief)
    page = client.get(reverse("approval", args=[approval.pk])).content.decode()
    assert page.count("交公证处核对") == 1


class TestSeveralCommitments:
    """The clerk proposes the due draws in one act; each proposal shows its own pool and is decided by itself."""

    @pytest.fixture
    def due(self, round_, require_two_persons):
        make_pool(round_, PoolKind.SUPERVISORS, {"人大代表": 30})
        for purpose in (DrawPurpose.SUPERVISORS, DrawPurpose.EVALUATORS):
            plan(round_, purpose)
        require_two_persons()
        return round_

    def propose(self, client, round_, *purposes):
        client.force_login(make_user("clerk"))
        return client.post(reverse("admin:draw-commit", args=[round_.pk]), {"purpose": purposes}, follow=True)

    def test_each_is_proposed_with_its_own_pool(self, due, client, later):
        self.propose(client, due, "supervisors", "evaluators")

        supervisors, evaluators = Approval.objects.order_by("pk")
        assert supervisors.title == f"公布抽取承诺：{due.name}·监督员抽取"
        assert supervisors.content["名单"] == "监督员库"
        assert supervisors.content["名单人数"] == "30人，其中不参加抽取0人"
        assert evaluators.content["名单"] == "定向评议名单库"
        assert evaluators.content["抽取名额"] == "20人"
        assert supervisors.content["名单校验值"] != evaluators.content["名单校验值"]
        assert approvals.proposal_digest(evaluators) == evaluators.digest

    def test_another_pools_change_leaves_a_proposal_in_force_its_own_voids_it(self, due, client, later):
        self.propose(client, due, "supervisors", "evaluators")
        supervisors, evaluators = Approval.objects.order_by("pk")
        due.pool.filter(kind=PoolKind.SUPERVISORS).order_by("pk").first().delete()

        approvals.approve(approval_id=evaluators.pk, by=make_user("chief"), at=LATER)
        with pytest.raises(RuleViolation, match="已有改动"):
            approvals.approve(approval_id=supervisors.pk, by=make_user("chief"), at=LATER)

        assert [draw.purpose for draw in due.draws.all()] == ["evaluators"]

    def test_the_page_says_what_was_proposed_and_who_approves(self, due, client, later):
        page = client.get
        client.force_login(make_user("clerk"))
        address = reverse("admin:evaluations_round_change", args=[due.pk])
        assert 'value="supervisors"' in page(address).content.decode()

        self.propose(client, due, "supervisors")

        said = page(address).content.decode()
        assert 'value="supervisors"' not in said and 'value="evaluators"' in said
        assert "提请公布承诺，等待评议办负责人审批" in said
        assert reverse("approval", args=[Approval.objects.get().pk]) in said

    def test_the_chief_approves_them_together(self, due, client, later):
        self.propose(client, due, "supervisors", "evaluators")
        shown = [f"{approval.pk}:{approval.digest}" for approval in Approval.objects.all()]
        client.force_login(make_user("chief"))

        client.post(reverse("approvals-together", args=["draw.commit"]), {"shown": shown})

        assert {draw.purpose for draw in due.draws.all()} == {"supervisors", "evaluators"}

    @pytest.mark.parametrize("asked", [[], ["counted"], ["supervisors", "counted"], ["inspected"]])
    def test_if_one_is_refused_none_is_proposed(self, due, client, later, asked):
        self.propose(client, due, *asked)
        assert not Approval.objects.exists()


def test_what_a_draw_publishes_and_runs_is_said_exactly(round_, require_two_persons):
    draw = hold_draw(round_)
    require_two_persons()
    content = approvals.action_named("draw.publish").content(draw, {})
    assert content["抽取编号"] == draw.draw_id
    assert content["结果"] and content["结果校验值"]
    run = approvals.action_named("draw.run").content(draw, {})
    assert run["抽取种子"] == draw.seed and run["随机数"]
