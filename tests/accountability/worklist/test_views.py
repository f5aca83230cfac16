"""The page of the work list and of the reminder address."""

import pytest

from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    make_account,
    make_published_round,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [r for r in Role if r not in {"A", "B", "T"}])
def test_every_role_opens_its_work_list_and_the_linked_pages(client, role):
    make_published_round()
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    page = client.get("/home/")

    assert page.status_code == 200
    for group in page.context["page"].groups:
        for item in group.items:
            assert client.get(item.address, follow=True).status_code == 200, item.address


def test_an_account_sets_and_clears_its_own_address(client):
    client.force_login(make_account(Role.CLERK))

    client.post("/work/reminders/", {"email": "a@example.cn"})
    assert client.get("/work/reminders/").context["form"].initial == {"email": "a@example.cn"}
    assert client.post("/work/reminders/", {"email": "不是邮箱"}).status_code == 400
    client.post("/work/reminders/", {"email": ""})

    assert client.get("/work/reminders/").context["form"].initial == {"email": ""}


@pytest.mark.parametrize("places", [2, 10])
def test_the_work_list_takes_a_constant_number_of_queries(client, places, django_assert_num_queries):
    make_published_round(places=places)
    client.force_login(make_account())

    with django_assert_num_queries(11):
        answer = client.get("/home/")

    assert answer.status_code == 200
