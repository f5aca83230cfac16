"""Where the rule of two persons holds: the clerk proposes, the head approves, nobody does both."""

import pytest
from django.urls import reverse

from evaluations.models import DrawEvent
from evaluations.rules.rounds import RoundState
from nanchuan_eval import approvals
from nanchuan_eval.errors import RuleViolation
from nanchuan_eval.models import Approval
from tests.factories import LATER, NOON, hold_draw, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_():
    round_ = make_round(state=RoundState.FROZEN, rulebook={"evaluators": 20})
    make_pool(round_)
    return round_


@pytest.fixture
def by_two(settings):
    def switch_on():
        settings.TWO_PERSON_RULE = True

    return switch_on


def approve(role="chief"):
    approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user(role), at=NOON)


def test_removing_somebody_takes_two(round_, by_two, client):
    draw = hold_draw(round_)
    entry = draw.entries.filter(is_selected=True).first()
    by_two()
    client.force_login(make_user("clerk"))
    removal = {"reason": "refused", "calls": "", "explanation": "电话中说明"}
    answer = client.post(reverse("admin:draw-remove", args=[entry.pk]), removal, follow=True).content.decode()
    assert "已提请" in answer
    assert not DrawEvent.objects.exists()

    approve()

    assert DrawEvent.objects.get().entry == entry


def test_a_further_round_takes_two_and_still_waits_for_its_trigger(round_, by_two, client):
    draw = hold_draw(round_)
    by_two()
    client.force_login(make_user("clerk"))
    client.post(reverse("admin:draw-act", args=[draw.pk, "next-round"]))

    with pytest.raises(RuleViolation, match="投票期间"):
        approvals.approve(approval_id=Approval.objects.pending().get().pk, by=make_user("chief"), at=LATER)

    assert not DrawEvent.objects.exists()
