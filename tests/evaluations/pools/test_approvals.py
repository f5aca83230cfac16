"""A pool is announced by two persons, who see how many people of each stratum are made public."""

import pytest

from evaluations.pools.approvals import start_announcement
from evaluations.pools.models import PoolEntry, PoolNotice
from evaluations.pools.rules.kinds import PoolKind
from evaluations.pools.services.notices import announce_pool
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from tests.factories import NOON, make_pool, make_round, make_user

pytestmark = pytest.mark.django_db
KIND = PoolKind.EVALUATORS


@pytest.fixture
def round_(settings):
    round_ = make_round(state=RoundState.FROZEN, rulebook={"pool_objection_workdays": 3})
    for kind in (KIND, PoolKind.SUPERVISORS):
        make_pool(round_, kind, groups={"服务对象": 4, "市场主体": 2})
    PoolNotice.objects.all().delete()
    settings.TWO_PERSON_RULE = True
    return round_


def propose(round_, kind=KIND):
    return start_announcement(round_id=round_.pk, kind=kind, by=make_user("clerk"), at=NOON)


def approve(approval, by="chief"):
    return approvals.approve(approval_id=approval.pk, by=make_user(by), at=NOON)


def test_the_clerk_proposes_and_the_chief_announces(round_):
    proposed = propose(round_)
    assert not PoolNotice.objects.exists()

    approve(proposed)

    assert PoolNotice.objects.get().strata == {"服务对象": 4, "市场主体": 2}


def test_nobody_announces_a_pool_alone(round_):
    for role in ("clerk", "chief"):
        with pytest.raises((policy.Denied, policy.NeedsApproval)):
            announce_pool(round_id=round_.pk, kind=KIND, by=make_user(role), at=NOON)
    assert not PoolNotice.objects.exists()


def test_the_approver_reads_the_people_and_the_objection_period(round_):
    content = propose(round_).content

    assert content["名单库"] == "定向评议名单库"
    assert content["公告人数"] == "6人"
    assert content["各类别人数"] == {"服务对象": "4人", "市场主体": "2人"}
    assert "2026年3月2日公告的，至2026年3月5日" in content["异议期"]


def test_several_pools_are_proposed_at_once(round_):
    first, second = propose(round_), propose(round_, PoolKind.SUPERVISORS)

    for proposed in (first, second):
        approve(proposed)

    assert PoolNotice.objects.count() == 2


def test_a_pool_that_changed_after_the_proposal_is_not_announced(round_):
    proposed = propose(round_)
    PoolEntry.objects.filter(kind=KIND).first().delete()

    with pytest.raises(RuleViolation, match="已失效"):
        approve(proposed)

    assert not PoolNotice.objects.exists()


def test_a_pool_already_announced_is_not_proposed_again(round_):
    approve(propose(round_))

    with pytest.raises(RuleViolation, match="已经公告"):
        propose(round_)

    assert not Approval.objects.pending().exists()


def test_a_second_notice_says_that_it_replaces_a_withdrawn_one(round_):
    approve(propose(round_))
    PoolNotice.objects.update(withdrawn_at=NOON)

    assert propose(round_).content["此前已撤回的公告"] == "1份，这次公告代替撤回的公告"


def test_the_page_says_what_follows_and_proposes(round_, client):
    client.force_login(make_user("clerk"))
    page = client.get(f"/admin/evaluations/poolentry/round/{round_.pk}/").content.decode()
    assert "网站公布定向评议名单库6人" in "".join(page.split())

    answer = client.post(f"/admin/evaluations/poolentry/round/{round_.pk}/evaluators/announce/", follow=True)

    assert "已提请，经另一人审批后生效。" in answer.content.decode()
    assert not PoolNotice.objects.exists()
