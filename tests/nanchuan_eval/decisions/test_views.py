"""Pages of decisions: one proposal, the next one, several together; when a fresh code is asked for."""

import dataclasses
from datetime import date, timedelta

import pytest
from django.contrib.auth import HASH_SESSION_KEY
from django.core.checks import Tags, run_checks
from django.utils import timezone

from nanchuan_eval.accounts.services import set_password, sign_in
from nanchuan_eval.admin_site.services import save_record
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from nanchuan_eval.workdays.models import Holiday
from tests.factories import NOON, make_user
from tests.pages import compact

pytestmark = pytest.mark.django_db
ACTION = "test.rename"
PASSWORD = "Xinmima-2031-qiutian"


def rename(holiday, arguments, *, by, at):
    if arguments["name"] == "不行":
        raise RuleViolation("名称不合规，请另取名称。")
    holiday.name = arguments["name"]
    save_record(holiday, action="round.edit", by=by, at=at, changed=["name"])


@pytest.fixture(autouse=True)
def two_persons(settings, monkeypatch):
    settings.TWO_PERSON_RULE = True
    monkeypatch.setitem(
        approvals._actions,
        ACTION,
        approvals.ApprovableAction(
            ACTION,
            permission="round.edit",
            label="改节假日名称",
            model=Holiday,
            content=lambda holiday, arguments: {"原名称": holiday.name, "新名称": arguments["name"]},
            perform=rename,
            is_small=True,
        ),
    )


def made(day):
    return Holiday.objects.create(day=date(2031, 10, day), name="国庆")


@pytest.fixture
def holiday():
    return made(1)


def propose(holiday, by=None, name="国庆节"):
    return approvals.propose(ACTION, holiday, by=by or make_user("clerk"), at=NOON, name=name)


class TestTheInbox:
    """The list of proposals (待审批) and the page for deciding on one."""

    def page(self, approval):
        return f"/approvals/{approval.pk}/"

    def test_the_index_lists_proposals_waiting_for_the_account(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))

        assert "待办（1件）" in client.get("/home/").content.decode()
        assert self.page(approval) in client.get("/approvals/").content.decode()

    def test_the_list_shows_pending_proposals_by_default(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))
        found = lambda query: client.get("/admin/nanchuan_eval/approval/", query).context["cl"].result_count  # noqa: E731
        assert (found({}), found({"state": "approved"}), found({"state": "all"})) == (1, 0, 1)

        approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)

        assert (found({}), found({"state": "approved"}), found({"state": "all"})) == (0, 1, 1)

    def test_the_approver_reads_the_content_and_approves(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))
        page = client.get(self.page(approval)).content.decode()
        assert "<dt>新名称</dt><dd>国庆节" in compact(page)
        assert approval.digest in page

        answer = client.post(self.page(approval) + "approve/", follow=True).content.decode()

        holiday.refresh_from_db()
        assert holiday.name == "国庆节"
        assert "已同意并办理" in answer

    def test_the_proposer_sees_no_button_to_approve_but_may_withdraw(self, client, holiday):
        clerk = make_user("clerk")
        approval = propose(holiday, by=clerk)
        client.force_login(clerk)

        page = client.get(self.page(approval)).content.decode()

        assert "同意并办理" not in page
        assert "撤回提请" in page
        assert client.post(self.page(approval) + "approve/").status_code == 403

    def test_sending_back_without_a_reason_is_asked_again(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))

        client.post(self.page(approval) + "return/", {"note": ""})
        approval.refresh_from_db()
        assert approval.state == Approval.State.PENDING

        client.post(self.page(approval) + "return/", {"note": "名称不规范"})
        approval.refresh_from_db()
        assert approval.state == Approval.State.RETURNED

    def test_proposals_are_hidden_from_roles_that_may_not_see_the_action(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("personnel"))

        assert client.get(self.page(approval)).status_code == 404
        assert client.post(self.page(approval) + "approve/").status_code == 404

    def test_an_approval_is_neither_added_nor_deleted_by_hand(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))

        assert client.post("/admin/nanchuan_eval/approval/add/").status_code == 403
        assert client.post(f"/admin/nanchuan_eval/approval/{approval.pk}/delete/").status_code == 403

    def test_pages_show_that_the_two_person_rule_is_off(self, client, settings):
        settings.TWO_PERSON_RULE = False
        client.force_login(make_user("chief"))

        assert "单人演示模式" in client.get("/home/").content.decode()
        assert "单人演示模式" not in client.get("/login/", follow=False).content.decode()

        settings.TWO_PERSON_RULE = True
        assert "单人演示模式" not in client.get("/home/").content.decode()


