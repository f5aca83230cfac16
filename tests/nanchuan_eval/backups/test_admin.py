"""Backups made and looked at on the staff's pages."""

import pytest

from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.backups.models import Backup
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import ACCOUNT_ROLES
from tests.accountability.factories import make_account
from tests.factories import cast_ballots, make_codes, make_open_round

pytestmark = pytest.mark.django_db(transaction=True)
LIST, MAKE = "/admin/nanchuan_eval/backup/", "/admin/nanchuan_eval/backup/make/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.BACKUP_ROOT, settings.EVIDENCE_ROOT = str(tmp_path / "backups"), str(tmp_path / "evidence")


def test_the_administrator_makes_a_backup_on_a_page(client):
    client.force_login(make_account(Role.SYSTEM_ADMIN))
    assert MAKE in client.get(LIST).content.decode()
    assert "立即备份" in client.get(MAKE).content.decode()

    page = client.post(MAKE, follow=True).content.decode()

    backup = Backup.objects.get()
    assert f"已备份：{backup.name}" in page
    assert not backup.is_during_vote
    assert AuditEntry.objects.filter(action="backup.make", result="ok").count() == 1


@pytest.mark.parametrize("role", [role for role, _ in ACCOUNT_ROLES if role != Role.SYSTEM_ADMIN])
def test_nobody_else_does(client, role):
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    assert client.get(MAKE).status_code == client.post(MAKE).status_code
    assert client.post(MAKE, follow=True).status_code == 403
    assert not Backup.objects.exists()


def test_the_page_warns_of_ballots_that_wait_for_their_box(client):
    round_ = make_open_round()
    cast_ballots(round_, make_codes(round_, 1))
    client.force_login(make_account(Role.SYSTEM_ADMIN))

    assert "这份备份含有待封箱评议票的密文" in client.get(MAKE).content.decode()
