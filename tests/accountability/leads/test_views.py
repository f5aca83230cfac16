"""Pages of leads."""

import pytest

from accountability.leads.models import Lead
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import LATER, make_account, make_case

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [Role.CHIEF, Role.CLERK, Role.LIAISON, Role.INSPECTOR, Role.PERSONNEL])
def test_leads_exist_for_the_commission_only(client, role):
    lead = Lead.objects.create(section=make_case().result.section, facts="有人收红包", received_at=LATER)
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    assert client.get("/work/leads/").status_code == 404
    assert client.get(f"/work/leads/{lead.pk}/conclude/").status_code == 404

    client.force_login(make_account(Role.COMMISSION))
    assert "有人收红包" in client.get("/work/leads/").content.decode()