class TestTheSecondFactor:
    """Approving needs a fresh code, valid once, which opens the window; wrong ones count as at the log-in."""

    @pytest.fixture
    def factor(self, client, settings, time_machine):
        time_machine.move_to(NOON, tick=False)
        settings.REQUIRE_OTP = True
        chief = make_user("chief")
        factor = SecondFactor.objects.create(user=chief, name="动态口令", confirmed=True, secret="00" * 20)
        client.force_login(chief)
        client.post("/account/second-factor/", {"code": second_factor.current_code(factor, timezone.now())})
        return factor

    def approve(self, client, approval, **typed):
        page = f"/approvals/{approval.pk}/approve/"
        return client.post(page, typed, follow=True).content.decode()

    def test_without_a_fresh_code_nothing_is_approved(self, client, holiday, factor):
        approval = propose(holiday)
        used = second_factor.current_code(factor, timezone.now())

        for typed in ({}, {"code": "000000"}, {"code": used}):
            assert "动态口令不正确或者已使用" in self.approve(client, approval, **typed)

        approval.refresh_from_db()
        factor.refresh_from_db()
        assert (approval.state, factor.failures) == (Approval.State.PENDING, 3)

    def test_the_next_code_approves_and_opens_the_window(self, client, holiday, factor, time_machine):
        first, second, third = propose(holiday), *(propose(made(day)) for day in (2, 3))
        time_machine.shift(timedelta(minutes=1))
        code = second_factor.current_code(factor, timezone.now())

        assert 'name="code"' in client.get(f"/approvals/{first.pk}/").content.decode()
        assert "已同意并办理" in self.approve(client, first, code=code)
        page = client.get(f"/approvals/{second.pk}/").content.decode()
        assert 'name="code"' not in page
        assert "之前审批一般事项，不再要求输入动态口令" in page
        assert "已同意并办理" in self.approve(client, second)

        time_machine.shift(timedelta(minutes=5))
        assert 'name="code"' in client.get(f"/approvals/{third.pk}/").content.decode()
        assert "动态口令不正确" in self.approve(client, third)

    def test_a_grave_action_asks_anew_within_the_window(self, client, holiday, factor, time_machine, monkeypatch):
        first, second = propose(holiday), propose(made(2))
        time_machine.shift(timedelta(minutes=1))
        code = second_factor.current_code(factor, timezone.now())
        self.approve(client, first, code=code)
        grave = dataclasses.replace(approvals.action_named(ACTION), always_asks=True)
        monkeypatch.setitem(approvals._actions, ACTION, grave)

        page = client.get(f"/approvals/{second.pk}/").content.decode()
        assert 'name="code"' in page and "每次审批都要输入新的动态口令" in page
        assert "动态口令不正确" in self.approve(client, second)
        assert "已使用" in self.approve(client, second, code=code)
        time_machine.shift(timedelta(minutes=1))
        code = second_factor.current_code(factor, timezone.now())
        assert "已同意并办理" in self.approve(client, second, code=code)

    def test_with_zero_minutes_every_approval_asks(self, client, holiday, factor, time_machine, settings):
        settings.APPROVAL_MINUTES = 0
        first, second = propose(holiday), propose(made(2))
        time_machine.shift(timedelta(minutes=1))
        code = second_factor.current_code(factor, timezone.now())
        assert "已同意并办理" in self.approve(client, first, code=code)

        assert 'name="code"' in client.get(f"/approvals/{second.pk}/").content.decode()
        assert "已使用" in self.approve(client, second, code=code)

    def end_by_a_new_log_in(self, client, chief):
        sign_in(chief, at=timezone.now())
        client.force_login(User.objects.get(pk=chief.pk))

    def end_by_a_new_password(self, client, chief):
        session, hashed = client.session, set_password(account_id=chief.pk, password=PASSWORD, at=timezone.now())
        session[HASH_SESSION_KEY] = hashed.get_session_auth_hash()  # as the page for changing it keeps the session
        session.save()

    @pytest.mark.parametrize("end", ["end_by_a_new_log_in", "end_by_a_new_password"])
    def test_the_window_is_the_sessions(self, client, holiday, factor, time_machine, end):
        first, second = propose(holiday), propose(made(2))
        time_machine.shift(timedelta(minutes=1))
        self.approve(client, first, code=second_factor.current_code(factor, timezone.now()))
        assert 'name="code"' not in client.get(f"/approvals/{second.pk}/").content.decode()

        getattr(self, end)(client, factor.user)
        session = client.session
        session["otp_device_id"] = factor.persistent_id
        session.save()

        answer = client.get(f"/approvals/{second.pk}/")
        assert answer.status_code == 200
        assert 'name="code"' in answer.content.decode()
        assert "动态口令不正确" in self.approve(client, second)

    def test_a_reset_factor_ends_the_session_with_its_window(self, client, holiday, factor, time_machine):
        first, second = propose(holiday), propose(made(2))
        time_machine.shift(timedelta(minutes=1))
        self.approve(client, first, code=second_factor.current_code(factor, timezone.now()))

        second_factor.reset_factor(account_id=factor.user_id, by=make_user("security"), at=timezone.now())

        assert "/login/" in client.post(f"/approvals/{second.pk}/approve/").url
        second.refresh_from_db()
        assert second.state == Approval.State.PENDING

    def test_five_wrong_ones_block_as_at_the_log_in(self, client, holiday, factor, time_machine):
        approval = propose(holiday)
        for _ in range(5):
            self.approve(client, approval, code="000000")
        time_machine.shift(timedelta(minutes=1))

        code = second_factor.current_code(factor, timezone.now())
        assert "暂停使用" in self.approve(client, approval, code=code)

    def test_where_no_factor_is_required_none_is_asked_for(self, client, holiday):
        approval = propose(holiday)
        client.force_login(make_user("chief"))

        page = client.get(f"/approvals/{approval.pk}/").content.decode()
        assert 'name="code"' not in page
        assert "已同意并办理" in self.approve(client, approval)


