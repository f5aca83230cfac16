"""The lists shown as tables take a fixed number of queries, however many rows they have."""

from datetime import date

import pytest

from accountability.inspections.models import Order
from accountability.inspections.rules import InspectionState
from accountability.leads.models import Lead
from accountability.objections.models import Objection
from accountability.promotion_freezes.models import PromotionFreeze
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from tests.accountability.factories import (
    LATER,
    NOON,
    TODAY,
    make_account,
    make_bare_round,
    make_case,
    make_inspection,
    make_plan,
    make_published_round,
)
from tests.pages import page_in

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("rows", [1, 6])]
SHOWN = "D01局第D01-01科"


@pytest.fixture
def sections(rows):
    """The listed sections of a published round, as many as there are to be rows."""
    round_ = make_bare_round(state=RoundState.PUBLISHED)
    return [make_case(round_, f"D{n:02}-01").result.section for n in range(1, rows + 1)]


def visits_to(sections, inspectors=None, **fields):
    plan = make_plan(sections[0].round)
    return [make_inspection(section, plan=plan, inspectors=inspectors, **fields) for section in sections]


def test_inspection_plans(client, sections):
    for n, section in enumerate(sections, 1):
        make_plan(section.round, name=f"第{n}次暗访")
    client.force_login(make_account(Role.CHIEF))

    page_in(client, "/inspection/plans/", queries=6, shows="第1次暗访")


def test_a_plans_visits(client, sections):
    plan = visits_to(sections)[0].plan
    client.force_login(make_account(Role.CHIEF))

    page_in(client, f"/inspection/plans/{plan.pk}/", queries=12, shows=SHOWN)


def test_an_inspectors_own_visits(client, sections):
    inspectors = [make_account(Role.INSPECTOR), make_account(Role.INSPECTOR)]
    visits_to(sections, inspectors)
    client.force_login(inspectors[0])

    page_in(client, "/inspection/", queries=4, shows=SHOWN)


def test_orders(client, sections):
    chief = make_account(Role.CHIEF)
    for visit in visits_to(sections, state=InspectionState.APPROVED):
        facts = {"demand": "改进态度", "due_on": date(2020, 8, 10), "issued_by": chief, "issued_at": LATER}
        Order.objects.create(inspection=visit, **facts)
    client.force_login(chief)

    page_in(client, "/work/orders/", queries=5, shows=SHOWN)


def test_objections(client, sections):
    for section in sections:
        Objection.objects.create(
            round=section.round,
            section=section,
            stage="appeal",
            ground="wrong_section",
            facts="该窗口不属于本科室",
            filed_by=make_account(Role.LIAISON, section.department_code),
            filed_at=NOON,
            due_on=TODAY,
        )
    client.force_login(make_account(Role.CHIEF))

    page_in(client, "/work/objections/", queries=3, shows=SHOWN)


def test_leads(client, sections):
    for section in sections:
        Lead.objects.create(section=section, facts="有人收红包", received_at=LATER)
    client.force_login(make_account(Role.COMMISSION))

    page_in(client, "/work/leads/", queries=3, shows=SHOWN)


def test_freezes(client, sections):
    for section in sections:
        facts = {"person_name": "孙科长", "post": "负责人", "starts_on": TODAY, "ends_on": date(2099, 1, 1)}
        PromotionFreeze.objects.create(case=section.result.case, **facts)
    client.force_login(make_account(Role.PERSONNEL))

    page_in(client, "/personnel/", queries=4, shows="孙科长")


def test_the_years_assessment(client, rows):
    make_published_round(places=rows)
    client.force_login(make_account(Role.PERSONNEL))

    page_in(client, "/personnel/assessment/2020/", queries=10, shows="第D01-01科")


def test_all_places(client, rows):
    make_published_round(places=rows)
    client.force_login(make_account(Role.PERSONNEL))

    page_in(client, "/personnel/places/", queries=4, shows="第D01-01科")
