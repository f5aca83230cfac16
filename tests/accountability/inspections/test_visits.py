"""Records of visits: saving, submission, approval."""

from datetime import UTC, datetime

import pytest

from accountability.evidence.services.evidence import add_evidence
from accountability.inspections.models import Inspection
from accountability.inspections.rules import InspectionState
from accountability.inspections.services import visits
from accountability.leads.models import Lead, LeadState
from accountability.leads.services import Finding, conclude_lead
from accountability.rectifications.rules import RectificationState
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions.policy import Denied, Role
from nanchuan_eval.users.models import User
from tests.accountability.factories import (
    LATER,
    NOON,
    make_account,
    make_file,
    make_item,
    make_liaison,
    make_rectification,
)
from tests.accountability.inspections.factories import chief, make_visit, one_of, save, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit():
    return make_visit()


def test_saving_a_record_again_changes_nothing(visit):
    save(visit, conclusion="", findings=[])
    save(visit)
    save(visit)

    visit.refresh_from_db()
    assert visit.findings.count() == 1
    assert (visit.state, visit.place) == (InspectionState.ASSIGNED, "大厅3号窗口")


def test_a_submitted_record_is_locked_with_its_digest(visit):
    submit(visit)

    visit.refresh_from_db()
    assert visit.record_sha256 == visits.record_digest(visit)
    with pytest.raises(RuleViolation, match="锁定"):
        save(visit, situation="改写")
    with pytest.raises(RuleViolation, match="不能增加、撤回文件"):
        add_evidence(subject=visit, upload=make_file(), by=one_of(visit), at=LATER)


def test_a_record_changed_after_submission_is_not_approved(visit):
    submit(visit)
    Inspection.objects.update(situation="悄悄改写")

    with pytest.raises(RuleViolation, match="校验值不符"):
        visits.approve_record(inspection_id=visit.pk, by=chief(), at=LATER)


def test_an_inspectors_other_account_does_not_approve_the_record(visit):
    submit(visit)
    alias = make_account(Role.CHIEF)
    User.objects.filter(pk=alias.pk).update(person_code=visit.inspectors.first().person_code)

    with pytest.raises(RuleViolation, match="由其他人员办理"):
        visits.approve_record(inspection_id=visit.pk, by=User.objects.get(pk=alias.pk), at=LATER)


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
def test_an_incomplete_record_is_not_submitted(visit, changes, message):
    with pytest.raises(RuleViolation, match=message):
        submit(visit, **changes)

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


def test_only_the_assigned_inspectors_write_the_record(visit):
    for account in (make_account(Role.INSPECTOR), chief(), make_account(), make_liaison()):
        with pytest.raises(Denied):
            save(visit, by=account)


def test_the_items_of_the_rectification_plan_must_be_checked(visit):
    rectification = make_rectification(visit.section.result.case, items=0)
    item = make_item(rectification, state="finished", finished_at=NOON)
    Inspection.objects.update(rectification=rectification)

    with pytest.raises(RuleViolation, match="是否到位"):
        submit(visit)
    submit(visit, items={item.pk: True})

    assert visit.item_checks.get().is_passed


def test_the_items_of_a_cancelled_plan_are_not_checked(visit):
    rectification = make_rectification(visit.section.result.case, items=0, state=RectificationState.CANCELLED)
    make_item(rectification, state="finished", finished_at=NOON)
    Inspection.objects.update(rectification=rectification)

    submit(visit)

    assert not visit.item_checks.exists()


def test_an_allegation_of_greed_reaches_the_commission_only(visit):
    submit(visit, lead="收取红包", conclusion="transfer")

    lead = Lead.objects.get()
    assert lead.facts == "收取红包"
    visit.refresh_from_db()
    assert "红包" not in visit.situation
    with pytest.raises(Denied):
        conclude_lead(lead_id=lead.pk, finding=Finding(LeadState.UNFOUNDED, "无"), by=chief(), at=LATER)