class TestWhatComesNext:
    """A decision leads to the next proposal that this account may decide, after the last one home."""

    def test_deciding_leads_on_and_at_last_home(self, client):
        first, second = propose(made(1)), propose(made(2))
        client.force_login(make_user("chief"))
        assert "还有1件待审批" in client.get(f"/approvals/{first.pk}/").content.decode()

        assert client.post(f"/approvals/{first.pk}/approve/").url == f"/approvals/{second.pk}/"
        assert client.post(f"/approvals/{second.pk}/return/", {"note": "重报"}).url == "/home/"

    def test_one_that_was_left_comes_again_after_the_others(self, client):
        left, second, third = (propose(made(day)) for day in (1, 2, 3))
        client.force_login(make_user("chief"))

        assert client.post(f"/approvals/{second.pk}/approve/").url == f"/approvals/{third.pk}/"
        assert client.post(f"/approvals/{third.pk}/approve/").url == f"/approvals/{left.pk}/"

    def test_a_refused_one_stays_before_the_eyes(self, client):
        bad, _ = propose(made(1), name="不行"), propose(made(2))
        client.force_login(make_user("chief"))

        assert client.post(f"/approvals/{bad.pk}/approve/").url == f"/approvals/{bad.pk}/"

    def test_what_another_account_of_the_same_person_proposed_does_not_wait(self, client):
        propose(made(1), by=make_user("clerk", person_code="N 001"))
        chief = make_user("chief", person_code="n001")
        client.force_login(chief)

        assert not approvals.waiting_for(chief).exists()
        assert "目前没有等待您审批的事项" in client.get("/approvals/").content.decode()


