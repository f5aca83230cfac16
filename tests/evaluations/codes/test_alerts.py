"""Alerts of the open channel are reviewed before the count, with the reviewer's name; all codes stay valid."""

from datetime import timedelta

import pytest
from django.urls import reverse

from evaluations.codes.models import OpenClaimAlert
from evaluations.codes.rules.open_channel import OpenAlert
from evaluations.codes.services.open_channel import review_alert
from evaluations.rounds.queries import missing_for
from evaluations.rounds.rules.lifecycle import RoundState, Step
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied
from tests.factories import NOON, make_open_round, make_self_service, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert():
    batch = make_self_service(make_open_round(sections=1))
    return OpenClaimAlert.objects.create(batch=batch, kind=OpenAlert.NETWORK, on=NOON.date(), times=7)


def review(alert, seen=7, text="镇服务大厅集中领票，属正常", role="clerk"):
    return review_alert(alert_id=alert.pk, seen=seen, review=text, by=make_user(role), at=NOON)


def test_a_review_is_recorded_with_its_author_and_in_the_audit_log(alert):
    reviewed = review(alert)

    assert reviewed.is_reviewed
    assert reviewed.reviewed_by.role == "C"
    entry = AuditEntry.objects.filter(object_type="evaluations.OpenClaimAlert").get()
    assert (entry.reason, entry.detail["times"]) == ("镇服务大厅集中领票，属正常", 7)


def test_more_occurrences_need_another_review(alert):
    review(alert)
    OpenClaimAlert.objects.update(times=9)

    assert OpenClaimAlert.objects.unreviewed().get() == alert
    assert review(alert, seen=9).is_reviewed


def test_the_count_waits_for_the_review(alert):
    round_ = alert.batch.round
    round_.state = RoundState.SEALED
    round_.save()
    assert missing_for(round_, Step.COUNT, NOON) == ["还有1条领票异常没有核查，请在“回收监测”中核查。"]

    review(alert)

    assert missing_for(round_, Step.COUNT, NOON + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("facts", "text"),
    [({"text": " "}, "请填写核查情况"), ({"seen": 8}, "异常次数有变化"), ({"seen": 0}, "异常次数有变化")],
)
def test_a_bad_review_is_refused(alert, facts, text):
    with pytest.raises(RuleViolation, match=text):
        review(alert, **facts)


def test_a_review_happens_once_by_the_office_and_before_the_count(alert):
    with pytest.raises(Denied):
        review(alert, role="commission")
    review(alert)
    with pytest.raises(RuleViolation, match="已经核查"):
        review(alert)
    alert.batch.round.state = RoundState.COUNTED
    alert.batch.round.save()
    with pytest.raises(RuleViolation, match="计票之前"):
        review(alert)


def test_the_round_page_lists_an_alert_until_it_is_reviewed(alert, client):
    client.force_login(make_user("clerk"))
    assert "核查领票异常：" in client.get(reverse("home")).content.decode()
    monitor = reverse("admin:round-monitor", args=[alert.batch.round_id])
    assert "待核查" in client.get(monitor).content.decode()

    address = reverse("admin:alert-review", args=[alert.pk])
    assert "请填写核查情况。" in client.post(address, {"seen": "7", "review": ""}).content.decode()
    client.post(address, {"seen": "7", "review": "核查过，属正常"})

    page = client.get(monitor).content.decode()
    assert "核查过，属正常" in page
    assert "待核查" not in page
    assert "核查领票异常" not in client.get(reverse("home")).content.decode()
    client.force_login(make_user("commission"))
    assert client.get(address).status_code == 403
