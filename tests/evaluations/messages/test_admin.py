"""The page 发送情况: figures, the act that makes codes and messages, letters, retries, the reminder, the stop list."""

import pytest
from django.urls import reverse

from evaluations.messages.models import Message, StopNumber
from evaluations.messages.rules.kinds import MessageKind, MessageState
from evaluations.service_records.models import Client
from nanchuan_eval.audit.models import AuditEntry
from nanchuan_eval.core.errors import RuleViolation
from tests.evaluations.messages.factories import SITE, deliver, drawn_round, send_all
from tests.factories import NOON, make_user
from tests.pages import page_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def round_(time_machine):
    time_machine.move_to(NOON)
    return drawn_round(5)


@pytest.fixture
def clerk(client):
    client.force_login(make_user("clerk"))
    return client


def address(name, round_, *more):
    return reverse(f"admin:{name}", args=[round_.pk, *more])


def test_the_clerk_makes_codes_and_messages_in_one_act(round_, clerk):
    shown = clerk.get(address("round-messages", round_)).content.decode()
    assert "抽取办事群众：5个抽中名额" in shown
    form = {"purposes": ["clients"], "way": "sms", "site": f"{SITE}/"}
    answer = clerk.post(address("round-messages-make", round_), form, follow=True)

    assert "短信5条、信函0封待发出" in answer.content.decode()
    assert Message.objects.count() == 5


def test_what_is_typed_wrongly_makes_nothing(round_, clerk):
    answer = clerk.post(address("round-messages-make", round_), {"purposes": [], "way": "x", "site": "p.example"})

    said = answer.content.decode()
    assert "请选择发给哪些抽中人员" in said
    assert "网站地址要以 https:// 开头" in said
    assert not Message.objects.exists()


FOREIGN = [
    "https://evil.example",
    "https://evil.example?@pingyi.example",
    "https://pingyi.example@evil.example",
    "https://evil.example\\@pingyi.example",
    "https://pingyi.example/x",
    "ftp://pingyi.example",
]


@pytest.mark.parametrize("site", FOREIGN)
def test_links_lead_to_no_other_host(round_, clerk, site):
    form = {"purposes": ["clients"], "way": "sms", "site": site}
    answer = clerk.post(address("round-messages-make", round_), form)

    assert "后面只写本网站的主机名" in answer.content.decode()
    with pytest.raises(RuleViolation, match="本网站的主机名"):
        deliver(round_, site=site)
    assert not Message.objects.exists()


def test_where_the_site_is_served_over_https_links_are_too(round_, settings):
    settings.SECURE_SSL_REDIRECT = True
    with pytest.raises(RuleViolation, match="https"):
        deliver(round_, site="http://pingyi.example")

    assert deliver(round_).messages == 5


def test_the_audit_log_says_where_the_links_lead(round_):
    deliver(round_, site=f"{SITE}:8443/")

    assert AuditEntry.objects.get(action="cred.print", detail__has_key="letters").detail["site"] == f"{SITE}:8443"


def test_the_page_shows_figures_and_nobody(round_, clerk, monkeypatch):
    deliver(round_)
    send_all(monkeypatch)
    shown = page_in(clerk, address("round-messages", round_), queries=12, shows="发送情况").content.decode()

    assert "已发出" in shown
    for person in Client.objects.all():
        assert person.name not in shown
        assert person.phone not in shown


def test_letters_are_downloaded_once(round_, clerk):
    deliver(round_, letters_only=True)
    first = clerk.post(address("round-letters", round_))

    assert first["Content-Type"] == "application/pdf"
    assert "no-store" in first["Cache-Control"]
    again = clerk.post(address("round-letters", round_), follow=True)
    assert "没有待打印的信函" in again.content.decode()
    assert clerk.get(address("round-letters", round_)).status_code == 302


def test_a_reminder_goes_to_all_or_none(round_, clerk, monkeypatch):
    deliver(round_)
    send_all(monkeypatch)
    chosen = clerk.post(address("round-messages-remind", round_), {"stratum": "甲"}, follow=True)
    assert "不能挑选" in chosen.content.decode()
    assert not Message.objects.filter(kind=MessageKind.REMINDER).exists()

    clerk.post(address("round-messages-remind", round_))
    assert Message.objects.filter(kind=MessageKind.REMINDER).count() == 5


def test_failed_messages_become_letters(round_, clerk):
    deliver(round_)
    Message.objects.update(state=MessageState.FAILED, failure="refused")
    shown = clerk.get(address("round-messages", round_)).content.decode()
    assert "短信网关拒绝：5" in shown

    answer = clerk.post(address("round-messages-retry", round_), {"letters": "1"}, follow=True)
    assert "5条短信改为信函" in answer.content.decode()


def test_a_phone_is_put_on_the_stop_list_and_taken_off(round_, clerk):
    clerk.post(address("round-messages-stop", round_, "add"), {"phone": "13900000001"})
    assert StopNumber.objects.count() == 1
    clerk.post(address("round-messages-stop", round_, "remove"), {"phone": "13900000001"})
    assert StopNumber.objects.count() == 0


@pytest.mark.parametrize("role", ["liaison", "inspector", "auditor"])
def test_others_do_not_see_the_page(round_, client, role):
    client.force_login(make_user(role))

    assert client.get(address("round-messages", round_)).status_code in {302, 403}


def test_the_chief_sees_the_figures_and_has_no_button(round_, client):
    deliver(round_, letters_only=True)
    client.force_login(make_user("chief"))
    shown = client.get(address("round-messages", round_)).content.decode()

    assert "发送情况" in shown
    assert "打印下一份信函" not in shown
    assert client.post(address("round-letters", round_)).status_code == 403