class TestSeveralTogether:
    """Small proposals shown whole on one page: each decided by itself, with one code."""

    PAGE = "/approvals/together/round.edit/"

    def ticks(self, *shown):
        return {"shown": [f"{approval.pk}:{approval.digest}" for approval in shown]}

    def test_each_is_shown_whole_with_a_tick(self, client):
        one, two = propose(made(1)), propose(made(2), name="假日")
        client.force_login(make_user("chief"))

        page = client.get(self.PAGE).content.decode()

        for approval in (one, two):
            assert f'value="{approval.pk}:{approval.digest}"' in page
            assert f"<dd>{approval.content['新名称']}" in compact(page)
        assert "2件一并审批" in client.get("/approvals/").content.decode()
        assert "同类2件一并审批" in client.get(f"/approvals/{one.pk}/").content.decode()

    def test_a_refused_one_does_not_stop_the_others_and_is_named(self, client):
        bad, good, left = propose(made(1), name="不行"), propose(made(2)), propose(made(3))
        client.force_login(make_user("chief"))

        said = client.post(self.PAGE, self.ticks(bad, good), follow=True).content.decode()

        states = [Approval.objects.get(pk=each.pk).state for each in (bad, good, left)]
        assert states == ["pending", "approved", "pending"]
        assert f"{bad.title}：名称不合规，请另取名称。" in said
        assert f"已同意并办理1件：{good.title}" in said

    def test_a_stale_one_is_void_and_the_others_are_done(self, client):
        changed, good = propose(made(1)), propose(made(2))
        Holiday.objects.filter(day=date(2031, 10, 1)).update(name="中秋")
        client.force_login(make_user("chief"))

        said = client.post(self.PAGE, self.ticks(changed, good), follow=True).content.decode()

        assert [Approval.objects.get(pk=each.pk).state for each in (changed, good)] == ["stale", "approved"]
        assert f"{changed.title}：提请之后内容已有改动" in said

    def test_what_was_not_shown_is_refused(self, client):
        one = propose(made(1))
        client.force_login(make_user("chief"))

        for tick in (f"{one.pk}:{'0' * 64}", f"{one.pk}", "999:x", "x"):
            client.post(self.PAGE, {"shown": [tick]}, follow=True)
        client.post(self.PAGE, {})

        assert Approval.objects.get().state == "pending"

    def test_a_kind_that_is_not_small_is_not_among_them(self, client, monkeypatch):
        large = dataclasses.replace(approvals.action_named(ACTION), is_small=False)
        monkeypatch.setitem(approvals._actions, ACTION, large)
        one = propose(made(1))
        client.force_login(make_user("chief"))

        assert client.get(self.PAGE).url == "/approvals/"
        assert "不能由您审批" in client.post(self.PAGE, self.ticks(one), follow=True).content.decode()
        assert Approval.objects.get().state == "pending"

    def test_one_code_for_all(self, client, settings, time_machine):
        time_machine.move_to(NOON, tick=False)
        settings.REQUIRE_OTP = True
        chief = make_user("chief")
        factor = SecondFactor.objects.create(user=chief, name="动态口令", confirmed=True, secret="00" * 20)
        client.force_login(chief)
        client.post("/account/second-factor/", {"code": second_factor.current_code(factor, timezone.now())})
        both = [propose(made(1)), propose(made(2))]

        client.post(self.PAGE, self.ticks(*both))
        assert set(Approval.objects.values_list("state", flat=True)) == {"pending"}
        time_machine.shift(timedelta(minutes=1))
        code = second_factor.current_code(factor, timezone.now())
        client.post(self.PAGE, {**self.ticks(*both), "code": code})

        assert set(Approval.objects.values_list("state", flat=True)) == {"approved"}

    @pytest.mark.parametrize("role", ["clerk", "personnel", "supervisor"])
    def test_only_who_decides_sees_them(self, client, role):
        propose(made(1))
        client.force_login(make_user(role))
        assert client.get(self.PAGE).status_code == 403

    def test_the_queries_do_not_grow(self, client, django_assert_max_num_queries):
        for day in range(1, 21):
            propose(made(day))
        client.force_login(make_user("chief"))
        for page in (self.PAGE, "/approvals/", f"/approvals/{Approval.objects.first().pk}/"):
            client.get(page)
            with django_assert_max_num_queries(12):
                client.get(page)


