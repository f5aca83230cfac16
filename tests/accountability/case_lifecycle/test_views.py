"""The page that names another responsible head."""

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_counted_round

pytestmark = pytest.mark.django_db


def test_only_the_commission_names_another_head_and_only_one_in_office(client):
    round_ = make_counted_round(places=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    address = f"/work/cases/{round_.results.first().case.pk}/head/"
    client.force_login(make_account())

    assert client.get(address).status_code == 200
    assert client.post(address, {"tenure": "99", "reason": "查明"}).status_code == 400
    client.force_login(make_account(Role.CHIEF))
    assert client.get(address).status_code == 403
