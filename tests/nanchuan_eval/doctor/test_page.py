"""系统体检: for 系统管理员 alone, with the same lines as the command, and it asks no other machine."""

import pytest

from nanchuan_eval.doctor.queries import machine
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import ACCOUNT_ROLES
from tests.accountability.factories import make_account

pytestmark = pytest.mark.django_db
PAGE = "/admin/doctor/"


def test_the_administrator_reads_what_is_wrong_and_what_to_do(client, monkeypatch):
    monkeypatch.setattr(machine, "unreachable", lambda *_: 1 / 0)
    monkeypatch.setattr(machine, "_shown_by", lambda _: 1 / 0)
    client.force_login(make_account(Role.SYSTEM_ADMIN))

    page = client.get(PAGE).content.decode()

    assert "系统体检" in page
    assert "还没有备份。请运行 manage.py backup" in page
    assert "故障（须尽快排除）" in page


def test_the_page_says_what_it_did_not_look_at(client, settings):
    """“正常” must not be taken for what only the command examines."""
    settings.CERTIFICATE, settings.MESSAGE_GATEWAY = "pingyi.example:443", "http"
    settings.MESSAGE_URL = "https://sms.example/send"
    client.force_login(make_account(Role.SYSTEM_ADMIN))

    page = client.get(PAGE).content.decode()

    assert "<strong>以下各项本页没有查</strong>：证书（pingyi.example:443）、短信网关（MESSAGE_URL）；" in page


def test_a_certificate_in_a_file_is_read_by_the_page_too(client, settings, tmp_path):
    settings.CERTIFICATE, settings.MESSAGE_GATEWAY = str(tmp_path / "site.crt"), ""
    client.force_login(make_account(Role.SYSTEM_ADMIN))

    page = client.get(PAGE).content.decode()

    assert "读不到：没有这个文件" in page
    assert "没有未查的项目" in page


@pytest.mark.parametrize("role", [role for role, _ in ACCOUNT_ROLES if role != Role.SYSTEM_ADMIN])
def test_nobody_else_does(client, role):
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    assert client.get(PAGE, follow=True).status_code == 403


def test_a_line_has_the_whole_width_on_a_phone(client):
    """Three figures stand beside each other there; a sentence needs all of it."""
    client.force_login(make_account(Role.SYSTEM_ADMIN))

    page = client.get(PAGE).content.decode()

    assert page.count('class="whole" data-label="情况和办法"') == page.count('data-label="情况和办法"') > 0
