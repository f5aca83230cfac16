"""From the one-time link to the home page: password, second factor, recovery codes, for every role."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from nanchuan_eval.accounts.links import issue_link
from nanchuan_eval.accounts.sessions import SEEN, SINCE
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.second_factor import services as second_factor
from nanchuan_eval.second_factor.models import SecondFactor
from nanchuan_eval.users.models import User
from tests.factories import ROLES, make_department, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "Blue-river-41"


@pytest.fixture(autouse=True)
def with_second_factors(settings):
    """As in production."""
    settings.REQUIRE_OTP, settings.TWO_PERSON_RULE = True, True


def invited(role, **fields):
    """An account without a password, and its link."""
    if role == "liaison":
        make_department(code="D01")
    account = make_user(role, **fields)
    account.set_unusable_password()
    account.save()
    return account, issue_link(account_id=account.pk, by=OPERATOR, at=timezone.now()).path


def set_password(client, path):
    page = client.get(path, follow=True)
    return page, client.post(page.request["PATH_INFO"], {"new_password1": PASSWORD, "new_password2": PASSWORD})


def enrol(client, account):
    """Scan the secret that the page shows at once and enter the first code; returns the page of recovery codes."""
    assert "<svg" in client.get("/account/second-factor/setup/").content.decode()
    factor = SecondFactor.objects.get(user=account)
    code = second_factor.current_code(factor, timezone.now())
    return client.post("/account/second-factor/setup/", {"code": code})


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"supervisor"}))
def test_the_link_leads_to_the_home_page(role):
    account, path = invited(role)
    client = Client()

    page, answer = set_password(client, path)
    assert account.username in page.content.decode()
    assert answer.url == "/home/"
    assert client.get("/home/").url.startswith("/account/second-factor/")
    assert len(re.findall(r"<code>", enrol(client, account).content.decode())) == second_factor.RECOVERY_CODES
    assert client.get("/home/", follow=True).status_code == 200


def test_a_supervisor_needs_no_second_factor():
    _, path = invited("supervisor")
    client = Client()

    set_password(client, path)

    assert client.get("/home/", follow=True).status_code == 200


def test_setting_the_password_begins_a_session_as_a_log_in_does():
    account, path = invited("clerk")
    elsewhere, client = Client(), Client()
    stamp = account.session_stamp

    set_password(client, path)

    account.refresh_from_db()
    assert account.session_stamp != stamp
    assert {SINCE, SEEN} <= set(client.session.keys())
    logged_in = AuditEntry.objects.filter(action="session.login", object_id=account.pk)
    assert logged_in.count() == 1
    elsewhere.post("/login/", {"username": account.username, "password": PASSWORD})
    assert client.get("/home/").url.startswith("/login/")


def test_a_link_used_once_logs_nobody_in_again():
    _, path = invited("clerk")
    set_password(Client(), path)

    late = Client()
    answer = late.get(path, follow=True)

    assert "form" not in answer.context or answer.context["form"] is None
    assert "_auth_user_id" not in late.session


def test_a_confirmed_phone_is_asked_for_after_a_new_password():
    account, path = invited("clerk")
    factor = second_factor.begin_enrolment(by=account)
    SecondFactor.objects.update(confirmed=True)
    client = Client()

    set_password(client, path)

    assert client.get("/home/").url.startswith("/account/second-factor/?next=")
    assert client.get("/account/second-factor/setup/").url == "/account/"
    assert SecondFactor.objects.get(user=account).secret == factor.secret


def test_a_disabled_account_is_not_logged_in_by_its_link():
    account, path = invited("clerk")
    client = Client()
    page = client.get(path, follow=True)
    User.objects.filter(pk=account.pk).update(is_active=False)

    form = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    answer = client.post(page.request["PATH_INFO"], form, follow=True)

    assert "账号已停用或已到期" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_each_log_in_without_a_phone_shows_a_new_secret():
    account = make_user("clerk")
    account.set_password(PASSWORD)
    account.save()
    secrets = set()
    for client in (Client(), Client()):
        client.post("/login/", {"username": account.username, "password": PASSWORD})
        secrets.add(SecondFactor.objects.get(user=account, confirmed=False).secret)
        assert "<svg" in client.get("/home/", follow=True).content.decode()

    assert len(secrets) == 2


def test_an_account_whose_role_is_not_granted_yet_is_told_so():
    account, path = invited("clerk")
    User.objects.filter(pk=account.pk).update(role="")
    client = Client()

    set_password(client, path)
    enrol(client, account)

    page = client.get("/home/", follow=True)
    assert page.status_code == 200
    assert "您的账号尚无角色" in page.content.decode()


def test_an_account_without_a_person_code_is_told_so_on_its_own_page_and_on_the_administrators(settings):
    settings.REQUIRE_OTP = False
    account = make_user("clerk", person_code="")
    owner, administrator = Client(), Client()
    owner.force_login(account)
    administrator.force_login(make_user("sysadmin"))

    assert "账号没有人员编号，不能提请、审批" in owner.get("/account/").content.decode()
    page = administrator.get(f"/admin/nanchuan_eval/user/{account.pk}/change/").content.decode()
    assert "这个账号没有人员编号，不能授权" in page