class TestWhichActions:
    """What always asks for a fresh code, and what may be approved together."""

    def test_always_asked_are_exactly(self):
        assert {name for name, action in approvals._actions.items() if action.always_asks} == ALWAYS

    def test_small_are_exactly(self):
        small = {name for name, action in approvals._actions.items() if action.is_small} - {ACTION}
        edits = {name for name in small if name.split(".")[-1] in {"add", "edit", "delete"} and name.count(".") == 2}
        assert small - edits == SMALL
        assert len(edits) == 15

    def test_none_is_both(self):
        assert not [name for name, action in approvals._actions.items() if action.always_asks and action.is_small]


ALWAYS = {
    *("round.freeze", "round.open", "round.count", "round.void", "round.unfreeze"),
    *("publish.list", "publish.decide", "publish.correct"),
    *("backup.restore", "role.grant.admin"),
}
SMALL = {
    *(
        "role.grant",
        "comment.redact",
        "follow_up.forward",
        "flag.decide",
        "flags.keep",
        "pool.answer",
        "problems.assent",
    ),
    *("talk.confirm", "freeze.record", "freeze.waive", "freeze.lift", "case.close"),
    *("draw.commit", "draw.commit.supervisors", "draw.commit.evaluators", "draw.commit.clients"),
    *("draw.commit.issued", "draw.commit.counted"),
    *("pool.announce.supervisors", "pool.announce.evaluators", "pool.announce.recipients"),
    *("rect.plan", "rect.close", "rect.send_back", "rect.extend"),
}


@pytest.mark.parametrize(("minutes", "is_fit"), [(-1, False), (0, True), (5, True), (30, True), (31, False)])
def test_the_length_of_the_window_is_checked(settings, minutes, is_fit):
    settings.APPROVAL_MINUTES = minutes
    found = [fault.id for fault in run_checks(tags=[Tags.security]) if fault.id == "nanchuan.E012"]
    assert found == ([] if is_fit else ["nanchuan.E012"])


class TestRolesOutsideTheAdmin:
    """A role that may decide something opens and decides it, whether or not it enters the admin."""

    def test_a_supervisor_decides_on_a_flag(self, client, monkeypatch):
        flags = dataclasses.replace(approvals.action_named(ACTION), permission="ballot.invalid")
        monkeypatch.setitem(approvals._actions, ACTION, dataclasses.replace(flags, perform=lambda *_, **__: None))
        approval = propose(made(1))
        client.force_login(make_user("supervisor"))

        assert approval.title in client.get("/approvals/").content.decode()
        assert "同意并办理" in client.get(f"/approvals/{approval.pk}/").content.decode()
        client.post(f"/approvals/{approval.pk}/approve/")

        approval.refresh_from_db()
        assert approval.state == Approval.State.APPROVED

    def test_a_liaison_reads_and_withdraws_their_own(self, client, monkeypatch):
        talks = dataclasses.replace(approvals.action_named(ACTION), permission="acc.talk.head", is_own=lambda *_: True)
        monkeypatch.setitem(approvals._actions, ACTION, talks)
        liaison = make_user("liaison")
        approval = propose(made(1), by=liaison)
        client.force_login(liaison)

        assert "撤回提请" in client.get(f"/approvals/{approval.pk}/").content.decode()
        client.post(f"/approvals/{approval.pk}/withdraw/")

        approval.refresh_from_db()
        assert approval.state == Approval.State.WITHDRAWN

    @pytest.mark.parametrize("role", ["supervisor", "liaison", "inspector"])
    def test_what_a_role_only_watches_stays_hidden_outside_the_admin(self, client, role):
        approval = propose(made(1))
        client.force_login(make_user(role))
        assert client.get(f"/approvals/{approval.pk}/").status_code == 404
        assert client.post(f"/approvals/{approval.pk}/approve/").status_code == 404
