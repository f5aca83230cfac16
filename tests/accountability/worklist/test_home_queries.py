"""The home page: at most 15 queries for every role and any number of rows, and links that open."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accountability.citizens.services import suggest_section
from accountability.leads.models import Lead
from accountability.worklist.queries.items import work_items_of
from evaluations.personal_data.models import DataRequest, Wish
from evaluations.pools.models import PoolNotice, PoolObjection
from evaluations.rounds.models import Round, RoundSection
from evaluations.rounds.rules.lifecycle import RoundState
from nanchuan_eval.permissions.policy import Role
from nanchuan_eval.users.models import ACCOUNT_ROLES
from tests.accountability.factories import NOON, make_account, make_counted_round, make_inspection, make_published_round
from tests.factories import make_round

pytestmark = pytest.mark.django_db
MOST = 15
ACCOUNTS = [Role(role) for role, _ in ACCOUNT_ROLES]


def make_work(rows):
    """Make what waits in so many rows: cases, visits, leads, suggestions, requests, objections, accounts, rounds."""
    make_published_round(places=min(rows, 20))
    section = RoundSection.objects.first()
    leading = make_counted_round("2020H2", RoundState.REVIEW, period_start=date(2020, 7, 1))
    pool = PoolNotice.objects.create(
        round=make_round(state=RoundState.FROZEN), kind="evaluators", announced_at=NOON, objections_until=NOON.date()
    )
    for number in range(rows):
        suggest_section(unit="区税务局", section=f"第{number}科", reason="常去", at=NOON)
        Lead.objects.create(section=section, facts="线索", received_at=NOON)
        PoolObjection.objects.create(notice=pool, content="名单有误", received_at=NOON)
        DataRequest.objects.create(
            reference=f"GR{number}", wish=Wish.VIEW, phone_hash=str(number), received_at=NOON, due_on=NOON.date()
        )
        make_account("", name=f"新人{number}")
        make_round(state=RoundState.DRAFT)
        make_inspection(section)
    return leading


def account(role):
    return make_account(role, "D01" if role == Role.LIAISON else "")


@pytest.mark.parametrize("two", [True, False])
def test_the_home_page_takes_few_queries_for_every_role_and_any_number_of_rows(client, settings, two):
    counts = {}
    for rows in (1, 30):
        settings.TWO_PERSON_RULE = False
        Round.objects.filter(key="2020H2").update(key=f"2020H2-{rows}")
        make_work(rows) if rows == 1 else make_more(rows)
        settings.TWO_PERSON_RULE = two
        for role in ACCOUNTS:
            client.force_login(account(role))
            client.get("/home/")
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/home/").status_code == 200
            counts[role, rows] = len(queries)

    assert {role: count for (role, _), count in counts.items() if count > MOST} == {}
    assert {role for role in ACCOUNTS if counts[role, 1] != counts[role, 30]} == set()


def make_more(rows):
    """Make more rows of what is there already."""
    section = RoundSection.objects.first()
    pool = PoolNotice.objects.get()
    for number in range(rows):
        suggest_section(unit="区税务局", section=f"又{number}科", reason="常去", at=NOON)
        Lead.objects.create(section=section, facts="线索", received_at=NOON)
        PoolObjection.objects.create(notice=pool, content="名单有误", received_at=NOON)
        DataRequest.objects.create(
            reference=f"CX{number}", wish=Wish.VIEW, phone_hash=f"x{number}", received_at=NOON, due_on=NOON.date()
        )
        make_account("", name=f"又一人{number}")
        make_round(state=RoundState.DRAFT)
        make_inspection(section)


@pytest.mark.parametrize("two", [True, False])
def test_every_link_of_a_work_list_opens_for_whoever_has_it(client, settings, two):
    make_work(1)
    settings.TWO_PERSON_RULE = two

    closed = {}
    for role in ACCOUNTS:
        user = account(role)
        client.force_login(user)
        items = work_items_of(user, at=timezone.now())
        answers = {item.key: client.get(item.address, follow=True).status_code for item in items}
        closed |= {(role, key): status for key, status in answers.items() if status != 200}

    assert closed == {}


def test_the_office_is_told_of_the_notice_and_the_commission_is_not():
    make_published_round(places=1)

    def kinds(role):
        return " ".join(item.what for item in work_items_of(make_account(role), date(2020, 7, 12)))

    assert "公示曝光" in kinds(Role.CHIEF)
    assert "公示曝光" not in kinds(Role.COMMISSION)


def test_what_waits_is_due_in_the_order_of_its_deadlines():
    make_work(1)

    dues = [item.due_on for item in work_items_of(make_account(Role.CHIEF)) if item.due_on]

    assert dues == sorted(dues)
    assert timezone.localdate() - dues[0] > timedelta(0)
