"""Draw and pool actions of two persons: a clerk proposes, a chief approves, nobody does both."""

import pytest
from django.urls import reverse

from evaluations.ballots.models import Comment
from evaluations.draws.models import DrawEvent
from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.pools.services.lists import exclude_person
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import NeedsApproval
from tests.factories import LATER, NOON, commit, hold_draw, make_pool, make_round, make_user

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
    client.post(reverse("admin:draw-act", args=[draw.pk, "next-round"]))

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
    page = client.get(reverse("admin:nanchuan_eval_approval_change", args=[approval.pk])).content.decode()
    assert page.count("交公证处核对") == 1
