"""Reminders: sent once per degree of urgency."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command

from accountability.worklist.models import Reminder, ReminderAddress
from accountability.worklist.services import retention_rules, send_reminders, set_address
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.retention import services as retention
from tests.accountability.factories import (
    LATER,
    NOON,
    make_account,
    make_published_round,
)

pytestmark = pytest.mark.django_db


def test_a_reminder_is_sent_once_per_degree_of_urgency():
    make_published_round()
    unit = make_account(Role.LIAISON, "D01")
    set_address(email="unit@example.cn", by=unit, at=NOON)
    soon = datetime(2020, 7, 20, 1, tzinfo=UTC)

    assert [send_reminders(at=soon)[0] for _ in range(2)] == [1, 0]
    assert send_reminders(at=soon + timedelta(days=4))[0] == 1  # now due today
    assert send_reminders(at=soon + timedelta(days=5))[0] == 1  # now overdue

    assert len(mail.outbox) == 3
    assert mail.outbox[0].to == ["unit@example.cn"]
    assert "报送整改方案，期限2020年7月24日" in mail.outbox[0].body


def test_a_task_that_comes_again_is_mailed_again():
    make_published_round()
    unit = make_account(Role.LIAISON, "D01")
    set_address(email="unit@example.cn", by=unit, at=NOON)
    soon = datetime(2020, 7, 20, 1, tzinfo=UTC)
    send_reminders(at=soon)
    standing = set(Reminder.objects.values_list("key", flat=True))
    Reminder.objects.create(account=unit, key="letters-7/今天到期", sent_at=NOON)

    assert send_reminders(at=soon)[0] == 0

    assert set(Reminder.objects.values_list("key", flat=True)) == standing


def test_without_an_address_nothing_is_sent():
    make_published_round()

    assert send_reminders(at=LATER) == (0, [])
    assert mail.outbox == []


def test_a_failed_reminder_stops_no_other_and_is_not_recorded_as_sent(monkeypatch):
    make_published_round()
    for unit in ("D01", "D02"):
        set_address(email=f"{unit}@example.cn", by=make_account(Role.LIAISON, unit), at=NOON)
    sent = []

    def flaky(subject, body, sender, to):
        if to == ["D01@example.cn"] and len(sent) < 2:
            sent.append("fault")
            raise ConnectionRefusedError("邮件服务器没有应答")
        sent.append(to)

    monkeypatch.setattr("accountability.worklist.services.send_mail", flaky)

    count, faults = send_reminders(at=LATER)
    assert count == 1
    assert "没有应答" in faults[0]
    assert not Reminder.objects.filter(account__unit_code="D01").exists()


def test_daily_sends_each_reminder_once():
    make_published_round()
    unit = make_account(Role.LIAISON, "D01")
    set_address(email="unit@example.cn", by=unit, at=NOON)

    outputs = [StringIO(), StringIO()]
    for out in outputs:
        call_command("daily", stdout=out)

    assert "已发送提醒邮件1封" in outputs[0].getvalue()
    assert "已发送提醒邮件0封" in outputs[1].getvalue()


def test_the_address_of_a_disabled_account_is_purged_and_no_other():
    gone, stays = make_account(Role.LIAISON, "D01"), make_account(Role.LIAISON, "D02")
    for account in (gone, stays):
        set_address(email=f"{account.username}@example.cn", by=account, at=NOON)
    gone.is_active = False
    gone.save()

    (rule,) = retention_rules()
    rule.forget(rule.due(LATER))

    assert "提醒邮箱" in {known.label for known in retention.rules}
    assert list(ReminderAddress.objects.values_list("account", flat=True)) == [stays.pk]
