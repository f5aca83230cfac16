"""Approvals: one person proposes, another approves exactly that."""

import dataclasses
import json
from datetime import date, timedelta

import pytest
from django.core.checks import Tags, run_checks
from django.db import IntegrityError, connection
from django.db.models import TextField
from django.db.models.functions import Cast

from nanchuan_eval.admin_site.services import save_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit import services as audit
from nanchuan_eval.audit.models import AuditAnchor, AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db
ACTION = "test.rename"


def rename(holiday, arguments, *, by, at):
    holiday.name = arguments["name"]
    save_record(holiday, action="round.edit", by=by, at=at, changed=["name"])


@pytest.fixture(autouse=True)
def two_persons(settings, monkeypatch):
    settings.TWO_PERSON_RULE = True
    monkeypatch.setattr(approvals, "_actions", {})
    approvals.register(
        approvals.ApprovableAction(
            ACTION,
            permission="round.edit",
            label="改节假日名称",
            model=Holiday,
            content=lambda holiday, arguments: {"原名称": holiday.name, "新名称": arguments["name"]},
            perform=rename,
        )
    )


@pytest.fixture
def holiday():
    return Holiday.objects.create(day=date(2031, 10, 1), name="国庆")


def propose(holiday, by=None, **arguments):
    arguments.setdefault("name", "国庆节")
    return approvals.propose(ACTION, holiday, by=by or make_user("clerk"), at=NOON, **arguments)


def approve(approval, by=None):
    return approvals.approve(approval_id=approval.pk, by=by or make_user("chief"), at=NOON + timedelta(hours=1))


def test_a_proposal_does_nothing_until_another_person_approves_it(holiday):
    approval = propose(holiday)
    holiday.refresh_from_db()
    assert holiday.name == "国庆"

    approve(approval)

    holiday.refresh_from_db()
    approval.refresh_from_db()
    assert (holiday.name, approval.state) == ("国庆节", Approval.State.APPROVED)


def test_a_two_person_action_without_a_handler_fails_the_system_check(monkeypatch):
    assert [fault.id for fault in run_checks(tags=[Tags.security])] == ["nanchuan.E007"] * len(
        policy.two_person_actions() - policy.NEVER_ARISES - {"round.edit"}
    )


def test_a_handler_for_a_one_person_action_fails_the_system_check():
    approvals.register(dataclasses.replace(approvals.action_named(ACTION), name="test.alone", permission="ballot.cast"))

    assert "nanchuan.E008" in {fault.id for fault in run_checks(tags=[Tags.security])}


def test_a_two_person_action_without_approval_is_refused(holiday):
    with pytest.raises(policy.NeedsApproval, match="评议办工作人员提请"):
        rename(holiday, {"name": "国庆节"}, by=make_user("chief"), at=NOON)

    holiday.refresh_from_db()
    assert holiday.name == "国庆"


def test_an_approval_permits_no_other_action(holiday):
    approvals.register(
        approvals.ApprovableAction(
            ACTION, "round.open", "开启", Holiday, content=lambda target, arguments: {}, perform=rename
        )
    )
    approval = propose(holiday)

    with pytest.raises(policy.NeedsApproval):
        approve(approval)

    approval.refresh_from_db()
    assert approval.state == Approval.State.PENDING


def test_changed_content_voids_the_proposal(holiday):
    approval = propose(holiday)
    Holiday.objects.update(name="中秋")

    with pytest.raises(RuleViolation, match="已失效"):
        approve(approval)

    holiday.refresh_from_db()
    approval.refresh_from_db()
    assert (holiday.name, approval.state) == ("中秋", Approval.State.STALE)


def test_the_content_is_shown_in_the_order_of_the_action_on_every_database(holiday):
    order = ["评议期间", "轮次", "规则"]
    Approval.objects.create(
        kind=ACTION,
        proposed_at=NOON,
        content={key: [{"截止日期": "1", "起": dict.fromkeys(order)}] for key in order},
        proposed_by=make_user(),
    )

    stored = Approval.objects.values_list("content", flat=True).get()
    raw = Approval.objects.annotate(raw=Cast("content", TextField())).values_list("raw", flat=True).get()

    assert list(stored) == order
    assert [*stored["轮次"][0], *stored["轮次"][0]["起"]] == ["截止日期", "起", *order]
    assert set(json.loads(raw)) == {"pairs"}


def test_the_content_of_earlier_versions_is_read_as_it_was(holiday):
    approval = propose(holiday)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE nanchuan_eval_approval SET content = %s", [json.dumps({"轮次": {"名称": "一"}})])

    approval.refresh_from_db()

    assert approval.content == {"轮次": {"名称": "一"}}


