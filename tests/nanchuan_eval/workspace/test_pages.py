"""The navigation: by phase, the pages that a role may open and no others."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import RequestFactory

from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import ACCOUNT_ROLES
from nanchuan_eval.workspace.pages import list_entry, model_lists, navigation_of
from tests.accountability.factories import make_account, make_published_round
from tests.factories import make_open_round

pytestmark = pytest.mark.django_db
ROLES = [role for role, _ in ACCOUNT_ROLES]


def account(role):
    return make_account(role, "D01" if role == Role.LIAISON else "")


def tabs(user, path="/home/"):
    request = RequestFactory().get(path)
    request.user = user
    return navigation_of(request)


def links(user):
    return [link for tab in tabs(user) for link in tab.links]


def test_every_list_of_the_admin_stands_in_the_navigation():
    lists = {f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist" for m in admin.site._registry if m != Group}
    assert {list_entry(each).address for each in model_lists()} == lists


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_every_page_of_its_navigation(client, role):
    make_published_round()
    user = account(role)
    client.force_login(user)

    assert {link.address: client.get(link.address, follow=True).status_code for link in links(user)} == {
        link.address: 200 for link in links(user)
    }


@pytest.mark.parametrize("role", ROLES)
def test_the_home_page_links_to_all_of_them(client, role):
    user = account(role)
    client.force_login(user)

    text = client.get("/home/").content.decode()

    assert [link.address for link in links(user) if f'href="{link.address}"' not in text] == []


def test_the_phase_of_the_open_page_is_current():
    current = [tab for tab in tabs(account(Role.CHIEF), "/work/rectifications/7/") if tab.is_current]

    assert [(tab.phase.label, [link.label for link in tab.links if link.is_current]) for tab in current] == [
        ("问责整改", ["整改台账"])
    ]


def test_who_grants_roles_and_who_opens_accounts_find_the_accounts():
    for role in (Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN):
        assert "账号" in [link.label for link in links(account(role))], role


def test_no_page_stands_in_the_navigation_twice():
    for role in ROLES:
        addresses = [link.address for link in links(account(role))]
        assert len(addresses) == len(set(addresses)), role


def test_an_account_without_a_role_has_no_pages_and_is_told_so(client):
    user = account("")
    client.force_login(user)

    assert tabs(user) == []
    assert "您的账号尚无角色" in client.get("/home/").content.decode()


@pytest.mark.parametrize("path", ["/admin/evaluations/round/", "/work/rectifications/", "/account/"])
def test_stock_pages_and_our_own_have_one_header(client, path):
    client.force_login(account(Role.CHIEF))

    text = client.get(path).content.decode()

    assert len(re.findall(r'<div class="workspace" data-colour="blue">', text)) == 1
    assert re.findall(r'<nav class="phases" aria-label="(.*?)">', text) == ["工作导航"]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_that_logs_in_at_the_admin_lands_on_its_home(client, role):
    client.force_login(account(role))

    answer = client.get("/admin/", follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == "/home/"


def test_pages_of_the_round_in_work_say_when_there_is_none(client):
    client.force_login(account(Role.CLERK))

    answer = client.get("/admin/evaluations/round/now/round-batches/", follow=True)

    assert answer.redirect_chain[-1][0] == "/home/"
    assert "目前没有轮次处于办理这一事项的阶段" in answer.content.decode()


def test_pages_of_the_round_in_work_are_those_of_the_newest_that_has_them(client):
    make_published_round()
    newest = make_open_round()
    client.force_login(account(Role.CLERK))

    answer = client.get("/admin/evaluations/round/now/round-monitor/")

    assert answer.url == f"/admin/evaluations/round/{newest.pk}/monitor/"
