"""Accounts: created without a role, granted one by two persons, one session each, ended at once when disabled."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from nanchuan_eval.accounts import services as accounts
from nanchuan_eval.accounts.services import role_faults
from nanchuan_eval.approvals import services as approvals
from nanchuan_eval.approvals.models import Approval
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import CLOCK, OPERATOR, Role
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from tests.factories import NOON, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "Blue-river-41"
USERS = "/admin/nanchuan_eval/user/"


@pytest.fixture(autouse=True)
def from_noon_on(time_machine):
    """A movable clock."""
    time_machine.move_to(NOON, tick=True)


def make_account(username="lihua", role=Role.CHIEF, **fields):
    account = User(username=username, name="李桦", role=role, **{"person_code": f"N-{username}", **fields})
    return accounts.create_account(account, password=PASSWORD, by=OPERATOR, at=timezone.now())


def log_in(client=None, username="lihua", password=PASSWORD, **extra):
    client = client or Client()
    answer = client.post("/login/", {"username": username, "password": password}, **extra)
    return client, answer


def is_in(client):
    return client.get("/account/").status_code == 200


def events(*names):
    return list(AuditEntry.objects.filter(action__in=names).order_by("seq").values_list("action", flat=True))


class TestOpening:
    """SYS creates accounts without seeing passwords; SEC proposes roles, the chief or the commission approves."""

    @pytest.fixture(autouse=True)
    def rule_of_two(self, settings):
        settings.TWO_PERSON_RULE = True

    def test_a_new_account_has_no_role_and_no_password(self, client):
        client.force_login(make_user("sysadmin"))
        given = {"username": "zhao", "name": "赵", "person_code": "N1", "is_active": "on", "role": "H", "password": "x"}
        client.post(USERS + "add/", given)

        account = User.objects.get(username="zhao")
        assert (account.role, account.has_usable_password()) == ("", False)
        assert not any(policy.may(account, action) for action in policy.table())

    @pytest.mark.parametrize("role", ["clerk", "chief", "commission", "security", "auditor"])
    def test_only_the_system_administrator_opens_accounts(self, client, role):
        client.force_login(make_user(role))

        assert client.post(USERS + "add/", {"username": "zhao", "name": "赵", "is_active": "on"}).status_code == 403
        assert not User.objects.filter(username="zhao").exists()

    def grant(self, client, account, role, by=None, **more):
        client.force_login(by or make_user("security"))
        return client.post(f"{USERS}{account.pk}/grant/", {"role": role, "reason": "到岗", **more})

    def test_a_role_takes_a_proposal_of_the_security_administrator_and_the_chiefs_approval(self, client):
        account = make_user("clerk")
        self.grant(client, account, "H")
        account.refresh_from_db()
        assert account.role == "C"

        approvals.approve(approval_id=Approval.objects.get().pk, by=make_user("chief"), at=NOON)

        account.refresh_from_db()
        assert account.role == "H"

    @pytest.mark.parametrize("role", sorted(accounts.GUARDED_ROLES))
    def test_the_guarded_roles_are_approved_by_the_commission_only(self, client, role):
        account = make_user("clerk")
        self.grant(client, account, role)
        approval = Approval.objects.get()

        with pytest.raises(policy.Denied):
            approvals.approve(approval_id=approval.pk, by=make_user("chief"), at=NOON)
        approvals.approve(approval_id=approval.pk, by=make_user("commission"), at=NOON)

        account.refresh_from_db()
        assert account.role == role

    def test_nobody_grants_a_role_to_their_own_accounts(self):
        chief = make_user("chief", person_code="N1")
        account = make_user("clerk", person_code="N1")
        approval = approvals.propose(
            "role.grant", account, by=make_user("security"), at=NOON, role="H", unit_code="", reason="x"
        )

        with pytest.raises(RuleViolation, match="自己"):
            approvals.approve(approval_id=approval.pk, by=chief, at=NOON)

    def test_excluded_roles_of_one_person_are_refused_whatever_was_approved(self):
        make_user("auditor", person_code="N1")
        account = make_user("clerk", person_code="N1")
        given = {"role": "H", "unit_code": ""}

        with pytest.raises(RuleViolation, match="不能兼任"):
            approvals.propose("role.grant", account, by=make_user("security"), at=NOON, reason="x", **given)
        with pytest.raises(RuleViolation, match="不能兼任"), policy.approved("role.grant"):
            accounts.grant_role(account_id=account.pk, by=make_user("chief"), at=NOON, **given)

    def test_excluded_roles_are_refused_when_two_accounts_become_one_persons(self, client):
        make_user("auditor", person_code="N1")
        account = make_user("clerk")
        client.force_login(make_user("sysadmin"))

        fields = {"username": account.username, "name": "x", "is_active": "on", "person_code": "N1"}
        page = client.post(f"{USERS}{account.pk}/change/", fields).content.decode()

        account.refresh_from_db()
        assert "不能兼任" in page
        assert account.person_code != "N1"

    def test_an_account_without_a_person_code_is_not_opened(self, client):
        client.force_login(make_user("sysadmin"))
        given = {"username": "zhao", "name": "赵", "is_active": "on"}
        for code in ("", "　 "):
            client.post(USERS + "add/", {**given, "person_code": code})
        with pytest.raises(ValidationError):
            make_account(person_code=" ")
        assert not User.objects.filter(username__in=["zhao", "lihua"]).exists()

    def test_an_account_without_a_person_code_gets_no_role_and_keeps_none_back(self):
        account, given = make_user("clerk", person_code=""), {"by": make_user("chief"), "at": NOON}
        with policy.approved("role.grant"):
            with pytest.raises(RuleViolation, match="没有人员编号"):
                accounts.grant_role(account_id=account.pk, role="H", unit_code="", **given)
            assert accounts.grant_role(account_id=account.pk, role="", unit_code="", **given).role == ""

    def test_a_liaison_needs_a_unit(self):
        account, given = make_user("clerk"), {"role": "L", "unit_code": ""}

        with pytest.raises(RuleViolation, match="单位代码"):
            approvals.propose("role.grant", account, by=make_user("security"), at=NOON, reason="x", **given)
        with pytest.raises(RuleViolation, match="单位代码"), policy.approved("role.grant"):
            accounts.grant_role(account_id=account.pk, by=make_user("chief"), at=NOON, **given)
        assert not Approval.objects.exists()

    @pytest.mark.parametrize("role", ["clerk", "chief", "sysadmin", "auditor"])
    def test_the_permission_to_grant_is_checked_before_the_form(self, client, role):
        client.force_login(make_user(role))
        before = AuditEntry.objects.count()

        assert client.post(f"{USERS}{make_user('clerk').pk}/grant/", {"role": "H"}).status_code == 403
        assert [row.result for row in AuditEntry.objects.order_by("seq")[before:]] == ["denied"]

    def test_a_forged_form_gives_nobody_a_role(self, client):
        clerk = make_user("clerk")
        client.force_login(clerk)

        forged = {"username": clerk.username, "name": "x", "is_superuser": "on", "role": "D", "is_active": "on"}
        assert client.post(f"{USERS}{clerk.pk}/change/", forged).status_code == 403
        assert client.post(f"{USERS}{clerk.pk}/grant/", {"role": "D", "reason": "x"}).status_code == 403

        clerk.refresh_from_db()
        assert clerk.role == "C"


class TestThePassword:
    """Set by a one-time link, never shown, renewed, not reused."""

    def link(self, account, by=None):
        client = Client()
        client.force_login(by or make_user("sysadmin"))
        page = client.post(f"{USERS}{account.pk}/link/").content.decode()
        return urlsplit(re.search(r"<code>(http://testserver/\S+)</code>", page)[1]).path

    def use(self, path, password=PASSWORD):
        client = Client()
        page = client.get(path, follow=True)
        return client.post(page.request["PATH_INFO"], {"new_password1": password, "new_password2": password})

    def test_a_link_sets_the_password_once(self):
        account = make_user("clerk")
        path = self.link(account)

        assert self.use(path).status_code == 302
        assert is_in(log_in(username=account.username)[0])
        assert "已经用过" in Client().get(path, follow=True).content.decode()

    def test_a_link_ends_after_three_days(self, time_machine):
        account = make_user("clerk")
        path = self.link(account)
        time_machine.shift(timedelta(hours=73))

        assert "已经过期" in Client().get(path, follow=True).content.decode()

    @pytest.mark.parametrize("role", ["clerk", "chief", "security", "auditor", "commission"])
    def test_only_the_system_administrator_hands_out_links(self, client, role):
        client.force_login(make_user(role))
        assert client.post(f"{USERS}{make_user('clerk').pk}/link/").status_code == 403

    def test_a_bad_password_is_refused_in_words(self):
        answer = self.use(self.link(make_user("clerk")), "nanchuan")
        assert "口令至少12位" in answer.content.decode()

    def test_a_link_keeps_the_second_factor(self):
        account = make_account()
        SecondFactor.objects.create(user=account, secret="00" * 20)

        self.use(self.link(account), "Green-river-42")

        assert second_factor.confirmed(account)

    def test_the_last_five_passwords_are_not_used_again(self):
        account = make_account()
        for n in range(5):
            accounts.set_password(account_id=account.pk, password=f"Green-river-{n}5", at=NOON)

        with pytest.raises(ValidationError, match="最近5次"):
            accounts.set_password(account_id=account.pk, password="Green-river-15", at=NOON)
        accounts.set_password(account_id=account.pk, password=PASSWORD, at=NOON)

    def test_after_ninety_days_a_new_one_is_asked_for_before_anything_else(self, time_machine):
        make_account()
        time_machine.shift(timedelta(days=90, seconds=1))
        client, _ = log_in()

        assert client.get("/admin/").url == "/account/password/?next=%2Fadmin%2F"
        fields = {"old_password": PASSWORD, "new_password1": "Green-river-42", "new_password2": "Green-river-42"}
        client.post("/account/password/", fields)
        assert client.get("/home/").status_code == 200

    def test_guessing_the_old_one_is_logged_and_stopped(self):
        make_account()
        client, _ = log_in()
        fields = {"old_password": "wrong", "new_password1": "Green-river-42", "new_password2": "Green-river-42"}
        answers = [client.post("/account/password/", fields).status_code for _ in range(11)]

        assert answers == [200] * 10 + [429]
        assert client.post("/account/password/", {**fields, "old_password": PASSWORD}).status_code == 429
        assert events("session.password") == ["session.password"] * 10

    def test_no_page_shows_a_password_or_its_hash(self, client):
        account = make_account()
        client.force_login(make_user("sysadmin"))
        pages = client.get(f"{USERS}{account.pk}/change/").content + client.get(USERS).content
        assert account.password.encode() not in pages
        assert b"md5$" not in pages


class TestSessions:
    """One per account; idle and absolute limits to the second; disabling and granting end them."""

    def test_a_second_log_in_ends_the_first(self):
        make_account()
        first, _ = log_in()
        second, _ = log_in()

        assert not is_in(first)
        assert is_in(second)

    @pytest.mark.parametrize(("role", "minutes"), [(Role.CHIEF, 15), (Role.SYSTEM_ADMIN, 10)])
    def test_the_idle_limit_to_the_second(self, time_machine, role, minutes):
        time_machine.move_to(NOON, tick=False)
        make_account(role=role)
        client, _ = log_in()
        assert is_in(client)

        time_machine.shift(timedelta(minutes=minutes, seconds=-1))
        assert is_in(client)
        time_machine.shift(timedelta(minutes=minutes))
        answer = client.get("/account/", follow=True).content.decode()
        assert f"超过{minutes}分钟未操作" in answer

    def test_the_absolute_limit_to_the_second(self, time_machine):
        time_machine.move_to(NOON, tick=False)
        make_account()
        client, _ = log_in()
        for _ in range(8 * 6 - 1):
            time_machine.shift(timedelta(minutes=10))
            assert is_in(client)
        time_machine.shift(timedelta(minutes=9, seconds=59))
        assert is_in(client)
        time_machine.shift(timedelta(seconds=1))
        assert not is_in(client)

    def test_disabling_ends_the_session_and_enabling_does_not_revive_it(self):
        account = make_account()
        cookie_holder, _ = log_in()
        admin = Client()
        admin.force_login(make_user("sysadmin"))
        fields = {"username": account.username, "name": account.name, "person_code": account.person_code}

        admin.post(f"{USERS}{account.pk}/change/", fields)
        assert not is_in(cookie_holder)
        admin.post(f"{USERS}{account.pk}/change/", {**fields, "is_active": "on"})
        account.refresh_from_db()
        assert account.is_active
        assert not is_in(cookie_holder)

    def test_granting_a_role_ends_the_sessions(self):
        account = make_account()
        client, _ = log_in()
        accounts.grant_role(account_id=account.pk, role="C", unit_code="", by=make_user("chief"), at=NOON)
        assert not is_in(client)

    @pytest.mark.parametrize(
        ("role", "status"), [("sysadmin", 302), ("security", 302), ("chief", 403), ("auditor", 403)]
    )
    def test_two_administrators_end_others_sessions(self, role, status):
        account = make_account()
        holder, _ = log_in()
        client = Client()
        client.force_login(make_user(role))

        assert client.post(f"{USERS}{account.pk}/end-sessions/").status_code == status
        assert is_in(holder) == (status == 403)

    def test_users_end_their_own_sessions(self):
        make_account()
        client, _ = log_in()
        client.post("/account/sessions/end/")
        assert not is_in(client)

    def test_a_supervisors_account_lasts_a_day(self, time_machine):
        make_account(role=Role.SUPERVISOR)
        client, _ = log_in()
        assert is_in(client)
        time_machine.shift(timedelta(days=1, seconds=1))
        assert not is_in(client)
        assert not is_in(log_in()[0])

    @pytest.mark.parametrize("until", [None, timedelta(days=2)])
    def test_only_a_new_grant_prolongs_a_supervisors_account(self, until):
        account, now = make_account(role=Role.SUPERVISOR), timezone.now()
        kept = account.expires_at
        account.expires_at = until and now + until

        with pytest.raises(RuleViolation, match="重新提请授权"):
            accounts.save_account(account, by=make_user("sysadmin"), at=now, changed=["expires_at"])
        account.refresh_from_db()
        assert account.expires_at == kept

        later = kept + timedelta(days=3)
        given = {"account_id": account.pk, "role": Role.SUPERVISOR, "unit_code": "", "by": make_user("chief")}
        assert accounts.grant_role(**given, at=later).expires_at == later + timedelta(days=1)

    def test_an_account_unused_for_ninety_days_is_disabled(self):
        used, unused, fresh = make_account("used1"), make_account("unused1"), make_account("fresh1")
        now = timezone.now()
        User.objects.exclude(pk=fresh.pk).update(created_at=now - timedelta(days=200))
        User.objects.filter(pk=used.pk).update(last_login=now - timedelta(days=89))
        User.objects.filter(pk=unused.pk).update(last_login=now - timedelta(days=91))

        assert accounts.disable_unused(at=now) == 1

        assert not User.objects.get(pk=unused.pk).is_active
        assert AuditEntry.objects.filter(role=CLOCK.role, object_id=str(unused.pk)).exists()

    def test_a_reactivated_account_has_ninety_days_again(self):
        account, now = make_account("back1"), timezone.now()
        User.objects.filter(pk=account.pk).update(created_at=now - timedelta(days=200))
        assert accounts.disable_unused(at=now - timedelta(days=95)) == 1
        account.refresh_from_db()
        account.is_active = True
        at = now - timedelta(days=89)
        accounts.save_account(account, by=make_user("sysadmin"), at=at, changed=["is_active"])

        assert accounts.disable_unused(at=now) == 0
        assert accounts.disable_unused(at=now + timedelta(days=2)) == 1


class TestTheLockOut:
    """Five failures lock the pair of account and address only."""

    def fail(self, times, **extra):
        for _ in range(times):
            _, answer = log_in(password="wrong", **extra)
        return answer

    def test_the_fifth_failure_locks_that_pair_only(self):
        make_account()
        make_account("zhang3")
        assert self.fail(4).status_code == 200
        answer = self.fail(1)

        assert answer.status_code == 429
        assert "已锁定30分钟" in answer.content.decode()
        assert not is_in(log_in()[0])
        assert is_in(log_in(username="zhang3")[0])
        assert is_in(log_in(REMOTE_ADDR="10.9.9.9")[0])

    def test_four_failures_lock_nobody(self):
        make_account()
        self.fail(4)
        assert is_in(log_in()[0])

    def test_after_half_an_hour_the_pair_may_try_again(self, time_machine):
        make_account()
        self.fail(5)
        time_machine.shift(timedelta(minutes=31))
        assert is_in(log_in()[0])

    def test_a_forged_header_is_no_other_address(self):
        make_account()
        for n in range(5):
            log_in(password="wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
        assert not is_in(log_in(HTTP_X_FORWARDED_FOR="10.0.0.77")[0])

    def test_a_trusted_proxy_is_believed(self, settings):
        settings.TRUSTED_PROXIES = ["127.0.0.1"]
        make_account()
        self.fail(5, HTTP_X_FORWARDED_FOR="10.0.0.1")
        assert not is_in(log_in(HTTP_X_FORWARDED_FOR="10.0.0.1")[0])
        assert is_in(log_in(HTTP_X_FORWARDED_FOR="6.6.6.6, 10.0.0.2")[0])

    def test_log_ins_failures_and_lock_outs_are_logged_without_the_input(self):
        make_account()
        self.fail(5)
        log_in(username="a-password-typed-as-a-name")

        names = events("session.failed", "session.locked")
        assert names == ["session.failed"] * 4 + ["session.locked", "session.failed"]
        assert not [e for e in AuditEntry.objects.all() if "a-password" in f"{e.detail}{e.reason}{e.object_id}"]


class TestTheSecondFactor:
    """Every staff session is confirmed by a code valid once; recovery codes; reset by SEC."""

    @pytest.fixture(autouse=True)
    def required(self, settings):
        settings.REQUIRE_OTP = True

    @pytest.fixture
    def enrolled(self):
        account = make_account()
        client, _ = log_in()
        client.post("/account/second-factor/setup/")
        factor = SecondFactor.objects.get(user=account)
        code = second_factor.current_code(factor, timezone.now())
        page = client.post("/account/second-factor/setup/", {"code": code}).content.decode()
        return account, client, re.findall(r"<code>((?:\w{4} ){3}\w{4})</code>", page)

    def test_enrolment_shows_a_qr_code_and_ten_recovery_codes(self, enrolled):
        _, client, recovery = enrolled
        assert len(set(recovery)) == 10
        assert is_in(client)
        assert "session.enrolled" in events("session.enrolled")

    def test_the_setup_page_draws_the_secret_without_leaving_the_page(self):
        make_account()
        client, _ = log_in()
        page = client.post("/account/second-factor/setup/").content.decode()
        assert "<svg" in page
        assert "style=" not in page

    def test_without_a_code_no_staff_page_opens(self):
        make_account()
        client, _ = log_in()
        for path in ("/admin/", "/home/", "/account/", "/commission/", "/admin/evaluations/round/", "/"):
            assert urlsplit(client.get(path).url).path == "/account/second-factor/", path

    def test_the_next_log_in_asks_for_a_code(self, enrolled, time_machine):
        account, _, _ = enrolled
        time_machine.shift(timedelta(minutes=1))
        client, _ = log_in()
        assert not is_in(client)

        code = second_factor.current_code(account.second_factor, timezone.now())
        client.post("/account/second-factor/", {"code": code})
        assert is_in(client)

    def test_a_code_counts_once(self, enrolled):
        client, _ = log_in()
        factor = SecondFactor.objects.get()
        replayed = second_factor.current_code(factor, timezone.now())

        assert "已经用过" in client.post("/account/second-factor/", {"code": replayed}).content.decode()
        assert not is_in(client)

    def test_a_recovery_code_counts_once(self, enrolled):
        _, _, recovery = enrolled
        client, _ = log_in()
        client.post("/account/second-factor/", {"code": recovery[0].lower()})
        assert is_in(client)

        again, _ = log_in()
        again.post("/account/second-factor/", {"code": recovery[0]})
        assert not is_in(again)

    def test_recovery_codes_and_secret_lie_encrypted_or_hashed(self, enrolled):
        from django.db import connection  # noqa: PLC0415

        _, _, recovery = enrolled
        secret = SecondFactor.objects.get().secret
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nanchuan_eval_secondfactor")
            stored = str(cursor.fetchall())
        assert secret not in stored
        assert recovery[0].replace(" ", "") not in stored

    @pytest.mark.parametrize("code", ["", "000000", "１２３４５６", "12 34", "x" * 400, "1e5000", "٠١٢٣٤٥"])
    def test_wrong_codes_are_refused(self, enrolled, code):
        client, _ = log_in()
        assert client.post("/account/second-factor/", {"code": code}).status_code == 200
        assert not is_in(client)

    def test_five_wrong_codes_block_for_half_an_hour(self, enrolled, time_machine):
        account, _, _ = enrolled
        time_machine.shift(timedelta(minutes=1))
        client, _ = log_in()
        for _ in range(5):
            client.post("/account/second-factor/", {"code": "000000"})

        code = second_factor.current_code(account.second_factor, timezone.now())
        assert "暂停使用" in client.post("/account/second-factor/", {"code": code}).content.decode()

    def test_a_supervisor_for_a_day_needs_none(self):
        make_account(role=Role.SUPERVISOR)
        assert is_in(log_in()[0])

    @pytest.mark.parametrize(("role", "left"), [("security", 0), ("sysadmin", 1), ("chief", 1), ("auditor", 1)])
    def test_only_the_security_administrator_resets_it(self, enrolled, settings, role, left):
        settings.REQUIRE_OTP = False
        account, holder, _ = enrolled
        client = Client()
        client.force_login(make_user(role))
        client.post(f"{USERS}{account.pk}/reset-factor/")

        assert SecondFactor.objects.count() == left
        assert is_in(holder) == bool(left)

    def test_nobody_resets_their_own_factor(self):
        security = make_user("security")
        with pytest.raises(RuleViolation, match="本人"):
            second_factor.reset_factor(account_id=security.pk, by=security, at=NOON)


class TestMyAccount:
    """Users see their own log-ins and actions."""

    def test_the_page_shows_log_ins_failed_ones_too(self):
        make_account()
        log_in(password="wrong")
        client, _ = log_in(REMOTE_ADDR="10.1.2.3")

        page = client.get("/account/").content.decode()

        assert "登录失败" in page
        assert "来自10.1.2.3" in page

    def test_the_page_shows_no_other_accounts_entries(self, client):
        make_account("other1")
        log_in(username="other1", REMOTE_ADDR="10.7.7.7")
        client.force_login(make_user("clerk"))
        assert "10.7.7.7" not in client.get("/account/").content.decode()

    def test_logging_out_is_a_post_and_logged(self):
        make_account()
        client, _ = log_in()
        assert client.get("/logout/").status_code == 405
        client.post("/logout/")
        assert not is_in(client)
        assert events("session.logout") == ["session.logout"]

    def test_the_staff_site_has_no_pages_of_its_own_for_password_and_log_out(self):
        make_account()
        client, _ = log_in()
        assert client.get("/admin/password_change/").url == "/account/password/"
        fields = {"old_password": PASSWORD, "new_password1": "Green-river-42", "new_password2": "Green-river-42"}
        client.post("/admin/password_change/", fields)
        assert User.objects.get().check_password(PASSWORD)
        client.post("/admin/logout/")
        assert not is_in(client)
        assert events("session.logout") == ["session.logout"]

    @pytest.mark.parametrize("role", ["inspector", "supervisor", "clerk", "liaison", "commission"])
    def test_every_role_has_a_home(self, client, role):
        client.force_login(make_user(role))
        assert client.get("/home/", follow=True).status_code == 200


@pytest.mark.django_db
def test_a_role_given_by_sql_is_named_and_a_granted_one_is_not():
    account = make_account(role="")
    accounts.grant_role(account_id=account.pk, role=Role.CLERK, unit_code="", by=make_user("chief"), at=NOON)
    assert list(role_faults()) == []

    User.objects.filter(pk=account.pk).update(role=Role.CHIEF)

    assert "lihua" in "".join(role_faults())