def test_changed_arguments_void_the_proposal(holiday):
    approval = propose(holiday)
    Approval.objects.update(arguments={"name": "别的"})

    with pytest.raises(RuleViolation, match="已失效"):
        approve(approval)


@pytest.mark.parametrize("code", ["N001", " n001", "Ｎ００１", "N 001"])
def test_two_accounts_of_one_person_are_one_person(holiday, code):
    approval = propose(holiday, by=make_user("clerk", person_code="N001"))

    with pytest.raises(RuleViolation, match="不得为同一人"):
        approve(approval, by=make_user("chief", person_code=code))

    approval.refresh_from_db()
    assert approval.state == Approval.State.PENDING


class TestAccountsWithoutAPersonCode:
    """Nobody can tell whose they are, so they neither propose nor approve."""

    def test_do_not_propose(self, holiday):
        with pytest.raises(RuleViolation, match="没有人员编号"):
            propose(holiday, by=make_user("clerk", person_code=""))
        assert not Approval.objects.exists()

    @pytest.mark.parametrize("missing", ["clerk", "chief"])
    def test_do_not_pass_the_rule_of_two(self, client, holiday, missing):
        clerk, chief = make_user("clerk"), make_user("chief")
        approval = propose(holiday, by=clerk)
        User.objects.filter(pk__in=[clerk.pk, chief.pk], username__startswith=missing).update(person_code="")
        chief.refresh_from_db()

        with pytest.raises(RuleViolation, match="没有人员编号，不能办理"):
            approve(approval, by=chief)

        client.force_login(chief)
        assert "同意并办理" not in client.get(f"/approvals/{approval.pk}/").content.decode()
        holiday.refresh_from_db()
        assert holiday.name == "国庆"

    def test_are_named_by_a_check_and_on_the_security_page(self, client):
        make_user("clerk", username="zhangsan", person_code="")
        make_user("clerk", username="gone", person_code="", is_active=False)
        client.force_login(make_user("security"))

        found = [str(message.msg) for message in run_checks(databases=["default"]) if message.id == "nanchuan.W002"]
        page = client.get("/admin/policy/").content.decode()

        assert ["zhangsan" in text and "gone" not in text for text in found] == [True]
        assert "zhangsan" in page and "没有人员编号" in page


@pytest.mark.parametrize("role", ["clerk", "commission", "auditor", "sysadmin"])
def test_only_roles_with_the_permission_approve(holiday, role):
    approval = propose(holiday)

    with pytest.raises(policy.Denied):
        approve(approval, by=make_user(role))


@pytest.mark.parametrize("role", ["chief", "commission", "personnel"])
def test_only_roles_with_the_permission_propose(holiday, role):
    with pytest.raises(policy.Denied):
        propose(holiday, by=make_user(role))

    assert not Approval.objects.exists()


def test_the_same_thing_is_proposed_once_at_a_time(holiday):
    propose(holiday)

    with pytest.raises(RuleViolation, match="已经提请"):
        propose(holiday)


def test_a_proposal_is_decided_once(holiday):
    approval = propose(holiday)
    approve(approval)

    with pytest.raises(RuleViolation, match="已同意"):
        approve(approval)


def test_returning_takes_a_reason_and_allows_a_new_proposal(holiday):
    approval, chief = propose(holiday), make_user("chief")
    with pytest.raises(RuleViolation, match="理由"):
        approvals.send_back(approval_id=approval.pk, note=" ", by=chief, at=NOON)

    approvals.send_back(approval_id=approval.pk, note="名称不规范", by=chief, at=NOON)

    assert propose(holiday).state == Approval.State.PENDING


def test_only_the_proposer_withdraws(holiday):
    clerk = make_user("clerk")
    approval = propose(holiday, by=clerk)
    with pytest.raises(policy.Denied):
        approvals.withdraw(approval_id=approval.pk, by=make_user("clerk"), at=NOON)

    assert approvals.withdraw(approval_id=approval.pk, by=clerk, at=NOON).state == Approval.State.WITHDRAWN


def test_the_object_is_reopened_when_the_proposal_ends_without_approval(holiday):
    ended = []
    action = approvals.action_named(ACTION)
    approvals.register(dataclasses.replace(action, undo=lambda target, note: ended.append((target, note))))
    clerk = make_user("clerk")

    approvals.send_back(approval_id=propose(holiday).pk, note="名称不规范", by=make_user("chief"), at=NOON)
    approvals.withdraw(approval_id=propose(holiday, by=clerk).pk, by=clerk, at=NOON)
    approve(propose(holiday))

    assert ended == [(holiday, "名称不规范"), (holiday, "")]


