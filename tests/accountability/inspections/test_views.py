"""Pages of inspections: secret from the units, locked after submission."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accountability.inspections.models import Finding, Inspection, InspectionPlan, Order
from accountability.inspections.rules import CheckItem, InspectionState, PlanState
from accountability.leads.models import Lead
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import make_account, make_bare_round, make_counted_round, make_plan, png
from tests.accountability.inspections.factories import make_visit

pytestmark = pytest.mark.django_db
OTHERS = [Role.CLERK, Role.LIAISON, Role.PERSONNEL, Role.AUDITOR, Role.SYSTEM_ADMIN, Role.SUPERVISOR]


def login(client, role, unit=""):
    account = make_account(role, unit or ("D01" if role == Role.LIAISON else ""))
    client.force_login(account)
    return account


def text_of(response):
    return response.content.decode()


@pytest.fixture
def visit():
    return make_visit()


def filled(**changes):
    return {
        "method": "errand",
        "arrived_at": "2020-07-18T09:00",
        "left_at": "2020-07-18T10:00",
        "place": "3号窗口",
        "errand": "办证",
        "situation": "态度生硬",
        "conclusion": "by_date",
        "sign-COLD-1": "2",
        **{f"check-{item}": "yes" for item in CheckItem},
        **changes,
    }


@pytest.mark.parametrize("role", OTHERS)
@pytest.mark.parametrize(
    "address", ["/inspection/plans/", "/inspection/plans/{plan}/", "/inspection/{visit}/", "/inspection/recuse/"]
)
def test_a_plan_and_its_visits_do_not_exist_for_other_roles(client, visit, role, address):
    login(client, role)

    assert client.get(address.format(plan=visit.plan_id, visit=visit.pk)).status_code == 404


def test_another_inspectors_visit_is_not_found(client, visit):
    login(client, Role.INSPECTOR)

    assert client.get(f"/inspection/{visit.pk}/").status_code == 404
    assert client.post(f"/inspection/{visit.pk}/", filled()).status_code == 404
    assert client.post(f"/inspection/{visit.pk}/submit/", {"lead": ""}).status_code == 404
    assert "没有指派给您的暗访任务" in text_of(client.get("/inspection/"))


def test_a_visit_is_recorded_with_files_and_submitted(client, visit):
    client.force_login(visit.inspectors.first())

    assert client.get(f"/inspection/{visit.pk}/").status_code == 200
    client.post(f"/inspection/{visit.pk}/", filled())
    photo = SimpleUploadedFile("窗口.png", png())
    address = f"/evidence/inspection/{visit.pk}/add/"
    upload_id = client.get(address).context["form"]["upload_id"].value()
    client.post(address, {"file": photo, "upload_id": upload_id})
    client.post(f"/inspection/{visit.pk}/submit/", {"lead": "有人收红包"})

    visit.refresh_from_db()
    assert (visit.state, visit.place, visit.evidence.count()) == (InspectionState.SUBMITTED, "3号窗口", 1)
    assert Finding.objects.get().text == "不起身、不抬头"
    assert Lead.objects.get().facts == "有人收红包"
    locked = client.post(f"/inspection/{visit.pk}/", filled(place="改写"))
    assert "改写" not in text_of(locked)


def test_an_incomplete_record_is_saved_and_its_submission_lists_what_is_missing(client, visit):
    client.force_login(visit.inspectors.first())

    client.post(f"/inspection/{visit.pk}/", {"place": "3号窗口"})
    answer = client.post(f"/inspection/{visit.pk}/submit/", {"lead": "线索内容"})

    assert answer.status_code == 400
    assert "请填写暗访方式" in text_of(answer)
    assert "线索内容" in text_of(answer)
    assert "3号窗口" in text_of(client.get(f"/inspection/{visit.pk}/"))


def test_the_form_offers_no_manifestations_of_greed(client, visit):
    client.force_login(visit.inspectors.first())

    page = text_of(client.get(f"/inspection/{visit.pk}/"))

    assert "不起身、不抬头" in page
    assert "不给好处不办事" not in page


def approve_and_order(client, visit):
    client.force_login(visit.inspectors.first())
    client.post(f"/inspection/{visit.pk}/", filled())
    client.post(f"/inspection/{visit.pk}/submit/", {"lead": ""})
    login(client, Role.CHIEF)
    client.post(f"/inspection/{visit.pk}/approve/")
    client.post(f"/inspection/{visit.pk}/order/", {"demand": "改进服务"})
    return Order.objects.get()


def test_the_order_reaches_the_unit_without_naming_the_inspectors(client, visit):
    names = [person.name for person in visit.inspectors.all()]
    Inspection.objects.update(situation="")
    visit.inspectors.model.objects.filter(pk__in=visit.inspectors.values("pk")).update(name="秘密督查员")
    order = approve_and_order(client, visit)

    login(client, Role.LIAISON, "D01")
    page = text_of(client.get(f"/work/orders/{order.pk}/"))
    notice = client.get(f"/work/orders/{order.pk}/print/")
    client.post(f"/work/orders/{order.pk}/reply/", {"reply": "已整改"})

    assert names
    assert "不起身、不抬头" in page
    assert "秘密督查员" not in page
    assert "模拟办事" not in page
    assert notice.content.startswith(b"%PDF")
    order.refresh_from_db()
    assert order.reply == "已整改"

    login(client, Role.LIAISON, "D02")
    assert client.get(f"/work/orders/{order.pk}/").status_code == 404


def test_a_plan_is_proposed_approved_and_scheduled_on_the_pages(client):
    round_ = make_counted_round(state=RoundState.PUBLISHED, places=12)
    today = datetime.now(tz=UTC).date()
    login(client, Role.CHIEF)
    assert "拟订暗访计划" in text_of(client.get("/inspection/plans/"))
    data = {"name": "暗访", "starts_on": today, "ends_on": today.replace(year=today.year + 1), "drawn_sections": 0}
    client.post(f"/inspection/plans/propose/{round_.key}/", data)
    plan = InspectionPlan.objects.get()

    client.post(f"/inspection/plans/{plan.pk}/approve/")
    plan.refresh_from_db()
    assert plan.state == PlanState.PROPOSED  # the proposer cannot approve

    login(client, Role.COMMISSION)
    client.post(f"/inspection/plans/{plan.pk}/approve/")
    login(client, Role.CHIEF)
    client.post(f"/inspection/plans/{plan.pk}/schedule/")
    visit = Inspection.objects.first()
    own = make_account(Role.INSPECTOR, visit.section.department_code, name="本单位人")
    other = make_account(Role.INSPECTOR)
    refused = client.post(f"/inspection/{visit.pk}/assign/", {"inspectors": [own.pk, other.pk]})

    assert "应当回避" in text_of(refused)
    assert Inspection.objects.count() == 10
    assert not visit.inspectors.exists()


def test_the_proof_is_not_public_before_the_plan_is_finished(client):
    plan = make_plan(make_bare_round(state=RoundState.PUBLISHED))

    assert client.get(f"/inspection/proof/{plan.pk}/").status_code == 404
