"""异议和申诉 over HTTP, and closing without records."""

import pytest

from accountability.case_lifecycle.services.cases import publish_and_start
from accountability.objections.models import Objection
from evaluations.rounds.models import RoundStep
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import NOON, make_account, make_case, make_counted_round

pytestmark = pytest.mark.django_db


def login(client, role, unit=""):
    account = make_account(role, unit)
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


@pytest.fixture
def told(time_machine):
    time_machine.move_to(NOON, tick=False)
    round_ = make_counted_round()
    RoundStep.objects.create(round=round_, state=RoundState.REVIEW, at=NOON)
    return round_


def file(client, round_, code="D01-01", **changes):
    section = round_.sections.get(code=code)
    typed = {"section": section.pk, "ground": "wrong_section", "facts": "该窗口不属于本科室", **changes}
    return client.post("/work/objections/file/", typed)


def test_the_unit_files_and_sees_its_own_objection_only(client, told):
    login(client, Role.LIAISON, "D01")
    file(client, told)
    row = Objection.objects.get()

    assert "已提出" in text_of(client.get(f"/work/objections/{row.pk}/"))

    login(client, Role.LIAISON, "D02")
    assert client.get(f"/work/objections/{row.pk}/").status_code == 404
    assert "该窗口" not in text_of(client.get("/work/objections/"))


def test_another_units_section_cannot_be_chosen(client, told):
    login(client, Role.LIAISON, "D02")

    answer = file(client, told)

    assert answer.status_code == 400
    assert "该窗口不属于本科室" in text_of(answer)
    assert not Objection.objects.exists()


def test_only_units_file_and_only_those_of_the_table_look(client, told):
    for role, status in ((Role.COMMISSION, 403), (Role.CHIEF, 403), (Role.AUDITOR, 403)):
        login(client, role)
        assert file(client, told).status_code == status
    login(client, Role.PERSONNEL)
    assert client.get("/work/objections/").status_code == 403


def test_an_objection_is_taken_up_and_declined_with_an_answer(client, told):
    login(client, Role.LIAISON, "D01")
    file(client, told)
    row = Objection.objects.get()

    login(client, Role.CHIEF)
    client.post(f"/work/objections/{row.pk}/accept/", {})
    login(client, Role.COMMISSION)
    early = client.post(f"/work/objections/{row.pk}/decide/", {"outcome": "rejected", "answer": "维持"})
    client.post(f"/work/objections/{row.pk}/decide/", {"outcome": "inadmissible", "answer": "不属受理范围"})

    assert "复算之后" in text_of(early)
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("decided", "inadmissible")
    login(client, Role.LIAISON, "D01")
    assert "不属受理范围" in text_of(client.get(f"/work/objections/{row.pk}/"))
    assert client.get(f"/work/objections/{row.pk}/print/").content.startswith(b"%PDF")


def test_the_recount_form_names_the_drawn_supervisors(client, told):
    login(client, Role.LIAISON, "D01")
    file(client, told)
    row = Objection.objects.get()
    login(client, Role.CHIEF)
    client.post(f"/work/objections/{row.pk}/accept/", {})

    answer = client.post(f"/work/objections/{row.pk}/recount/", {"witnesses": ["999"]})

    assert answer.status_code == 400
    row.refresh_from_db()
    assert row.state == "accepted"


def test_a_case_is_not_closed_while_a_talk_has_no_record(client):
    case = make_case()
    login(client, Role.COMMISSION)

    page = client.post(f"/admin/accountability/case/{case.pk}/close/", follow=True)

    assert "尚未登记办理情况" in text_of(page)
    case.refresh_from_db()
    assert case.state == "open"


def test_a_talk_measure_cannot_be_recorded_by_a_sentence(client):
    measure = make_case().measures.get()
    login(client, Role.COMMISSION)

    address = f"/admin/accountability/case/measures/{measure.pk}/record/"
    answer = client.post(address, {"done_on": "2020-07-12", "record": "谈过了"})

    assert "完整的谈话记录" in text_of(answer)
    assert "谈过了" in text_of(answer)


def test_another_head_is_named_with_a_reason(client):
    round_ = make_counted_round(places=2)
    publish_and_start(round_id=round_.pk, by=make_account(), at=NOON)
    case = round_.results.first().case
    login(client, Role.COMMISSION)

    page = client.get(f"/work/cases/{case.pk}/head/")
    refused = client.post(f"/work/cases/{case.pk}/head/", {"tenure": "99", "reason": "查明"})

    assert page.status_code == 200
    assert refused.status_code == 400
    login(client, Role.CHIEF)
    assert client.get(f"/work/cases/{case.pk}/head/").status_code == 403