def test_a_proposal_about_a_deleted_object_is_void(holiday):
    approval = propose(holiday)
    holiday.delete()

    with pytest.raises(RuleViolation, match="已失效"):
        approve(approval)

    approval.refresh_from_db()
    assert approval.state == Approval.State.STALE


def test_the_objects_page_shows_pending_proposals_and_links_those_the_user_may_open(holiday):
    approval = propose(holiday)

    for role, may_open in [("chief", True), ("personnel", False), ("liaison", False)]:
        (waiting,) = approvals.waiting_about(make_user(role), holiday)
        assert (waiting.approval, waiting.approvers, waiting.may_open) == (approval, "评议办负责人", may_open)


def test_a_refused_action_leaves_the_proposal_pending(holiday, monkeypatch):
    approval = propose(holiday)

    def refuse(*args, **kwargs):
        raise RuleViolation("条件不具备。")

    action = approvals.action_named(ACTION)
    approvals.register(
        approvals.ApprovableAction(
            ACTION, action.permission, action.label, Holiday, content=action.content, perform=refuse
        )
    )
    with pytest.raises(RuleViolation, match="条件不具备"):
        approve(approval)

    approval.refresh_from_db()
    assert approval.state == Approval.State.PENDING


def test_proposal_action_and_decision_are_logged_once_each(holiday):
    approve(propose(holiday))

    labels = [entry.detail.get("step_label", entry.action) for entry in AuditEntry.objects.order_by("pk")]
    assert labels == ["提请：改节假日名称", "round.edit", "已同意：改节假日名称：2031-10-01 国庆"]
    assert [entry.detail["changed"] for entry in AuditEntry.objects.performed()] == [["name"]]


def test_a_proposal_of_a_published_action_takes_no_anchor(holiday, monkeypatch):
    monkeypatch.setattr(audit, "ANCHORED", frozenset({"round.edit"}))
    approve(propose(holiday))

    assert list(AuditAnchor.objects.values_list("seq")) == list(AuditEntry.objects.performed().values_list("seq"))


def test_the_database_refuses_a_proposal_approved_by_its_proposer(holiday):
    approval = propose(holiday)
    with pytest.raises(IntegrityError):
        Approval.objects.filter(pk=approval.pk).update(
            state=Approval.State.APPROVED, decided_by=approval.proposed_by, decided_at=NOON
        )


def test_with_the_rule_off_one_person_performs_the_action_at_once(holiday, settings):
    settings.TWO_PERSON_RULE = False
    chief = make_user("chief")

    assert approvals.may_start(chief, ACTION, holiday)
    assert approvals.start(ACTION, holiday, by=chief, at=NOON, name="国庆节") is None

    holiday.refresh_from_db()
    assert holiday.name == "国庆节"
    assert not Approval.objects.exists()


def test_with_the_rule_on_the_button_belongs_to_the_proposer(holiday):
    assert approvals.may_start(make_user("clerk"), ACTION, holiday)
    assert not approvals.may_start(make_user("chief"), ACTION, holiday)
    assert approvals.start(ACTION, holiday, by=make_user("clerk"), at=NOON, name="国庆节").state == "pending"


@pytest.mark.parametrize("decide", ["approve", "send_back"])
def test_the_permission_to_decide_is_checked_before_the_state_is_shown(holiday, decide):
    approval = propose(holiday)
    approve(approval)
    given = {"note": "重报"} if decide == "send_back" else {}

    with pytest.raises(policy.Denied):
        getattr(approvals, decide)(approval_id=approval.pk, by=make_user("clerk"), at=NOON, **given)
    with pytest.raises(RuleViolation, match="不能重复办理"):
        getattr(approvals, decide)(approval_id=approval.pk, by=make_user("chief"), at=NOON, **given)


def test_a_proposal_that_the_service_would_refuse_is_refused(holiday, monkeypatch):
    def refuse(target, arguments, *, at):
        raise RuleViolation("名称不合规。")

    monkeypatch.setitem(approvals._actions, ACTION, dataclasses.replace(approvals.action_named(ACTION), require=refuse))

    with pytest.raises(RuleViolation, match="不合规"):
        propose(holiday)
    with pytest.raises(policy.Denied):
        propose(holiday, by=make_user("auditor"))
    assert not Approval.objects.exists()
