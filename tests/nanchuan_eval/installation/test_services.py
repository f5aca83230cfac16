"""The first accounts are made once, by the operator, with one-time links; nobody chooses another's password."""

from datetime import timedelta

import pytest
from django.test import Client

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.audit.queries import verify_chain
from nanchuan_eval.core.errors import RuleViolation
from nanchuan_eval.installation.services import install, renew_links
from nanchuan_eval.permissions import policy
from nanchuan_eval.permissions.policy import OPERATOR
from nanchuan_eval.users.models import User
from tests.factories import NOON, make_user
from tests.nanchuan_eval.installation.test_rules import FIRST

pytestmark = pytest.mark.django_db
PASSWORD = "Blue-river-41"


@pytest.fixture(autouse=True)
def from_noon_on(time_machine):
    """A movable clock."""
    time_machine.move_to(NOON, tick=True)


def installed():
    return {link.account.username: link for link in install(FIRST, by=OPERATOR, at=NOON)}


def set_password(link):
    """Open the link and set a password; returns whether the account has one now."""
    client = Client()
    form = client.get(link.path, follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": PASSWORD, "new_password2": PASSWORD})
    return User.objects.get(pk=link.account.pk).has_usable_password()


def test_every_first_account_has_its_role_and_no_password():
    installed()

    assert sorted(User.objects.values_list("role", flat=True)) == ["AUD", "C", "C", "D", "H", "SEC", "SYS"]
    assert not any(account.has_usable_password() for account in User.objects.all())


def test_the_installation_is_logged_and_the_log_is_whole():
    installed()

    entries = AuditEntry.objects.order_by("seq").values_list("action", "role")
    assert list(entries) == [
        ("system.installed", "CLI"),
        *[("user.create", "CLI"), ("user.pwlink", "CLI")] * len(FIRST),
    ]
    assert list(verify_chain()) == []


def test_the_log_holds_no_link():
    links = installed()

    logged = str(list(AuditEntry.objects.values()))
    assert not any(link.path.split("/")[-2] in logged for link in links.values())


def test_a_second_installation_is_refused_and_changes_nothing():
    installed()
    entries = AuditEntry.objects.count()

    with pytest.raises(RuleViolation, match=r"系统已经有账号.*setup --renew"):
        install(FIRST, by=OPERATOR, at=NOON)

    assert (User.objects.count(), AuditEntry.objects.count()) == (len(FIRST), entries)


def test_one_person_in_two_roles_is_refused_and_nothing_is_made():
    with pytest.raises(RuleViolation, match="人员编号相同"):
        install([*FIRST[:-1], FIRST[0]], by=OPERATOR, at=NOON)

    assert not User.objects.exists()
    assert not AuditEntry.objects.exists()


def test_no_account_may_install():
    with pytest.raises(policy.Denied):
        install(FIRST, by=make_user("auditor"), at=NOON)


def test_a_link_sets_a_password_once():
    link = installed()["chief"]

    assert set_password(link)
    assert "已经用过或者已经过期" in Client().get(link.path, follow=True).content.decode()


def test_a_link_expires(time_machine, settings):
    link = installed()["chief"]
    time_machine.move_to(NOON + timedelta(hours=settings.LINK_HOURS, seconds=2))

    assert not set_password(link)
    assert link.good_until == NOON + timedelta(hours=settings.LINK_HOURS)


def test_a_new_link_voids_the_lost_one():
    lost = installed()["clerk1"]

    (new,) = renew_links(usernames=["clerk1"], by=OPERATOR, at=NOON + timedelta(minutes=1))

    assert not set_password(lost)
    assert set_password(new)


def test_all_links_not_used_yet_are_renewed_at_once():
    links = installed()
    set_password(links["chief"])

    renewed = renew_links(usernames=[], by=OPERATOR, at=NOON)

    assert {link.account.username for link in renewed} == set(links) - {"chief"}


def test_the_operator_cannot_reset_who_has_set_a_password():
    set_password(installed()["commission"])

    with pytest.raises(RuleViolation, match="“commission”已经设置口令"):
        renew_links(usernames=["commission"], by=OPERATOR, at=NOON)


def test_the_operator_lets_in_a_system_administrator_who_is_locked_out():
    set_password(installed()["sysadmin"])

    assert renew_links(usernames=["sysadmin"], by=OPERATOR, at=NOON)


def test_accounts_made_at_the_desk_get_their_links_there():
    installed()
    make_user("clerk", username="later")

    with pytest.raises(RuleViolation, match="“later”不是安装时建立的账号"):
        renew_links(usernames=["later"], by=OPERATOR, at=NOON)
