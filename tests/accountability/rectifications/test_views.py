"""Pages of rectifications for the own unit, the office, and a liaison who guesses other units' addresses."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.evidence.services.evidence import add_evidence
from accountability.rectifications.models import Progress, RectificationItem
from accountability.rectifications.rules import ItemState, RectificationState
from accountability.rectifications.services.items import report_progress
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    finish_with_evidence,
    make_account,
    make_bare_round,
    make_case,
    make_file,
    make_item,
    make_rectification,
    pass_item,
    png,
)
from tests.pages import page_in

pytestmark = pytest.mark.django_db
LIST = "/work/rectifications/"


def login(client, role, unit=""):
    account = make_account(role, unit)
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


def page(row):
    return f"{LIST}{row.pk}/"


@pytest.mark.parametrize(("state", "times"), [(RectificationState.AWAITED, 2), (RectificationState.CANCELLED, 0)])
def test_only_what_is_still_due_is_overdue(client, state, times):
    make_rectification(state=state)
    login(client, Role.CHIEF)

    assert text_of(client.get(LIST)).count("已逾期") == times


def test_a_cancelled_rectification_is_nowhere_under_way(client):
    row = make_rectification(state=RectificationState.CANCELLED, decision="名单更正，不再上榜：计票有误")
    login(client, Role.CHIEF)

    text = text_of(client.get(page(row)))

    assert "撤销原因：名单更正" in text
    assert "已终止" in text
    assert "bar-open" not in text
    assert "整改报告：限" not in text


def test_the_page_says_how_often_an_item_failed(client):
    row = make_rectification(state=RectificationState.ESCALATED)
    row.items.update(failures=3, state=ItemState.SENT_BACK)
    login(client, Role.COMMISSION)

    assert "验收3次未通过，已移送纪委监委处理" in text_of(client.get(page(row)))


@pytest.mark.parametrize(
    ("role", "unit", "status"),
    [
        (Role.CLERK, "", 200),
        (Role.CHIEF, "", 200),
        (Role.COMMISSION, "", 200),
        (Role.PERSONNEL, "", 200),
        (Role.LIAISON, "D01", 200),
        (Role.LIAISON, "D02", 404),
        (Role.INSPECTOR, "", 404),
        (Role.SYSTEM_ADMIN, "", 404),
        (Role.AUDITOR, "", 404),
    ],
)
def test_a_rectification_is_seen_by_the_roles_of_the_policy_table_and_its_own_unit(client, role, unit, status):
    row = make_rectification()
    login(client, role, unit)

    assert client.get(page(row)).status_code == status


@pytest.mark.parametrize(
    "address",
    [
        "/work/rectifications/{row}/",
        "/work/rectifications/{row}/submit/",
        "/work/rectifications/{row}/add/",
        "/work/rectifications/{row}/report/",
        "/work/items/{item}/edit/",
        "/work/items/{item}/report/",
        "/work/items/{item}/finish/",
        "/work/items/{item}/extend/",
        "/work/talks/{measure}/",
        "/work/talks/{measure}/write/",
        "/evidence/progress/{progress}/add/",
        "/evidence/{file}/",
        "/evidence/{file}/original/",
    ],
)
def test_a_liaison_guessing_another_units_address_finds_nothing(client, address):
    row = make_rectification()
    item, owner = row.items.get(), make_account(Role.LIAISON, "D01")
    progress = report_progress(item_id=item.pk, text="已改", by=owner, at=LATER)
    file = add_evidence(subject=progress, upload=make_file(), by=owner, at=LATER)
    measure = row.case.measures.get()
    guessed = address.format(row=row.pk, item=item.pk, measure=measure.pk, progress=progress.pk, file=file.pk)
    login(client, Role.LIAISON, "D02")

    assert client.get(guessed).status_code == 404
    assert client.post(guessed, {"text": "改", "reason": "看"}).status_code == 404
    assert Progress.objects.count() == 1

    login(client, Role.LIAISON, "D01")
    assert client.get(guessed).status_code == 200


def test_a_plan_for_a_section_not_listed_does_not_exist(client):
    login(client, Role.LIAISON, "D01")

    assert client.post("/work/rectifications/99/submit/", {"opinion": "同意"}).status_code == 404


def test_an_incomplete_plan_is_refused_on_the_page_and_the_opinion_is_kept(client):
    row = make_rectification(state=RectificationState.AWAITED)
    RectificationItem.objects.update(cause="")
    login(client, Role.LIAISON, "D01")

    answer = client.post(f"{page(row)}submit/", {"opinion": "党组同意本方案"})

    assert answer.status_code == 400
    assert "还缺：原因" in text_of(answer)
    assert "党组同意本方案" in text_of(answer)


def test_the_unit_reports_progress_adds_a_photo_and_reports_completion(client):
    row = make_rectification()
    item = row.items.get()
    login(client, Role.LIAISON, "D01")

    client.post(f"/work/items/{item.pk}/report/", {"text": "已培训全员"})
    progress = Progress.objects.get()
    photo = SimpleUploadedFile("现场.png", png(), content_type="text/html")
    form = client.get(f"/evidence/progress/{progress.pk}/add/").context["form"]
    client.post(f"/evidence/progress/{progress.pk}/add/", {"file": photo, "upload_id": form["upload_id"].value()})
    client.post(f"/work/items/{item.pk}/finish/", {"outcome": "态度好转"})
    shown = text_of(client.get(page(row)))

    assert "已培训全员" in shown
    assert "现场.png" in shown
    assert "已申报完成" in shown
    assert "<svg" in shown
    assert "整改进度：1项中0项已销号" in shown


def test_the_chief_closes_an_item_after_a_passed_inspection(client):
    row, owner = make_rectification(), make_account(Role.LIAISON, "D01")
    item = row.items.get()
    item = finish_with_evidence(item, owner)
    login(client, Role.CHIEF)

    refused = client.post(f"/work/items/{item.pk}/close/", {"verdict": "核实"})
    assert "暗访复查结论" in text_of(refused)
    pass_item(item)
    client.post(f"/work/items/{item.pk}/close/", {"verdict": "核实"})

    item.refresh_from_db()
    assert item.state == ItemState.CLOSED


def test_under_the_two_person_rule_the_clerk_proposes_and_the_chief_approves(client, settings):
    settings.TWO_PERSON_RULE = True
    row = make_rectification(state=RectificationState.SUBMITTED)
    login(client, Role.CHIEF)
    assert client.post(f"{page(row)}decide/", {"accepted": "1", "note": ""}).status_code == 403

    login(client, Role.CLERK)
    answer = client.post(f"{page(row)}decide/", {"accepted": "1", "note": ""}, follow=True)

    row.refresh_from_db()
    assert "已提请，经另一人审批后生效" in text_of(answer)
    assert row.state == RectificationState.SUBMITTED


def test_the_register_is_a_workbook_of_what_the_account_may_see(client):
    make_rectification()
    login(client, Role.LIAISON, "D01")

    answer = client.post(f"{LIST}ledger/")

    assert answer.content.startswith(b"PK")
    assert "spreadsheetml" in answer["Content-Type"]


@pytest.mark.parametrize("rows", [1, 6])
def test_the_list_takes_a_constant_number_of_queries(client, rows):
    round_ = make_bare_round(state="published")
    for n in range(rows):
        make_rectification(make_case(round_, f"D{n + 1:02}-01"), items=2)
    login(client, Role.CHIEF)

    page_in(client, LIST, queries=4, shows="D01局第D01-01科")


def test_the_report_form_says_first_what_is_not_completed(client, time_machine):
    time_machine.move_to(LATER)
    row, unit = make_rectification(items=2), make_account(Role.LIAISON, "D01")
    finish_with_evidence(row.items.first(), unit)
    make_item(row, position=3, due_on=date(2020, 7, 19))
    client.force_login(unit)

    assert "整改事项共3项，尚有2项未申报完成，其中1项已超过时限。" in text_of(client.get(f"{page(row)}report/"))
