"""Work lists of every role, and reminders."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.cases.rules.deadlines import Urgency
from accountability.inspections.rules import InspectionState
from accountability.rectifications.rules import ItemState, RectificationState
from accountability.worklist.models import Reminder
from accountability.worklist.queries import grouped, work_items_of
from accountability.worklist.services import send_reminders, set_address
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    NOON,
    hold_talk,
    make_account,
    make_bare_round,
    make_case,
    make_counted_round,
    make_inspection,
    make_item,
    make_rectification,
)

pytestmark = pytest.mark.django_db
TODAY, LONG_AFTER = date(2020, 7, 24), date(2020, 12, 24)


def keys(account):
    return {item.key.split("-")[0] for item in work_items_of(account, TODAY)}


def titles(account):
    return " ".join(item.what for item in work_items_of(account, TODAY))


def published():
    round_ = make_counted_round()
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    return round_


def test_each_role_sees_its_own_measures():
    published()

    commission, unit, personnel = (
        titles(make_account()),
        titles(make_account(Role.LIAISON, "D01")),
        titles(make_account(Role.PERSONNEL)),
    )

    assert "对单位领导谈话提醒" in commission
    assert "对科室负责人谈话提醒" not in commission
    assert "对科室负责人谈话提醒" in unit
    assert "D02" not in unit
    assert "报送整改方案" in unit
    assert "不得提拔重用" in personnel


def test_under_the_two_person_rule_the_commission_records_the_freeze(settings):
    published()
    settings.TWO_PERSON_RULE = True

    assert "不得提拔重用" in titles(make_account())
    assert "不得提拔重用" not in titles(make_account(Role.PERSONNEL))


def test_a_units_talk_moves_to_the_commission_once_it_is_submitted():
    measure, unit = make_case(make_bare_round(state="published")).measures.get(), make_account(Role.LIAISON, "D01")

    hold_talk(measure, by=unit)

    assert keys(unit) == set()
    assert keys(make_account()) >= {"measure"}


def test_the_office_sees_plans_items_and_visits():
    row = make_rectification(state=RectificationState.SUBMITTED)
    chief = make_account(Role.CHIEF)
    assert "审核整改方案" in titles(chief)

    row.state = RectificationState.RUNNING
    row.save()
    make_item(row, position=2, state=ItemState.FINISHED, finished_at=NOON)
    visit = make_inspection(row.case.result.section, state=InspectionState.SUBMITTED)

    recheck = next(item for item in work_items_of(chief, TODAY) if item.key.startswith("accept"))
    assert recheck.due_on == date(2020, 9, 8)  # sixty days after the item was finished
    assert f"暗访审定：{visit.section}" in titles(chief)
    assert keys(make_account(Role.AUDITOR)) == set()


def test_inspectors_see_their_own_visits_only():
    mine, other = make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)
    make_inspection(inspectors=[mine, make_account(Role.INSPECTOR)])

    assert keys(mine) == {"record"}
    assert keys(other) == set()


def test_overdue_measures_of_others_are_escalated_to_the_chief():
    published()
    chief = make_account(Role.CHIEF)

    escalated = [item for item in work_items_of(chief, LONG_AFTER) if item.key.startswith("escalated")]

    assert escalated
    assert {item.urgency(LONG_AFTER) for item in escalated} == {Urgency.ESCALATED}


def test_items_are_grouped_by_urgency():
    published()
    groups = grouped(work_items_of(make_account(Role.LIAISON, "D01"), TODAY), TODAY)

    assert [group.urgency for group in groups][:1] == [Urgency.TODAY]
    assert sum(len(group.items) for group in groups) == len(work_items_of(make_account(Role.LIAISON, "D01"), TODAY))


@pytest.mark.parametrize("role", [r for r in Role if r not in {"A", "B", "T"}])
def test_every_role_opens_its_work_list_and_the_linked_pages(client, role):
    published()
    client.force_login(make_account(role, "D01" if role == Role.LIAISON else ""))

    page = client.get("/work/")

    assert page.status_code == 200
    for address, _ in page.context["pages"]:
        assert client.get(address, follow=True).status_code == 200, address


def test_a_reminder_is_sent_once_per_degree_of_urgency():
    published()
    unit = make_account(Role.LIAISON, "D01")
    set_address(email="unit@example.cn", by=unit, at=NOON)
    soon = datetime(2020, 7, 20, 1, tzinfo=UTC)

    assert [send_reminders(at=soon)[0] for _ in range(2)] == [1, 0]
    assert send_reminders(at=soon + timedelta(days=4))[0] == 1  # now due today
    assert send_reminders(at=soon + timedelta(days=5))[0] == 1  # now overdue

    assert len(mail.outbox) == 3
    assert mail.outbox[0].to == ["unit@example.cn"]
    assert "报送整改方案，期限2020年7月24日" in mail.outbox[0].body


def test_without_an_address_nothing_is_sent():
    published()

    assert send_reminders(at=LATER) == (0, [])
    assert mail.outbox == []


def test_a_failed_reminder_stops_no_other_and_is_not_recorded_as_sent(monkeypatch):
    published()
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
    published()
    unit = make_account(Role.LIAISON, "D01")
    set_address(email="unit@example.cn", by=unit, at=NOON)

    outputs = [StringIO(), StringIO()]
    for out in outputs:
        call_command("daily", stdout=out)

    assert "已发送提醒邮件1封" in outputs[0].getvalue()
    assert "已发送提醒邮件0封" in outputs[1].getvalue()


def test_an_account_sets_and_clears_its_own_address(client):
    client.force_login(make_account(Role.CLERK))

    client.post("/work/reminders/", {"email": "a@example.cn"})
    assert client.get("/work/reminders/").context["form"].initial == {"email": "a@example.cn"}
    assert client.post("/work/reminders/", {"email": "不是邮箱"}).status_code == 400
    client.post("/work/reminders/", {"email": ""})

    assert client.get("/work/reminders/").context["form"].initial == {"email": ""}


@pytest.mark.parametrize("places", [2, 10])
def test_the_work_list_takes_a_constant_number_of_queries(client, places, django_assert_num_queries):
    round_ = make_counted_round(places=places)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    client.force_login(make_account())

    with django_assert_num_queries(10):
        answer = client.get("/work/")

    assert answer.status_code == 200
